/* The two halves of `afmon check`: the built-in rules (check.c), and those of a file (check_rules.c). */
#ifndef AFMON_CLI_CHECK_H
#define AFMON_CLI_CHECK_H

#include <stdbool.h>

#include <afmon/afmon.h>

typedef struct check_request {
    afmon_alert_limits limits;
    double interval_s;
    const char *rules_file; /* NULL: the built-in rules alone */
    bool as_json;
} check_request;

/* Judges rules, prints what came of it, and returns the exit status. */
int check_rules(afmon_view *view, const char *folder, const check_request *request, const afmon_rules *rules);

#endif
