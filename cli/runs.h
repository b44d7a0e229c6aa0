/* afmon runs: the runs there are. */
#ifndef AFMON_CLI_RUNS_H
#define AFMON_CLI_RUNS_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* A run of the list, with what it came to. */
typedef struct listed_run {
    const afmon_found_run *found;
    afmon_run_summary *summary; /* NULL: it could not be read, and problem says why */
    char problem[sizeof((afmon_error *)0)->message];
} listed_run;

/* The runs of several folders, the one changed last first. */
typedef struct run_list {
    afmon_found_runs **places;
    size_t place_count;
    const afmon_found_run **runs;
    size_t count;
} run_list;

/* Those of a folder; NULL: of the places where runs are looked for when none is named. false after a message.
 * (runs_read.c) */
bool run_list_find(const char *folder, run_list *list);
void run_list_free(run_list *list);

/* What a run came to. Release the summary. (runs_read.c) */
void runs_read(const afmon_found_run *found, listed_run *run);

/* What `--prune` removes. */
typedef struct prune_wish {
    double older_than_s; /* runs that nothing was written into for so long */
    int64_t keep;        /* so many of the newest stay, whatever their age */
    bool yes;            /* do not ask */
} prune_wish;

/* Asks, then removes. Returns an exit status. (runs_prune.c) */
int runs_prune(const run_list *list, const prune_wish *wish);

#endif
