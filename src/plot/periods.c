/* The periods of a run in which an alert about successes or errors held. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/status.h"
#include "catalog/metrics.h"
#include "model/view_alerts.h"
#include "plot/chart.h"

static int by_start(const void *a, const void *b)
{
    int64_t x = ((const struct afmon_period *)a)->first_us;
    int64_t y = ((const struct afmon_period *)b)->first_us;
    return (x > y) - (x < y);
}

/* Those that overlap become one. */
static void unite(struct afmon_chart_job *job)
{
    size_t kept = 0;
    if (job->period_count > 1)
        qsort(job->periods, job->period_count, sizeof *job->periods, by_start);
    for (size_t i = 0; i < job->period_count; i++) {
        struct afmon_period *last = kept == 0 ? NULL : &job->periods[kept - 1];
        if (last == NULL || job->periods[i].first_us > last->last_us)
            job->periods[kept++] = job->periods[i];
        else if (job->periods[i].last_us > last->last_us)
            last->last_us = job->periods[i].last_us;
    }
    job->period_count = kept;
}

static bool is_of_rates(const afmon_alert_interval *interval)
{
    enum afmon_metric_id id = afmon_metric_find(interval->metric, strlen(interval->metric), NULL);
    return id == AFMON_METRIC_SUCCESS || id == AFMON_METRIC_ERROR;
}

/* From the first pass in which it held to the one in which it did not; a pass that is the only one stands for the time
 * before it. */
static struct afmon_period period_of(const afmon_run_summary *summary, const afmon_alert_interval *interval)
{
    int64_t first_us = interval->first_ns / 1000;
    int64_t held_us = afmon_seconds_to_ns(interval->held_s) / 1000;
    int64_t before_us = afmon_seconds_to_ns(fmin(summary->alert_period_s, summary->duration_s)) / 1000;
    if (held_us > 0 && !__builtin_add_overflow(first_us, held_us, &held_us))
        return (struct afmon_period){first_us, held_us};
    return (struct afmon_period){first_us - before_us, first_us};
}

static afmon_status take(struct afmon_chart_job *job, const afmon_run_summary *summary)
{
    job->periods = calloc(summary->alert_count + 1, sizeof *job->periods);
    if (job->periods == NULL)
        return afmon_fail_memory(job->error);
    for (size_t i = 0; i < summary->alert_count; i++)
        if (is_of_rates(&summary->alerts[i]))
            job->periods[job->period_count++] = period_of(summary, &summary->alerts[i]);
    unite(job);
    return AFMON_OK;
}

afmon_status afmon_alert_periods(struct afmon_chart_job *job)
{
    afmon_run_summary *made = NULL;
    const afmon_run_summary *summary = job->options->summary;
    afmon_status status = AFMON_OK;
    if (summary == NULL) {
        status = afmon_view_alerts_of_rates(job->view, &made, job->error);
        summary = made;
    }
    if (status == AFMON_OK)
        status = take(job, summary);
    afmon_run_summary_free(made);
    return status;
}
