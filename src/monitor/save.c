/* afmon_save_metrics: all samples in one JSON file, whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/status.h"
#include "monitor/core.h"
#include "store/view.h"

#define ATTEMPTS 1000

/* A name that no file has: a second save in the same second gets "_2". */
static afmon_status choose_path(const afmon_monitor *monitor, char *path, size_t size, afmon_error *error)
{
    int64_t now = afmon_wall_ns() / AFMON_NS_PER_S;
    struct afmon_civil local = afmon_civil_from_seconds(now + afmon_local_offset_s(now));
    char stamp[96];
    snprintf(stamp, sizeof stamp, "%04d%02d%02d_%02d%02d%02d", local.year, local.month, local.day, local.hour,
             local.minute, local.second);
    for (int i = 1; i <= ATTEMPTS; i++) {
        char suffix[16] = "";
        if (i > 1)
            snprintf(suffix, sizeof suffix, "_%d", i);
        int length = snprintf(path, size, "%s/metrics_%s%s.json", monitor->log_dir, stamp, suffix);
        if (length < 0 || (size_t)length >= size)
            return afmon_fail(error, AFMON_E_ARGUMENT, "the path of the saved metrics does not fit into %zu bytes",
                              size);
        if (access(path, F_OK) != 0)
            return AFMON_OK;
    }
    return afmon_fail(error, AFMON_E_SYSTEM, "%s exists, and so do all names like it", path);
}

static afmon_status write_file(afmon_view *view, const char *path, afmon_error *error)
{
    int fd = afmon_fd_above_standard(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd < 0)
        return afmon_fail_os(error, errno, "cannot create %s", path);
    afmon_status status = afmon_view_write_json(view, fd, NULL, error);
    if (status == AFMON_OK && fsync(fd) != 0 && errno != EINVAL)
        status = afmon_fail_os(error, errno, "cannot write %s", path);
    if (close(fd) != 0 && status == AFMON_OK)
        status = afmon_fail_os(error, errno, "cannot write %s", path);
    return status;
}

afmon_status afmon_save_metrics(afmon_monitor *monitor, char *path, size_t size, afmon_error *error)
{
    if (monitor == NULL || path == NULL || size == 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "save: give a monitor and room for the path");
    afmon_view *view;
    afmon_status status = choose_path(monitor, path, size, error);
    if (status == AFMON_OK)
        status = afmon_monitor_view(monitor, &view, error);
    if (status != AFMON_OK)
        return status;
    char temporary[4200];
    int length = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary)
        status = afmon_fail(error, AFMON_E_ARGUMENT, "the path of the run folder is too long");
    if (status == AFMON_OK) {
        struct afmon_quiet quiet;
        afmon_quiet_begin(&quiet);
        status = write_file(view, temporary, error);
        afmon_quiet_end(&quiet);
        if (status == AFMON_OK && rename(temporary, path) != 0)
            status = afmon_fail_os(error, errno, "cannot rename %s", temporary);
        if (status != AFMON_OK)
            unlink(temporary);
    }
    afmon_view_close(view);
    return status;
}
