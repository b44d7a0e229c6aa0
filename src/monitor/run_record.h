/* What a session says of itself in the log: the run record before its first line, the end behind its last one. They are
 * for readers of the run, not for log handlers. */
#ifndef AFMON_MONITOR_RUN_RECORD_H
#define AFMON_MONITOR_RUN_RECORD_H

#include "monitor/core.h"

/* Writes the run record where the session writes a log. Before the core's own thread, and before any ring. */
void afmon_run_record_begin(struct afmon_core *core);

/* Where the disk had no room for it: hands it over as a record like any other, which waits for room. */
void afmon_run_record_owed(struct afmon_core *core);

/* Writes the end. All that was recorded has landed, the core's own thread is no more, and its report is filled. */
void afmon_run_record_end(struct afmon_core *core);

#endif
