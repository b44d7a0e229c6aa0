/* Run folders: which there are, and removing one. Include <afmon/afmon.h>, which says what holds for all functions. */
#ifndef AFMON_RUNS_H
#define AFMON_RUNS_H

#include <afmon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A run folder, as far as that is known without reading its samples. */
typedef struct afmon_found_run {
    const char *folder;  /* its path: the folder that was searched, and its name in it */
    const char *name;    /* of the run, as its latest run record among the first 64 KiB of a log says; "": none */
    uint64_t bytes;      /* of its metrics files and logs */
    int64_t modified_ns; /* wall time of the last change to one of them */
    bool live;           /* some process writes into it, as far as its sessions tell */
} afmon_found_run;

typedef struct afmon_found_runs {
    size_t count;
    const afmon_found_run *runs; /* the one changed last first */
} afmon_found_runs;

/* Finds the runs in a folder: the folder itself where it is a run's, else those one level below; names that begin with
 * a point are passed over. A folder without any is no error; one that cannot be read is. *runs is the caller's: release
 * it with afmon_found_runs_free. Any thread. */
AFMON_API afmon_status afmon_runs_find(const char *folder, afmon_found_runs **runs, afmon_error *error);

/* NULL is fine. */
AFMON_API void afmon_found_runs_free(afmon_found_runs *runs);

/* Removes the files of a run that monitors, readers and charts made: metrics and logs, saved metrics, copies of prices,
 * the ledger, what is private in .afmon, charts under plots/ by their names; and the folders where nothing else is in
 * them. Anything else stays, and the folder with it: *left (may be NULL) is how many such entries there are. *bytes
 * (may be NULL) is what was freed. Symbolic links are never followed: one that has the name of such a file is left.
 *
 * AFMON_E_BUSY where a process writes into the run, and nothing is removed: sessions are made under the same lock that
 * this holds. AFMON_E_ARGUMENT where the folder holds no run. What afterimage writes without a session is not known to
 * be alive: ask how long ago it changed. Any thread. */
AFMON_API afmon_status afmon_run_remove(const char *folder, uint64_t *bytes, size_t *left, afmon_error *error);

#ifdef __cplusplus
}
#endif

#endif
