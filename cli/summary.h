/* What is printed when a generation has ended. */
#ifndef AFMON_CLI_SUMMARY_H
#define AFMON_CLI_SUMMARY_H

#include <stdbool.h>

#include <afmon/afmon.h>

#include "cli/alert_board.h"
#include "cli/cli.h"
#include "generators/run.h"

typedef struct summary_facts {
    gen_run_counts counts;
    double elapsed_s;
    bool interrupted;
    const char *problem;          /* why the run ended before its time; "": it did not */
    const char *last_failure;     /* why the conversation failed that failed last; "": none did */
    const char *dataset;          /* path; NULL: none */
    bool prices_invented;         /* which is said */
    const afmon_budget *budget;   /* NULL: the run has no limit of what it may cost */
    const afmon_options *monitor; /* what the run was watched with */
    alert_board *board;
    void (*finish)(afmon_monitor *monitor); /* makes further files and prints where they are; NULL */
    afmon_close_report report;
} summary_facts;

/* Prints what became of the run, its figures, tokens, errors and alerts, where the files lie, and what to try next. The
 * monitor was shut down, and is still open. */
void summary_print(afmon_monitor *monitor, const summary_facts *facts);

/* The same from the figures on, for what made no items of its own: counts is not looked at. */
void summary_print_figures(const cli_screen *screen, afmon_monitor *monitor, const summary_facts *facts);

#endif
