/* The two faces of `afmon show`: what it found, for people and as JSON. */
#ifndef AFMON_CLI_SHOW_H
#define AFMON_CLI_SHOW_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* All that is shown. */
struct show_facts {
    const char *folder;
    afmon_view *view;
    afmon_view_info info;
    double window_s; /* AFMON_ALL_TIME: the whole run */
    afmon_window window;
    afmon_run_summary *summary; /* of the window */
    afmon_live_plan plan;       /* of a run that goes on; not known: all zero */
};

/* Both return an exit status, after a message where something failed. */
int show_table(const struct show_facts *facts);
int show_json(const struct show_facts *facts);

/* The funnel of the items that the run tells of, and why some were not accepted. */
bool show_tells_items(const afmon_run_summary *summary);
bool show_items(const cli_screen *screen, const afmon_run_summary *summary);

/* What the run cost, where prices were given: in all, of accepted items, for nothing. */
void show_cost(const cli_screen *screen, const afmon_run_summary *summary);

/* Failures, and an example of the most frequent ones. */
bool show_failures(const cli_screen *screen, const afmon_run_summary *summary);

#endif
