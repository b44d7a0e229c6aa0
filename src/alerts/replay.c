#include "alerts/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/error_share.h"
#include "alerts/replay_internal.h"
#include "base/clock.h"
#include "base/status.h"
#include "catalog/bare.h"
#include "catalog/metrics.h"
#include "store/view_internal.h"

#define LEAST_TALLY ((size_t)1 << 14)

/* ---- which samples are of which rule ---- */

static bool is_of(const struct afmon_view_series *series, const struct afmon_replay_rule *rule)
{
    return series->series->name_length == rule->metric_length &&
           memcmp(series->series->name, rule->metric, rule->metric_length) == 0;
}

/* Rules are in order of their metrics: those of a series stand together. */
static void find_rules(struct afmon_replay_run *run, const struct afmon_view_series *series)
{
    if (run->series == series)
        return;
    run->series = series;
    run->first = 0;
    while (run->first < run->rule_count && !is_of(series, &run->rules[run->first]))
        run->first++;
    run->end = run->first;
    while (run->end < run->rule_count && is_of(series, &run->rules[run->end]))
        run->end++;
}

static bool wants_series(void *user, const struct afmon_view_series *series)
{
    struct afmon_replay_run *run = user;
    find_rules(run, series);
    return run->first < run->end;
}

static void add(struct afmon_replay_run *run, size_t rule, struct afmon_pass_range range, double value)
{
    afmon_tally_add(run->tally, rule, range, value);
    if (run->rules[rule].rule->aggregate == AFMON_RULE_QUANTILE)
        afmon_replay_values_add(&run->values, rule, range, value);
}

/* A marked sample, in those of its passes whose windows hold no tracked one. The parts of its range are in no range of
 * a tracked sample, and grow with time within a gap as ranges do: they are segments like others. */
static void add_bare(struct afmon_replay_run *run, size_t rule, struct afmon_pass_range range, double value)
{
    const struct afmon_cover_passes *cover = &run->rules[rule].cover;
    struct afmon_pass_range gap = afmon_cover_gap(cover, range, range.lo);
    for (; gap.lo <= gap.hi; gap = afmon_cover_gap(cover, range, gap.hi + 1))
        add(run, rule, gap, value);
}

static int take_sample(void *user, const struct afmon_view_series *series, const afmon_sample *sample)
{
    struct afmon_replay_run *run = user;
    find_rules(run, series);
    for (size_t i = run->first; i < run->end; i++) {
        const struct afmon_replay_rule *rule = &run->rules[i];
        if (!afmon_rule_wants(rule->rule, sample->fields, sample->field_count))
            continue;
        struct afmon_pass_range range = afmon_passes_of(&run->passes, sample->timestamp_ns, rule->window_ns);
        if (rule->mixed && afmon_fields_are_bare(sample->fields, sample->field_count))
            add_bare(run, i, range, sample->value);
        else
            add(run, i, range, rule->by_outcomes ? afmon_error_of_outcome(sample->value) : sample->value);
    }
    return run->values.failed;
}

/* ---- marked samples ---- */

static bool wants_mixed(void *user, const struct afmon_view_series *series)
{
    return series->mixed && wants_series(user, series);
}

static int cover_sample(void *user, const struct afmon_view_series *series, const afmon_sample *sample)
{
    struct afmon_replay_run *run = user;
    find_rules(run, series);
    if (afmon_fields_are_bare(sample->fields, sample->field_count))
        return 0;
    for (size_t i = run->first; i < run->end; i++) {
        struct afmon_replay_rule *rule = &run->rules[i];
        rule->mixed = true;
        if (!afmon_cover_add(&rule->cover, afmon_passes_of(&run->passes, sample->timestamp_ns, rule->window_ns)))
            return 1;
    }
    return 0;
}

/* Finds the passes in which marked samples do not count. */
static afmon_status find_covers(struct afmon_replay_run *run, afmon_error *error)
{
    bool any = false;
    for (size_t i = 0; i < run->view->series_count; i++)
        any = any || wants_mixed(run, &run->view->series[i]);
    if (!any)
        return AFMON_OK;
    afmon_status status = afmon_view_each_series(run->view, AFMON_WINDOW_ALL, wants_mixed, cover_sample, run, error);
    for (size_t i = 0; i < run->rule_count; i++)
        afmon_cover_settle(&run->rules[i].cover);
    return status == AFMON_E_CANCELLED ? afmon_fail_memory(error) : status;
}

/* ---- rounds ---- */

/* The samples of passes begin to last. */
static afmon_window window_of(const struct afmon_replay_run *run, int64_t begin, int64_t last)
{
    afmon_window window = {.until_ns = afmon_pass_time(&run->passes, (uint64_t)last)};
    int64_t first_end = afmon_pass_time(&run->passes, (uint64_t)begin);
    if (__builtin_sub_overflow(first_end, (int64_t)run->longest_window_ns, &window.since_ns))
        window.since_ns = INT64_MIN;
    return window;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* One round: goes through the samples of passes begin to *last and judges as many of them as fit into memory; *last is
 * then the last one of these. Where not even one fits, there is more memory for the next try. */
static afmon_status run_round(struct afmon_replay_run *run, int64_t begin, int64_t *last, afmon_error *error)
{
    afmon_tally_begin(run->tally, begin, *last);
    afmon_replay_values_begin(&run->values, begin, *last);
    afmon_status status =
        afmon_view_each_series(run->view, window_of(run, begin, *last), wants_series, take_sample, run, error);
    if (run->values.failed)
        return afmon_fail_memory(error);
    if (status != AFMON_OK)
        return status;
    int64_t of_tally = afmon_tally_last(run->tally);
    int64_t of_values = run->values.last;
    *last = least_of(*last, least_of(of_tally, of_values));
    if (of_values < begin)
        run->values.most *= 2;
    if (of_tally < begin && !afmon_tally_grow(run->tally))
        return afmon_fail_memory(error);
    return *last < begin ? AFMON_OK : afmon_replay_judge(run, begin, *last, error);
}

/* Mostly one round does. Where the run has more segments than fit, each further round asks for as many passes as the
 * one before managed, or twice as many where it managed all, so that the samples are not gone through again and again,
 * and long times without samples are soon behind. */
static afmon_status run_rounds(struct afmon_replay_run *run, afmon_error *error)
{
    int64_t count = (int64_t)run->passes.count;
    int64_t wanted = count;
    for (int64_t begin = 0; begin < count;) {
        int64_t asked = wanted < count - begin ? begin + wanted - 1 : count - 1;
        int64_t last = asked;
        afmon_status status = run_round(run, begin, &last, error);
        if (status != AFMON_OK)
            return status;
        int64_t managed = last < begin ? 0 : last + 1 - begin;
        wanted = managed > 0 ? managed : 1;
        if (last == asked && wanted <= count / 2)
            wanted *= 2;
        begin += managed;
    }
    return AFMON_OK;
}

/* ---- a run ---- */

static int compare_metrics(const void *left, const void *right)
{
    const struct afmon_replay_rule *a = left;
    const struct afmon_replay_rule *b = right;
    int order = strcmp(a->metric, b->metric);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static struct afmon_replay_rule rule_of(const afmon_alert_rule *rule, size_t index, bool by_outcomes)
{
    const char *metric = by_outcomes ? afmon_metric_name(AFMON_METRIC_SUCCESS) : rule->metric;
    return (struct afmon_replay_rule){.rule = rule,
                                      .index = index,
                                      .metric = metric,
                                      .metric_length = strlen(metric),
                                      .by_outcomes = by_outcomes,
                                      .window_ns = (uint64_t)afmon_seconds_to_ns(rule->window_s)};
}

static bool make_rules(struct afmon_replay_run *run, const struct afmon_replay_options *options)
{
    bool by_outcomes = afmon_errors_lack_zeros(&run->view->outcomes);
    run->rules = calloc(options->rule_count + 1, sizeof *run->rules);
    if (run->rules == NULL)
        return false;
    run->rule_count = options->rule_count;
    for (size_t i = 0; i < run->rule_count; i++) {
        const afmon_alert_rule *rule = &options->rules[i];
        run->rules[i] = rule_of(rule, i, by_outcomes && afmon_rule_is_error_share(rule));
        if (run->rules[i].window_ns > run->longest_window_ns)
            run->longest_window_ns = run->rules[i].window_ns;
    }
    qsort(run->rules, run->rule_count, sizeof *run->rules, compare_metrics);
    return true;
}

/* A short run needs a small tally only. */
static size_t tally_size(uint64_t passes, size_t rules)
{
    uint64_t most = passes < AFMON_TALLY_MAX ? (2 * passes + 1) * rules : AFMON_TALLY_MAX;
    size_t size = LEAST_TALLY;
    while (size < most && size < AFMON_TALLY_MAX)
        size *= 2;
    return size;
}

afmon_status afmon_replay(afmon_view *view, const struct afmon_replay_options *options, afmon_error *error)
{
    struct afmon_replay_run run = {.view = view, .options = options, .values.most = AFMON_REPLAY_VALUES_MAX};
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    if (info.sample_count == 0 || options->rule_count == 0)
        return AFMON_OK;
    afmon_passes_init(&run.passes, info.first_ns, info.last_ns, (uint64_t)options->interval_ns);
    run.tally = afmon_tally_new(tally_size(run.passes.count, options->rule_count), options->rule_count);
    afmon_status status = AFMON_OK;
    if (run.tally == NULL || !make_rules(&run, options))
        status = afmon_fail_memory(error);
    else
        status = find_covers(&run, error);
    if (status == AFMON_OK)
        status = run_rounds(&run, error);
    for (size_t i = 0; i < run.rule_count; i++)
        afmon_cover_free(&run.rules[i].cover);
    afmon_tally_free(run.tally);
    afmon_replay_values_free(&run.values);
    free(run.rules);
    return status;
}
