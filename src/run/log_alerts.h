/* What a run's log tells of the whole run: its alerts, and what was lost. */
#ifndef AFMON_RUN_LOG_ALERTS_H
#define AFMON_RUN_LOG_ALERTS_H

#include <afmon/afmon.h>

/* True where a line of afterimage.log is an alert's: message "Alert: ...", and data that begin with "alert". */
bool afmon_log_line_is_alert(const char *line, size_t length);

struct afmon_log_counts {
    size_t alerts;
    uint64_t dropped; /* samples and log records, as monitors wrote at their end */
};

/* The numbers of a line "Samples or log records were dropped", added up; 0 for every other line. */
uint64_t afmon_log_line_dropped(const char *line, size_t length);

/* Adds what one log file holds to *counts. progress as in afmon_lines, may be NULL. */
afmon_status afmon_count_log(const char *path, uint64_t size, int (*progress)(void *user, uint64_t bytes), void *user,
                             struct afmon_log_counts *counts, afmon_error *error);

#endif
