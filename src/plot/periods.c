/* The periods of a run in which an alert about successes or errors held. */
#include <stdlib.h>
#include <string.h>

#include "alerts/replay.h"
#include "alerts/rules.h"
#include "base/clamp.h"
#include "base/clock.h"
#include "base/status.h"
#include "catalog/metrics.h"
#include "plot/chart.h"

#define RULES 2

struct periods {
    struct afmon_chart_job *job;
    int64_t interval_us;
    size_t open[RULES]; /* by rule: the period that may go on, + 1 */
};

/* A pass stands for the time since the one before. */
static int take_pass(void *user, const struct afmon_replay_pass *pass)
{
    struct periods *periods = user;
    struct afmon_chart_job *job = periods->job;
    size_t *open = &periods->open[pass->rule];
    int64_t time_us = pass->time_ns / 1000;
    if (!pass->step.fires) {
        *open = 0;
        return 0;
    }
    if (*open == 0 && job->period_count < AFMON_PERIODS_MOST) {
        double long_us = (double)periods->interval_us * ((double)pass->repeated + 1);
        job->periods[job->period_count] =
            (struct afmon_period){afmon_clamp_sub(time_us, afmon_clamp_i64(long_us)), time_us};
        *open = ++job->period_count;
    }
    if (*open > 0)
        job->periods[*open - 1].last_us = time_us;
    return 0;
}

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

/* The built-in rules of the two rates. Returns how many. */
static size_t rules_of_rates(const afmon_alert_limits *limits, afmon_alert_rule rules[RULES])
{
    size_t count = 0;
    for (size_t i = 0; i < AFMON_ALERT_RULES && count < RULES; i++) {
        rules[count] = afmon_rule_built_in(i, limits);
        const char *metric = rules[count].metric;
        enum afmon_metric_id id = afmon_metric_find(metric, strlen(metric), NULL);
        count += id == AFMON_METRIC_SUCCESS || id == AFMON_METRIC_ERROR;
    }
    return count;
}

static double interval_of(const struct afmon_chart_job *job)
{
    if (job->options->alert_interval_s > 0)
        return job->options->alert_interval_s;
    afmon_view_info info;
    afmon_view_get_info(job->view, &info);
    double interval = afmon_seconds_between(info.first_ns, info.last_ns) / 200;
    return interval < 1 ? 1 : interval > 60 ? 60 : interval;
}

afmon_status afmon_alert_periods(struct afmon_chart_job *job)
{
    afmon_alert_limits defaults;
    afmon_alert_rule rules[RULES];
    afmon_alert_limits_init(&defaults);
    const afmon_alert_limits *limits = job->options->limits != NULL ? job->options->limits : &defaults;
    double interval = interval_of(job);
    if (!(interval >= 1) || afmon_alert_limits_bad(limits) != NULL)
        return afmon_fail(job->error, AFMON_E_ARGUMENT, "the alert limits or their interval are not valid");
    int64_t interval_ns = afmon_seconds_to_ns(interval);
    struct periods periods = {.job = job, .interval_us = interval_ns / 1000};
    struct afmon_replay_options options = {.rules = rules,
                                           .rule_count = rules_of_rates(limits, rules),
                                           .interval_ns = interval_ns,
                                           .judged = take_pass,
                                           .user = &periods};
    job->periods = malloc(AFMON_PERIODS_MOST * sizeof *job->periods);
    if (job->periods == NULL)
        return afmon_fail_memory(job->error);
    afmon_status status = afmon_replay(job->view, &options, job->error);
    if (status == AFMON_OK)
        unite(job);
    return status;
}
