/* The two faces of `afmon show`: what it found, for people and as JSON. */
#ifndef AFMON_CLI_SHOW_H
#define AFMON_CLI_SHOW_H

#include <afmon/afmon.h>

#include "cli/cli.h"

struct show_metric {
    const char *name; /* owned by the view */
    size_t length;
    afmon_aggregate aggregate;
};

/* All that is shown. */
struct show_facts {
    const char *folder;
    afmon_view *view;
    afmon_view_info info;
    double window_s; /* AFMON_ALL_TIME: the whole run */
    double interval_s;
    afmon_window window;
    struct show_metric *metrics; /* those with samples in the window, in order of their names */
    size_t metric_count;
    size_t left_out; /* metrics whose name holds a NUL byte: the library cannot be asked for them */
    afmon_token_usage usage;
    afmon_alert_span alerts[AFMON_ALERT_RULES];
    size_t alert_count;
};

/* Both return an exit status, after a message where something failed. */
int show_table(const struct show_facts *facts);
int show_json(const struct show_facts *facts);

#endif
