/* The run folder's name. */
#include "monitor/log_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"

#define DEFAULT_PARENT "./.afterimage-monitoring"
#define ATTEMPTS 10000

/* Makes a folder that was not there before, so that two monitors of one second do not share one. */
static afmon_status make_own(char **out, const char *stem, afmon_error *error)
{
    char path[128];
    for (int i = 1; i <= ATTEMPTS; i++) {
        if (i == 1)
            snprintf(path, sizeof path, "%s", stem);
        else
            snprintf(path, sizeof path, "%s-%d", stem, i);
        if (mkdir(path, 0777) == 0) {
            *out = strdup(path);
            return *out == NULL ? afmon_fail_memory(error) : AFMON_OK;
        }
        if (errno != EEXIST)
            return afmon_fail_os(error, errno, "cannot create the run folder %s", path);
    }
    return afmon_fail(error, AFMON_E_SYSTEM, "all names from %s to %s are taken: give log_dir", stem, path);
}

afmon_status afmon_log_dir_make(char **out, const char *wanted, afmon_error *error)
{
    *out = NULL;
    if (wanted != NULL && wanted[0] == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "log_dir is empty: give a path, or NULL for the default");
    afmon_status status = afmon_make_folders(wanted != NULL ? wanted : DEFAULT_PARENT, error);
    if (status != AFMON_OK)
        return status;
    if (wanted != NULL) {
        *out = strdup(wanted);
        return *out == NULL ? afmon_fail_memory(error) : AFMON_OK;
    }
    char stem[96];
    int64_t now = afmon_wall_ns() / AFMON_NS_PER_S;
    struct afmon_civil local = afmon_civil_from_seconds(now + afmon_local_offset_s(now));
    snprintf(stem, sizeof stem, DEFAULT_PARENT "/%04d-%02d-%02d-%02d-%02d-%02d", local.year, local.month, local.day,
             local.hour, local.minute, local.second);
    return make_own(out, stem, error);
}
