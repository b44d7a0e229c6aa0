/* The figures of a frame, asked of the follower. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "cli/watch.h"

static double window_of(const watch_wish *wish, const afmon_live_info *info)
{
    if (wish->window_s >= 0)
        return wish->window_s;
    return info->state == AFMON_LIVE_ENDED ? 0 : 60;
}

/* The aggregate of the figures' window, and how long that is. */
static bool ask(afmon_live *live, const watch_figures *f, const char *name, afmon_aggregate *a, double *seconds)
{
    afmon_window covered;
    afmon_window window = AFMON_WINDOW_ALL;
    double run_s = afmon_seconds_between(f->info.first_ns, f->info.now_ns);
    if (f->window_s > 0)
        window = (afmon_window){afmon_clamp_sub(f->info.now_ns, afmon_clamp_i64(f->window_s * 1e9)), f->info.now_ns};
    if (afmon_live_aggregate(live, name, window, a, &covered) != AFMON_OK)
        return false;
    *seconds = f->window_s > 0 ? fmin(afmon_seconds_between(covered.since_ns, f->info.now_ns), run_s) : run_s;
    if (*seconds < 0.25)
        *seconds = 0.25;
    return a->known;
}

/* What counts as a piece of work: generations; where there are none evaluations, else the metric with most samples. */
static void choose_counted(afmon_live *live, const watch_figures *f, char name[256])
{
    static const char *const usual[] = {"generation_time", "evaluation_time"};
    afmon_aggregate a;
    uint64_t most = 0;
    name[0] = '\0';
    for (size_t i = 0; i < 2; i++) {
        if (afmon_live_aggregate(live, usual[i], AFMON_WINDOW_ALL, &a, NULL) == AFMON_OK && a.known) {
            snprintf(name, 256, "%s", usual[i]);
            return;
        }
    }
    for (size_t i = 0; i < f->info.metric_count; i++) {
        const char *metric = afmon_live_metric_name(live, i, NULL);
        if (metric != NULL && strlen(metric) < 256 &&
            afmon_live_aggregate(live, metric, AFMON_WINDOW_ALL, &a, NULL) == AFMON_OK && a.count > most) {
            most = a.count;
            snprintf(name, 256, "%s", metric);
        }
    }
}

typedef double (*spark_value)(const afmon_bucket *bucket, double width_s);

static double rate_in(const afmon_bucket *bucket, double width_s)
{
    return (double)bucket->count / width_s;
}

static double mean_in(const afmon_bucket *bucket, double width_s)
{
    (void)width_s;
    return bucket->count > 0 ? bucket->sum / (double)bucket->count : -1;
}

static double p90_in(const afmon_bucket *bucket, double width_s)
{
    (void)width_s;
    return bucket->count > 0 ? bucket->p90 : -1;
}

static double sum_in(const afmon_bucket *bucket, double width_s)
{
    return bucket->sum / width_s;
}

/* Pieces of time with less than two samples each would be a fence, and no line. */
static size_t least_columns(afmon_live *live, const char *name, size_t columns)
{
    afmon_aggregate a = {0};
    size_t least = 8;
    if (afmon_live_aggregate(live, name, AFMON_WINDOW_ALL, &a, NULL) == AFMON_OK && a.count / 2 > least)
        least = a.count / 2 < WATCH_SPARK ? (size_t)(a.count / 2) : WATCH_SPARK;
    columns = columns < least ? columns : least;
    return columns < 2 ? 2 : columns;
}

/* The last bucket of a run that goes on has only begun, and would look like a drop. */
static void trace(afmon_live *live, const watch_figures *f, const char *name, size_t columns, spark_value value,
                  watch_spark *spark)
{
    afmon_bucket buckets[WATCH_SPARK];
    size_t count = 0;
    int64_t width_ns;
    columns = least_columns(live, name, columns);
    if (afmon_live_buckets(live, name, AFMON_WINDOW_ALL, columns, buckets, &count, &width_ns) != AFMON_OK)
        count = 0;
    if (count > 1 && f->info.state != AFMON_LIVE_ENDED)
        count--;
    for (size_t i = 0; i < count; i++)
        spark->values[i] = value(&buckets[i], (double)width_ns * 1e-9);
    spark->count = count;
}

static void add_traces(watch_spark *into, const watch_spark *more)
{
    for (size_t i = 0; i < into->count && i < more->count; i++)
        into->values[i] += more->values[i];
    if (into->count == 0)
        *into = *more;
}

static void collect_tokens(afmon_live *live, watch_figures *f, size_t columns)
{
    afmon_aggregate prompt = {0}, completion = {0}, total = {0};
    double seconds = 1;
    watch_spark more = {0};
    if (ask(live, f, "prompt_token_count", &prompt, &seconds))
        f->prompt_per_s = prompt.sum / seconds;
    if (ask(live, f, "completion_token_count", &completion, &seconds))
        f->completion_per_s = completion.sum / seconds;
    bool totals = ask(live, f, "total_token_count", &total, &seconds);
    f->total_per_s = totals ? total.sum / seconds : f->prompt_per_s + f->completion_per_s;
    for (size_t i = 0; i < f->model_count; i++)
        f->tokens += f->models[i].total_tokens;
    if (totals) {
        trace(live, f, "total_token_count", columns, sum_in, &f->token_line);
        return;
    }
    trace(live, f, "prompt_token_count", columns, sum_in, &f->token_line);
    trace(live, f, "completion_token_count", columns, sum_in, &more);
    add_traces(&f->token_line, &more);
}

static void collect_rates(afmon_live *live, watch_figures *f, size_t columns)
{
    char counted[256];
    afmon_aggregate a;
    double seconds;
    choose_counted(live, f, counted);
    cli_safe_into(f->counted, sizeof f->counted, counted, strlen(counted));
    f->success = f->errors = -1;
    if (counted[0] != '\0' && ask(live, f, counted, &a, &seconds))
        f->per_s = (double)a.count / seconds;
    if (ask(live, f, "success_rate", &a, &seconds) && a.count > 0)
        f->success = a.mean;
    if (ask(live, f, "error_rate", &a, &seconds) && a.count > 0)
        f->errors = a.mean;
    const char *timed = strcmp(counted, "evaluation_time") == 0 ? counted : "generation_time";
    if (ask(live, f, timed, &a, &seconds) && a.count > 0) {
        f->timed = true;
        f->p50_s = a.p50, f->p90_s = a.p90, f->p99_s = a.p99, f->max_s = a.max;
    }
    trace(live, f, counted, columns, rate_in, &f->throughput);
    trace(live, f, "success_rate", columns, mean_in, &f->success_line);
    trace(live, f, "error_rate", columns, mean_in, &f->error_line);
    trace(live, f, timed, columns, p90_in, &f->latency_line);
}

static int compare_text(const afmon_live_rate *a, const afmon_live_rate *b)
{
    int order = strcmp(a->component, b->component);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static double key_of(const afmon_live_rate *rate, watch_sort sort)
{
    switch (sort) {
    case SORT_RATE:
        return rate->calls_per_s;
    case SORT_FAILURES:
        return (double)rate->failures;
    case SORT_TIME:
        return rate->p95_s;
    default:
        return (double)rate->calls;
    }
}

/* Few rows, nearly in order. */
static void sort_rows(afmon_live_rate *rows, size_t count, watch_sort sort)
{
    for (size_t i = 1; i < count; i++) {
        afmon_live_rate row = rows[i];
        size_t at = i;
        for (; at > 0; at--) {
            const afmon_live_rate *before = &rows[at - 1];
            bool in_order =
                sort == SORT_NAME ? compare_text(before, &row) <= 0 : key_of(before, sort) >= key_of(&row, sort);
            if (in_order)
                break;
            rows[at] = *before;
        }
        rows[at] = row;
    }
}

void watch_figures_clear(watch_figures *f)
{
    for (size_t i = 0; i < f->log_count; i++)
        free(f->log[i].text);
    afmon_run_summary_free(f->summary);
    *f = (watch_figures){0};
}

/* Rates of the whole run, in place of those of late. */
static void spread_over_run(const watch_figures *f, afmon_live_rate *rates, size_t count)
{
    double seconds = fmax(0.25, afmon_seconds_between(f->info.first_ns, f->info.now_ns));
    for (size_t i = 0; i < count; i++) {
        rates[i].calls_per_s = (double)rates[i].calls / seconds;
        rates[i].failures_per_s = (double)rates[i].failures / seconds;
        rates[i].prompt_tokens_per_s = rates[i].prompt_tokens / seconds;
        rates[i].completion_tokens_per_s = rates[i].completion_tokens / seconds;
        rates[i].total_tokens_per_s = rates[i].total_tokens / seconds;
    }
}

/* The summary so far, and its reason that weighs most. */
static bool collect_summary(afmon_live *live, watch_figures *f)
{
    if (afmon_live_summarize(live, &f->summary, NULL) != AFMON_OK)
        return false;
    if (f->summary->reason_count > 0) {
        const char *text = f->summary->reasons[0].text;
        cli_safe_into(f->reason, sizeof f->reason, text, strlen(text));
    }
    return true;
}

bool watch_fits(const watch_wish *wish, const char *name)
{
    return wish->filter[0] == '\0' || strcasestr(name, wish->filter) != NULL;
}

static size_t filter_rows(const watch_wish *wish, afmon_live_rate *rows, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (watch_fits(wish, rows[i].name) || watch_fits(wish, rows[i].component))
            rows[kept++] = rows[i];
    return kept;
}

bool watch_collect(afmon_live *live, const watch_wish *wish, size_t columns, watch_figures *f)
{
    watch_figures_clear(f);
    afmon_live_get_info(live, &f->info);
    afmon_live_get_plan(live, &f->plan);
    f->window_s = window_of(wish, &f->info);
    double lately_s = f->window_s > 0 && f->window_s < 60 ? f->window_s : 60;
    afmon_live_log_query query = {.level = wish->level,
                                  .routine = wish->routine,
                                  .limit = WATCH_LOG,
                                  .text = wish->filter[0] != '\0' ? wish->filter : NULL};
    bool ok = afmon_live_operations(live, lately_s, f->operations, WATCH_ROWS, &f->operation_count) == AFMON_OK &&
              afmon_live_models(live, lately_s, f->models, WATCH_ROWS, &f->model_count) == AFMON_OK &&
              collect_summary(live, f) && afmon_live_log(live, &query, watch_take_line, f, NULL) == AFMON_OK;
    f->operation_count = f->operation_count < WATCH_ROWS ? f->operation_count : WATCH_ROWS;
    f->model_count = f->model_count < WATCH_ROWS ? f->model_count : WATCH_ROWS;
    if (f->window_s == 0) {
        spread_over_run(f, f->operations, f->operation_count);
        spread_over_run(f, f->models, f->model_count);
    }
    sort_rows(f->operations, f->operation_count, wish->sort);
    collect_rates(live, f, columns);
    collect_tokens(live, f, columns);
    f->operation_count = filter_rows(wish, f->operations, f->operation_count);
    f->model_count = filter_rows(wish, f->models, f->model_count);
    return ok;
}
