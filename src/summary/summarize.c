/* The summary of a view. */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "summary/tally.h"

#define TICK ((uint64_t)1 << 14)
#define PASSES 200
#define LONGEST_INTERVAL_S 60.0

void afmon_summary_options_init(afmon_summary_options *options)
{
    *options = (afmon_summary_options){.size = sizeof *options};
    afmon_alert_limits_init(&options->limits);
}

struct job {
    afmon_view *view;
    const afmon_summary_options *options;
    afmon_view_info info;
    struct afmon_run_tally *tally;
    uint64_t done;
    bool no_memory;
    afmon_alert_span alerts[AFMON_ALERT_RULES];
    size_t alert_count;
};

static int take(void *user, const afmon_sample *sample)
{
    struct job *job = user;
    job->no_memory = !afmon_run_tally_add(job->tally, sample);
    if (job->no_memory)
        return 1;
    job->done++;
    if (job->done % TICK != 0 || job->options->progress == NULL)
        return 0;
    uint64_t done = job->done < job->info.sample_count ? job->done : job->info.sample_count;
    return job->options->progress(job->options->user, done, job->info.sample_count);
}

static afmon_status exact(struct job *job, const char *metric, afmon_distribution *distribution)
{
    static const double q[] = {0.5, 0.9, 0.95, 0.99};
    double values[4] = {0};
    afmon_aggregate aggregate;
    afmon_status status = afmon_view_aggregate(job->view, metric, AFMON_WINDOW_ALL, &aggregate);
    if (status == AFMON_OK && aggregate.count > 0)
        status = afmon_view_quantiles(job->view, metric, AFMON_WINDOW_ALL, q, 4, values);
    if (status != AFMON_OK)
        return status;
    *distribution = (afmon_distribution){.count = aggregate.count,
                                         .not_finite = aggregate.not_finite,
                                         .mean = aggregate.mean,
                                         .min = aggregate.min,
                                         .max = aggregate.max,
                                         .p50 = values[0],
                                         .p90 = values[1],
                                         .p95 = values[2],
                                         .p99 = values[3],
                                         .quantile_error = aggregate.approximate ? 0.001 : 0.0};
    return AFMON_OK;
}

static double interval_of(const struct job *job)
{
    if (job->options->interval_s > 0)
        return job->options->interval_s;
    double part = (double)((uint64_t)job->info.last_ns - (uint64_t)job->info.first_ns) / 1e9 / PASSES;
    return fmin(fmax(ceil(part), 1.0), LONGEST_INTERVAL_S);
}

static afmon_status gather(struct job *job, afmon_run_summary **summary)
{
    afmon_distribution generation, evaluation, length;
    afmon_status status = afmon_view_each(job->view, NULL, AFMON_WINDOW_ALL, take, job);
    if (status != AFMON_OK)
        return job->no_memory ? AFMON_E_NO_MEMORY : status;
    status = afmon_view_check(job->view, &job->options->limits, interval_of(job), job->alerts, &job->alert_count);
    if (status == AFMON_OK)
        status = exact(job, "generation_time", &generation);
    if (status == AFMON_OK)
        status = exact(job, "evaluation_time", &evaluation);
    if (status == AFMON_OK)
        status = exact(job, "conversation_length", &length);
    if (status != AFMON_OK)
        return status;
    struct afmon_run_facts facts = {.metric_count = job->info.metric_count,
                                    .file_count = job->info.file_count,
                                    .problem_count = job->info.problem_count,
                                    .dropped = job->info.dropped,
                                    .recovered = job->info.recovered,
                                    .live = job->info.live,
                                    .alerts = job->alerts,
                                    .alert_count = job->alert_count,
                                    .generation_time = &generation,
                                    .evaluation_time = &evaluation,
                                    .conversation_length = &length};
    *summary = afmon_run_tally_read(job->tally, &facts);
    return *summary == NULL ? AFMON_E_NO_MEMORY : AFMON_OK;
}

static afmon_status check(const afmon_view *view, const afmon_summary_options *options, afmon_error *error)
{
    if (view == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a summary needs a view");
    if (options->size < sizeof *options)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the summary options were not made by afmon_summary_options_init");
    if (!(options->interval_s >= 1 || options->interval_s == 0))
        return afmon_fail(error, AFMON_E_ARGUMENT, "interval_s must be at least 1 second, or 0");
    return AFMON_OK;
}

afmon_status afmon_view_summarize(afmon_view *view, const afmon_summary_options *options, afmon_run_summary **summary,
                                  afmon_error *error)
{
    afmon_summary_options defaults;
    afmon_summary_options_init(&defaults);
    if (summary == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a summary needs a place");
    *summary = NULL;
    struct job job = {.view = view, .options = options == NULL ? &defaults : options};
    afmon_status status = check(view, job.options, error);
    if (status != AFMON_OK)
        return status;
    afmon_view_get_info(view, &job.info);
    job.tally = afmon_run_tally_new();
    if (job.tally == NULL)
        return afmon_fail_memory(error);
    status = gather(&job, summary);
    afmon_run_tally_free(job.tally);
    if (status == AFMON_E_NO_MEMORY)
        return afmon_fail_memory(error);
    return status == AFMON_OK ? AFMON_OK : afmon_fail(error, status, "%s", afmon_status_text(status));
}
