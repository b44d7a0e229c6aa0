/* The run folder's name. */
#ifndef AFMON_MONITOR_LOG_DIR_H
#define AFMON_MONITOR_LOG_DIR_H

#include <afmon/afmon.h>

/* Makes the folder `wanted` with its parents, or, where that is NULL, a new one named after the local time. *path is
 * malloc'ed. */
afmon_status afmon_log_dir_make(char **path, const char *wanted, afmon_error *error);

#endif
