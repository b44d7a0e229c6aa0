/* JSON: metric name to list of samples, as afmon_save_metrics writes it. */
#include <unistd.h>

#include "base/status.h"
#include "base/target.h"
#include "export/format.h"

static bool wants(void *user, const struct afmon_view_series *series)
{
    return afmon_export_takes(user, series);
}

static afmon_status tick(void *user, uint64_t samples)
{
    return afmon_export_tick(user, samples);
}

static afmon_status to_descriptor(struct afmon_export_job *job, int fd)
{
    struct afmon_json_choice choice = {.window = job->options->window, .wants = wants, .tick = tick, .user = job};
    return afmon_view_write_json(job->view, fd, &choice, job->error);
}

/* Whoever writes to a descriptor does not know its name. */
static afmon_status name_the_file(struct afmon_export_job *job, const char *path, afmon_status status)
{
    if (status == AFMON_E_SYSTEM && job->error != NULL && job->error->os_error != 0)
        return afmon_fail_os(job->error, job->error->os_error, "writing %s", path);
    return status;
}

static afmon_status to_path(struct afmon_export_job *job, const char *path)
{
    struct afmon_target target = {0};
    afmon_status status = afmon_target_begin(&target, path, job->error);
    int fd = status == AFMON_OK ? afmon_target_open(&target, job->error) : -1;
    if (status == AFMON_OK)
        status = fd >= 0 ? name_the_file(job, path, to_descriptor(job, fd)) : AFMON_E_SYSTEM;
    if (fd >= 0)
        close(fd);
    if (status == AFMON_OK)
        status = afmon_target_finish(&target, job->error);
    afmon_target_drop(&target);
    return status;
}

const struct afmon_export_format afmon_export_json = {
    .name = "json", .passes = 1, .to_path = to_path, .to_descriptor = to_descriptor};
