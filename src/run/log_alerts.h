/* The alerts that a run's log holds. */
#ifndef AFMON_RUN_LOG_ALERTS_H
#define AFMON_RUN_LOG_ALERTS_H

#include <afmon/afmon.h>

/* True where a line of afterimage.log is an alert's: message "Alert: ...", and data that begin with "alert". */
bool afmon_log_line_is_alert(const char *line, size_t length);

/* Adds the alerts of one log file to *count. progress as in afmon_lines, may be NULL. */
afmon_status afmon_count_log_alerts(const char *path, uint64_t size, int (*progress)(void *user, uint64_t bytes),
                                    void *user, size_t *count, afmon_error *error);

#endif
