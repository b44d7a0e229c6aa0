/* What the parts of a run log share. */
#ifndef AFMON_MODEL_RUN_LOG_INTERNAL_H
#define AFMON_MODEL_RUN_LOG_INTERNAL_H

#include "model/run_log.h"

/* Members of a line's data; false where there is none of that kind. */
bool afmon_run_log_number(const afmon_live_log_line *line, const char *key, double *number);
bool afmon_run_log_count(const afmon_live_log_line *line, const char *key, uint64_t *count);
uint64_t afmon_run_log_session(const afmon_live_log_line *line); /* 0: none is told */

/* ---- intervals.c ---- */

/* A pass in which a rule held, or was resolved. */
afmon_status afmon_run_log_alert(struct afmon_run_log *log, const afmon_live_log_line *line);

#endif
