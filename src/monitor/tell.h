/* What the core's own thread has to say of trouble: in the log, to the log handlers, and as the last error. */
#ifndef AFMON_MONITOR_TELL_H
#define AFMON_MONITOR_TELL_H

#include "monitor/core.h"

/* The files cannot be written (errno), or can be written again. Told once each. */
void afmon_tell_stall(struct afmon_core *core, int failure);
void afmon_tell_stall_end(struct afmon_core *core);

/* What afmon_core_look_at_files found. */
void afmon_tell_changes(struct afmon_core *core, const struct afmon_file_changes *changes);

/* Queues whose files could not be made or were cut off, and children that are not counted. */
void afmon_tell_others(struct afmon_core *core);

/* That what this process makes stands still (model/standstill.h), once, and that it goes on. */
void afmon_tell_standstill(struct afmon_core *core);

#endif
