/* The two halves of `afmon check`: the run's own alerts (check.c), and rules that are replayed (check_rules.c). */
#ifndef AFMON_CLI_CHECK_H
#define AFMON_CLI_CHECK_H

#include <stdbool.h>

#include <afmon/afmon.h>

enum { CHECK_IGNORED = 64 };

typedef struct check_request {
    afmon_alert_limits limits;
    double interval_s;
    const char *rules_file; /* NULL: the built-in rules alone */
    bool replay;            /* these, in place of the run's own alerts */
    afmon_level fail_on;
    const char *ignored[CHECK_IGNORED]; /* names of rules */
    size_t ignored_count;
    bool as_json;
} check_request;

/* Whether an alert counts for the exit status. */
bool check_counts(const check_request *request, const char *name, afmon_level level);

/* Judges rules, prints what came of it, and returns the exit status. */
int check_rules(afmon_view *view, const char *folder, const check_request *request, const afmon_rules *rules);

#endif
