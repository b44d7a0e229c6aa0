/* A monitored generation from beginning to end: signals, monitor, live display, summary. `afmon demo` and `afmon
 * generate` differ in what they put in. */
#ifndef AFMON_CLI_SESSION_H
#define AFMON_CLI_SESSION_H

#include <stdbool.h>

#include <afmon/afmon.h>

#include "generators/run.h"

typedef struct session {
    const char *title;     /* shown over the display: "afmon demo · simulated model, seed 42" */
    afmon_options monitor; /* session_run puts an alert handler of its own before the others (at most 3) */
    gen_run_options run;   /* plan.monitor is set by session_run; plan.stop is the caller's */
    double stop_timeout_s; /* after Ctrl-C: how long calls in flight may take */
    bool prices_invented;
    const char *dataset;     /* path of the data set, for the summary; NULL: none */
    bool failures_expected;  /* failed conversations are part of the show, and do not change the exit status */
    const char *description; /* logged as the run's beginning */
    const char *model;       /* logged with it */
    void (*finish)(
        afmon_monitor *monitor); /* makes further files and prints where they are, among the summary's; NULL */
} session;

/* Runs it, shows it and sums it up. Returns the exit status: CLI_OK all done, CLI_FAILED some conversations failed or
 * the run could not go on, CLI_STOPPED where max_cost_usd ended it, CLI_INTERRUPTED after Ctrl-C. A second Ctrl-C ends
 * the process at once with that status. Before any thread is started: SIGINT, SIGTERM and SIGHUP from then on reach it
 * alone, and SIGPIPE nobody. */
int session_run(session *s);

#endif
