/* A line of progress of a monitor's run, by a thread of its own. It follows the run's files, as every screen does, so
 * that it tells what these tell, of all processes, and costs those that record nothing. */
#ifndef AFMON_MONITOR_PROGRESS_H
#define AFMON_MONITOR_PROGRESS_H

#include <afmon/afmon.h>

struct afmon_progress_thread;

/* Starts it; *progress is NULL where there is nobody to draw for (no terminal). */
afmon_status afmon_progress_thread_start(const char *folder, afmon_progress_kind kind,
                                         struct afmon_progress_thread **progress, afmon_error *error);

/* Says how the run ended, and ends; nothing in a forked child, whose parent it belongs to. NULL is fine. */
void afmon_progress_thread_stop(struct afmon_progress_thread *progress);

/* After the stop, when nobody asks any more. */
void afmon_progress_thread_free(struct afmon_progress_thread *progress);

/* The line as it is now; "" in a forked child, and where there is none. */
void afmon_progress_thread_text(struct afmon_progress_thread *progress, char *line, size_t size);

#endif
