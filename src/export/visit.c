/* Going through the samples of an export, whatever its format. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "export/format.h"

#define TICK ((uint64_t)1 << 14)
#define LEARNING_PASSES 2 /* of a format that learns: one for the keys, one for the rows */

afmon_status afmon_export_tick(struct afmon_export_job *job, uint64_t samples)
{
    uint64_t before = job->done;
    job->done += samples;
    if (before / TICK == job->done / TICK || job->options->progress == NULL)
        return AFMON_OK;
    uint64_t done = job->done < job->total ? job->done : job->total;
    if (job->options->progress(job->options->user, done, job->total) == 0)
        return AFMON_OK;
    return afmon_fail(job->error, AFMON_E_CANCELLED, "cancelled");
}

bool afmon_export_takes(const struct afmon_export_job *job, const struct afmon_view_series *series)
{
    return job->place[series - job->view->series] != UINT32_MAX;
}

char **afmon_export_names(const struct afmon_export_job *job, const struct afmon_name_rules *rules)
{
    struct afmon_raw_name *raw = calloc(job->series_count + 1, sizeof *raw);
    for (size_t i = 0; raw != NULL && i < job->series_count; i++)
        raw[i] = (struct afmon_raw_name){job->series[i]->series->name, job->series[i]->series->name_length};
    char **names = raw == NULL ? NULL : afmon_safe_names(raw, job->series_count, rules);
    free(raw);
    if (names == NULL)
        afmon_fail_memory(job->error);
    return names;
}

struct visiting {
    struct afmon_export_job *job;
    afmon_status (*visit)(void *user, size_t place, const afmon_sample *sample);
    void *user;
    afmon_status status;
};

static int give(void *user, const struct afmon_view_series *series, const afmon_sample *sample)
{
    struct visiting *visiting = user;
    struct afmon_export_job *job = visiting->job;
    size_t place = job->place[series - job->view->series];
    visiting->status = afmon_export_tick(job, 1);
    if (visiting->status == AFMON_OK)
        visiting->status = visiting->visit(visiting->user, place, sample);
    return visiting->status != AFMON_OK;
}

static bool wants(void *user, const struct afmon_view_series *series)
{
    const struct visiting *visiting = user;
    return afmon_export_takes(visiting->job, series);
}

afmon_status afmon_export_each(struct afmon_export_job *job,
                               afmon_status (*visit)(void *user, size_t place, const afmon_sample *sample), void *user)
{
    struct visiting visiting = {.job = job, .visit = visit, .user = user};
    afmon_status status = afmon_view_each_series(job->view, job->options->window, wants, give, &visiting, job->error);
    return visiting.status != AFMON_OK ? visiting.status : status;
}

afmon_status afmon_export_learn(struct afmon_export_job *job,
                                afmon_status (*visit)(void *user, size_t place, const afmon_sample *sample), void *user)
{
    struct visiting visiting = {.job = job, .visit = visit, .user = user};
    uint64_t whole = job->total / LEARNING_PASSES;
    afmon_status status = afmon_view_each_set(job->view, job->options->window, wants, give, &visiting, job->error);
    if (visiting.status != AFMON_OK || status != AFMON_OK)
        return visiting.status != AFMON_OK ? visiting.status : status;
    return job->done < whole ? afmon_export_tick(job, whole - job->done) : AFMON_OK;
}
