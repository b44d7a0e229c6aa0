/* From the view to what is drawn: series, their slices of time or bars, in one pass for all charts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "plot/chart.h"

#define SECOND_US INT64_C(1000000)

static bool make_slices(struct afmon_chart_job *job)
{
    job->points = malloc(AFMON_SLICES * sizeof *job->points);
    job->places = malloc(2 * AFMON_SLICES * sizeof *job->places);
    for (unsigned i = 0; i < job->track_count; i++) {
        job->tracks[i].slices = malloc(sizeof *job->tracks[i].slices);
        if (job->tracks[i].slices == NULL)
            return false;
        afmon_slices_begin(job->tracks[i].slices, job->first_us, job->last_us);
    }
    return job->points != NULL && job->places != NULL;
}

/* A single moment gets a second on both sides, so that there is an axis. */
static void widen_moment(struct afmon_chart_job *job)
{
    job->data_first_us = job->first_us;
    job->data_last_us = job->last_us;
    if (job->first_us < job->last_us)
        return;
    job->first_us -= job->first_us > INT64_MIN + SECOND_US ? SECOND_US : 0;
    job->last_us += job->last_us < INT64_MAX - SECOND_US ? SECOND_US : 0;
}

afmon_status afmon_chart_begin(struct afmon_chart_job *job)
{
    afmon_status status = job->kind->choose(job);
    if (status != AFMON_OK)
        return status;
    if (job->track_count == 0)
        return afmon_fail(job->error, AFMON_E_NO_DATA, "no samples for %s", job->kind->name);
    widen_moment(job);
    if (!job->kind->is_distribution && !make_slices(job))
        return afmon_fail_memory(job->error);
    return AFMON_OK;
}

void afmon_chart_end(struct afmon_chart_job *job)
{
    for (unsigned i = 0; i < job->track_count; i++)
        free(job->tracks[i].slices);
    free(job->points);
    free(job->places);
    free(job->scatter.hits);
    free(job->periods);
}

/* ---- The pass ---- */

struct pass {
    struct afmon_chart_job *jobs;
    size_t count;
};

static bool wants(void *user, const struct afmon_view_series *series)
{
    const struct pass *pass = user;
    for (size_t i = 0; i < pass->count; i++) {
        for (unsigned j = 0; j < pass->jobs[i].track_count; j++) {
            if (pass->jobs[i].tracks[j].series == series)
                return true;
        }
    }
    return false;
}

static void take(struct afmon_chart_job *job, struct afmon_track *track, const struct afmon_block *block)
{
    if (job->kind->is_distribution) {
        for (size_t i = 0; i < block->count; i++)
            afmon_bars_add(&job->bars, block->values[i]);
        return;
    }
    for (size_t i = 0; i < block->count; i++)
        afmon_slices_add(track->slices, block->base_us + block->offsets[i], afmon_track_value(track, block->values[i]));
}

static afmon_status take_block(void *user, const struct afmon_block *block)
{
    struct pass *pass = user;
    for (size_t i = 0; i < pass->count; i++) {
        for (unsigned j = 0; j < pass->jobs[i].track_count; j++) {
            if (pass->jobs[i].tracks[j].series == block->series)
                take(&pass->jobs[i], &pass->jobs[i].tracks[j], block);
        }
    }
    return AFMON_OK;
}

afmon_status afmon_charts_gather(struct afmon_chart_job *jobs, size_t count)
{
    struct pass pass = {jobs, count};
    return count == 0
               ? AFMON_OK
               : afmon_view_each_block(jobs[0].view, jobs[0].options->window, wants, take_block, &pass, jobs[0].error);
}

static uint64_t finite_count(const struct afmon_chart_job *job)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < job->track_count; i++)
        count += job->tracks[i].slices->count;
    return count;
}

afmon_status afmon_chart_complete(struct afmon_chart_job *job)
{
    if (job->kind->is_distribution)
        return AFMON_OK;
    afmon_status gathered = job->kind->gather != NULL ? job->kind->gather(job) : AFMON_OK;
    if (gathered != AFMON_OK)
        return gathered;
    if (finite_count(job) == 0)
        return afmon_fail(job->error, AFMON_E_NO_DATA, "no finite value for %s",
                          job->metric == NULL ? job->kind->name : job->metric);
    uint64_t most = 0;
    for (unsigned i = 0; i < job->track_count; i++)
        most = job->tracks[i].slices->count > most ? job->tracks[i].slices->count : most;
    job->window = afmon_rolling_window(job->options->rolling_window, most);
    afmon_status status = job->kind->has_alerts ? afmon_alert_periods(job) : AFMON_OK;
    return status == AFMON_OK && job->kind->has_scatter ? afmon_scatter_gather(job) : status;
}
