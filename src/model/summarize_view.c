/* The summary of a view: its samples in the order in which they were written, and what its logs told. */
#include <string.h>

#include "base/micros.h"
#include "base/options.h"
#include "base/status.h"
#include "model/feed.h"
#include "model/rules_of_log.h"
#include "model/view_alerts.h"
#include "model/view_rates.h"
#include "store/view_written.h"

#define TICK ((uint64_t)1 << 16)
#define NONE_YET (AFMON_NO_SOURCE - 1)

void afmon_summary_options_init(afmon_summary_options *options)
{
    *options = (afmon_summary_options){.size = sizeof *options, .window = AFMON_WINDOW_ALL};
}

struct job {
    afmon_view *view;
    const afmon_summary_options *options;
    struct afmon_model *model;
    struct afmon_feed *feed;
    struct afmon_feed_source source; /* of the file that is being read */
    size_t source_index;
    uint64_t samples;
    uint64_t total;
    bool rates; /* those samples alone that alerts of rates are about */
};

static afmon_status tick(const struct job *job)
{
    const afmon_summary_options *options = job->options;
    if (job->samples % TICK != 0 || options->progress == NULL)
        return AFMON_OK;
    uint64_t done = job->samples < job->total ? job->samples : job->total;
    return options->progress(options->user, done, job->total) == 0 ? AFMON_OK : AFMON_E_CANCELLED;
}

static void begin_file(struct job *job, size_t source)
{
    const char *path = source != AFMON_NO_SOURCE ? job->view->sources[source].path : NULL;
    afmon_feed_settle(job->model, NULL, &job->source);
    job->source_index = source;
    job->source.file = path != NULL ? afmon_run_file_of(path, strlen(path)) : 0;
}

static afmon_status take(void *user, const struct afmon_written *written)
{
    struct job *job = user;
    if (written->source != job->source_index)
        begin_file(job, written->source);
    job->samples++;
    afmon_status status = afmon_feed_take(job->feed, job->model, NULL, written->reader, written->sample, &job->source,
                                          afmon_feed_time(written->sample));
    return status == AFMON_OK ? tick(job) : status;
}

static bool is_whole(const afmon_window *window)
{
    return window->since_ns == INT64_MIN && window->until_ns == INT64_MAX;
}

/* ---- The log of a monitor that is open ---- */

/* A log that is not there tells nothing: the rules are replayed then. */
static afmon_status read_log(const struct afmon_view_extra *extra, struct afmon_run_log *log)
{
    if (extra->log_path == NULL)
        return AFMON_OK;
    afmon_status status = afmon_run_log_file(log, extra->log_path, extra->log_begin, INT64_MAX, NULL, NULL, NULL);
    return status == AFMON_E_NO_MEMORY ? status : AFMON_OK;
}

/* ---- All of it ---- */

/* A view's index has every value. */
static afmon_status find_exact(void *user, const char *name, afmon_distribution *distribution)
{
    static const double q[] = {0.5, 0.9, 0.95, 0.99};
    const struct job *job = user;
    double values[4];
    afmon_aggregate aggregate;
    afmon_status status = afmon_view_aggregate(job->view, name, job->options->window, &aggregate);
    if (status != AFMON_OK || aggregate.approximate || aggregate.count != distribution->count)
        return status;
    status = afmon_view_quantiles(job->view, name, job->options->window, q, 4, values);
    if (status != AFMON_OK)
        return status;
    distribution->p50 = values[0];
    distribution->p90 = values[1];
    distribution->p95 = values[2];
    distribution->p99 = values[3];
    distribution->quantile_error = 0;
    return AFMON_OK;
}

static afmon_status make(struct job *job, const struct afmon_run_log *log)
{
    afmon_rules rules = {0};
    struct afmon_model_options options = {.whole = true};
    if (afmon_rules_of_log(log, &rules) != AFMON_OK)
        return AFMON_E_NO_MEMORY;
    options.rules = rules.rules;
    options.rule_count = rules.count;
    job->model = afmon_model_new(&options);
    job->feed = afmon_feed_new(false);
    afmon_rules_free(&rules);
    return job->model != NULL && job->feed != NULL ? AFMON_OK : AFMON_E_NO_MEMORY;
}

static afmon_status gather(struct job *job, const struct afmon_run_log *log, afmon_run_summary **summary,
                           afmon_error *error)
{
    const struct afmon_view_extra *extra = &job->view->extra;
    const afmon_window *window = &job->options->window;
    afmon_status status = make(job, log);
    if (status == AFMON_OK && job->rates)
        status = afmon_view_add_rates(job->view, *window, job->model, error);
    else if (status == AFMON_OK)
        status = afmon_view_each_written(job->view, *window, take, job, error);
    if (status != AFMON_OK)
        return status;
    afmon_feed_settle(job->model, NULL, &job->source);
    if (job->view->sample_count > 0 && job->rates)
        afmon_model_widen(job->model, afmon_us_to_ns(job->view->first_us), afmon_us_to_ns(job->view->last_us));
    const struct afmon_model_facts facts = {.log = log,
                                            .file_count = extra->file_count,
                                            .unreadable_lines = extra->unreadable_lines,
                                            .live = extra->live,
                                            .living = extra->living,
                                            .living_count = extra->living_count,
                                            .living_left_out = extra->living_left_out,
                                            .now_ns = job->view->last_us * 1000,
                                            .window = is_whole(window) ? NULL : window,
                                            .budget = extra->has_budget ? &extra->budget : NULL,
                                            .outcomes = &job->view->outcomes,
                                            .exact = job->rates ? NULL : find_exact,
                                            .user = job};
    *summary = afmon_model_summarize(job->model, &facts);
    return *summary == NULL ? AFMON_E_NO_MEMORY : AFMON_OK;
}

static afmon_status summarize(struct job *job, afmon_run_summary **summary, afmon_error *error)
{
    struct afmon_run_log read = {0};
    afmon_view *view = job->view;
    afmon_status status = AFMON_OK;
    job->source_index = NONE_YET;
    job->total = view->sample_count;
    const struct afmon_run_log *log = view->extra.run_log != NULL ? view->extra.run_log : &read;
    if (view->extra.run_log == NULL)
        status = read_log(&view->extra, &read);
    afmon_error reason = {0};
    if (status == AFMON_OK)
        status = gather(job, log, summary, &reason);
    afmon_run_log_free(&read);
    afmon_model_free(job->model);
    afmon_feed_free(job->feed);
    if (status == AFMON_OK)
        return AFMON_OK;
    if (status == AFMON_E_NO_MEMORY)
        return afmon_fail_memory(error);
    return afmon_fail(error, status, "%s", reason.message[0] != '\0' ? reason.message : afmon_status_text(status));
}

afmon_status afmon_view_summarize(afmon_view *view, const afmon_summary_options *given, afmon_run_summary **summary,
                                  afmon_error *error)
{
    afmon_summary_options options;
    afmon_summary_options_init(&options);
    if (summary == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a summary needs a place");
    *summary = NULL;
    if (view == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a summary needs a view");
    afmon_status status = afmon_options_take(&options, sizeof options, given, "afmon_summary_options", error);
    return status == AFMON_OK ? summarize(&(struct job){.view = view, .options = &options}, summary, error) : status;
}

afmon_status afmon_view_alerts_of_rates(afmon_view *view, afmon_run_summary **summary, afmon_error *error)
{
    afmon_summary_options options;
    afmon_summary_options_init(&options);
    *summary = NULL;
    return summarize(&(struct job){.view = view, .options = &options, .rates = true}, summary, error);
}
