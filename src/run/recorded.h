/* All files of a run that is to be read: after what killed processes left was put into them, or with it beside them. */
#ifndef AFMON_RUN_RECORDED_H
#define AFMON_RUN_RECORDED_H

#include "ingest/recover.h"
#include "model/run_log.h"
#include "run/folder.h"
#include "store/source.h"

struct afmon_recorded {
    struct afmon_recovery recovery;
    struct afmon_run_listing metrics;
    struct afmon_run_listing logs;
    struct afmon_left left; /* of a folder that cannot be written */
};

/* *files is to be freed whatever this returns. */
afmon_status afmon_recorded_open(const char *folder, struct afmon_recorded *files, afmon_error *error);
void afmon_recorded_free(struct afmon_recorded *files);

/* AFMON_E_NO_DATA, and why, where the folder holds no run. */
afmon_status afmon_recorded_is_a_run(const struct afmon_recorded *files, const char *folder, afmon_error *error);

/* Where the samples of a metrics file stand. The text behind its end is the caller's then, the path is not. */
struct afmon_source afmon_recorded_source(struct afmon_recorded *files, const struct afmon_run_file *file);

/* Takes the lines of the number'th log, and what is left for it. progress as in afmon_run_log_file. */
afmon_status afmon_recorded_read_log(const struct afmon_recorded *files, size_t number, struct afmon_run_log *log,
                                     int (*progress)(void *user, uint64_t bytes), void *user, afmon_error *error);

#endif
