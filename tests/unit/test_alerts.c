#include "check.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "alerts/judge.h"
#include "alerts/passes.h"
#include "alerts/rules.h"
#include "alerts/slide.h"
#include "alerts/tally.h"
#include "alerts/watch.h"
#include "fail_alloc.h"
#include "store/view.h"

#define S INT64_C(1000000) /* a second, in the microseconds of samples */

#define WINDOW_US (INT64_C(300) * S)

/* ---- one pass ---- */

struct means {
    const char *metric;
    double mean;
    uint64_t count;
};

static afmon_status give_mean(void *user, const afmon_alert_rule *rule, struct afmon_finding *finding)
{
    const struct means *means = user;
    if (strcmp(rule->metric, means->metric) == 0)
        finding->data = (afmon_aggregate){.known = true,
                                          .count = means->count,
                                          .sum = means->mean * (double)means->count,
                                          .mean = means->mean,
                                          .min = means->mean,
                                          .max = means->mean};
    return AFMON_OK;
}

static size_t evaluate(const char *metric, double mean, uint64_t count, afmon_alert *alerts)
{
    afmon_rules rules;
    struct afmon_alert_watch watch;
    struct means means = {metric, mean, count};
    assert_int_equal(afmon_rules_built_in(NULL, &rules, NULL), AFMON_OK);
    assert_true(afmon_alert_watch_init(&watch, rules.rules, rules.count));
    afmon_alert_watch_pass(&watch, give_mean, &means, 5, 77);
    size_t told = watch.told_count;
    assert_int_equal(told, watch.firing_count);
    memcpy(alerts, watch.told, told * sizeof *alerts);
    afmon_alert_watch_free(&watch);
    afmon_rules_free(&rules);
    return told;
}

static void each_rule_has_its_message(void **state)
{
    (void)state;
    static const struct {
        const char *metric;
        double mean;
        const char *name;
        const char *message;
        afmon_level level;
        double limit;
    } cases[] = {
        {"success_rate", 0.625, "low_success_rate", "Success rate dropped to 62.5%", AFMON_WARNING, 0.8},
        {"generation_time", 31.44, "high_generation_time", "Average generation time: 31.4s", AFMON_WARNING, 30},
        {"error_rate", 1, "high_error_rate", "Error rate increased to 100.0%", AFMON_ERROR, 0.2},
        {"prompt_token_count", 5000, "high_token_usage:prompt", "Average token usage: 5000", AFMON_WARNING, 4096},
        {"completion_token_count", 4096.4, "high_token_usage:completion", "Average token usage: 4096", AFMON_WARNING,
         4096},
        {"total_token_count", 1e4, "high_token_usage:total", "Average token usage: 10000", AFMON_WARNING, 8192},
        {"conversation_length", 2.26, "long_conversations", "Average conversation length: 2.3 turns", AFMON_WARNING, 2},
    };
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed: no comma must come of it */
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++) {
        afmon_alert alerts[AFMON_ALERT_RULES];
        assert_int_equal(evaluate(cases[i].metric, cases[i].mean, 4, alerts), 1);
        assert_string_equal(alerts[0].name, cases[i].name);
        assert_string_equal(alerts[0].message, cases[i].message);
        assert_string_equal(alerts[0].metric, cases[i].metric);
        assert_int_equal(alerts[0].level, cases[i].level);
        assert_int_equal(alerts[0].timestamp_ns, 77);
        assert_true(alerts[0].limit == cases[i].limit && alerts[0].data.mean == cases[i].mean);
        assert_int_equal(evaluate(cases[i].metric, cases[i].limit, 4, alerts), 0); /* strictly beyond */
        assert_int_equal(evaluate(cases[i].metric, cases[i].mean, 0, alerts), 0);  /* nothing to judge */
    }
    setlocale(LC_ALL, "C");
}

static void huge_means_fit(void **state)
{
    (void)state;
    afmon_alert alerts[AFMON_ALERT_RULES];
    assert_int_equal(evaluate("generation_time", 1e308, 1, alerts), 1);
    assert_int_equal(strlen(alerts[0].message), sizeof alerts[0].message - 1);
    assert_int_equal(evaluate("generation_time", (double)INFINITY, 1, alerts), 1);
    assert_string_equal(alerts[0].message, "Average generation time: infs");
}

/* A running mean of these is a little below 0.8. */
static void a_mean_on_the_limit_is_not_beyond_it(void **state)
{
    (void)state;
    struct afmon_summary summary = {0};
    static const double values[] = {1, 0, 1, 1, 1};
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 5; k++)
            afmon_summary_add(&summary, values[(k + i) % 5]);
        afmon_aggregate aggregate = {0};
        afmon_summary_aggregate(&summary, &aggregate);
        assert_false(afmon_alert_mean(&aggregate) < 0.8);
        aggregate.sum -= 1;
        assert_true(afmon_alert_mean(&aggregate) < 0.8);
    }
}

static void bad_limits_are_named(void **state)
{
    (void)state;
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    assert_null(afmon_alert_limits_bad(&limits));
    limits.max_error_rate = -0.1;
    assert_string_equal(afmon_alert_limits_bad(&limits), "max_error_rate");
    limits.max_generation_time_s = (double)NAN;
    assert_string_equal(afmon_alert_limits_bad(&limits), "max_generation_time_s");
}

/* ---- a whole run ---- */

struct run {
    struct afmon_store *store;
    afmon_view *view;
    struct afmon_store_sample *samples;
    size_t count;
};

static void begin_run(struct run *run)
{
    *run = (struct run){.store = afmon_store_new((size_t)64 << 20)};
    run->samples = calloc(100000, sizeof *run->samples);
    assert_true(run->store != NULL && run->samples != NULL);
}

static void add(struct run *run, const char *name, int64_t wall_us, double value)
{
    struct afmon_store_sample sample = {.value = value, .wall_us = wall_us};
    sample.series = afmon_store_series(run->store, name, strlen(name));
    assert_non_null(sample.series);
    run->samples[run->count++] = sample;
    afmon_store_append(run->store, &sample, 1);
}

static void look(struct run *run)
{
    assert_int_equal(afmon_view_new(run->store, NULL, 0, &run->view, NULL), AFMON_OK);
}

static void end_run(struct run *run)
{
    afmon_view_close(run->view);
    afmon_store_release(run->store);
    free(run->samples);
}

static double naive_mean(const struct run *run, const char *metric, int64_t from_us, int64_t to_us, size_t *count)
{
    long double sum = 0;
    *count = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct afmon_store_sample *sample = &run->samples[i];
        if (sample->wall_us < from_us || sample->wall_us > to_us || !isfinite(sample->value) ||
            strcmp(sample->series->name, metric) != 0)
            continue;
        sum += (long double)sample->value;
        ++*count;
    }
    return *count > 0 ? (double)(sum / (long double)*count) : 0;
}

/* error_rate without a zero, and not there for each success_rate: a run of afterimage's own monitor. */
static bool lacks_zeros(const struct run *run)
{
    size_t outcomes = 0, ones = 0, others = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct afmon_store_sample *sample = &run->samples[i];
        bool error = strcmp(sample->series->name, "error_rate") == 0;
        outcomes += strcmp(sample->series->name, "success_rate") == 0 && isfinite(sample->value);
        ones += error && sample->value == 1;
        others += error && isfinite(sample->value) && sample->value != 1;
    }
    return ones > 0 && others == 0 && outcomes > 0 && outcomes != ones;
}

static bool naive_pass(const struct run *run, const afmon_alert_rule *rule, double limit, int64_t at_us,
                       afmon_alert_span *span)
{
    size_t count;
    bool by_outcomes = strcmp(rule->metric, "error_rate") == 0 && lacks_zeros(run);
    double mean = naive_mean(run, by_outcomes ? "success_rate" : rule->metric, at_us - WINDOW_US, at_us, &count);
    if (by_outcomes && count > 0)
        mean = (double)(count - (size_t)(mean * (double)count + 0.5)) / (double)count;
    if (count == 0)
        return false;
    span->passes++;
    if (!(rule->comparison == AFMON_RULE_BELOW ? mean < limit : mean > limit))
        return false;
    if (span->passes_held++ == 0 || fabs(mean - limit) > fabs(span->worst.data.mean - limit)) {
        span->worst.data.mean = mean;
        span->worst.data.count = count;
        span->worst.timestamp_ns = at_us * 1000;
    }
    span->last_ns = at_us * 1000;
    if (span->passes_held == 1)
        span->first_ns = span->last_ns;
    return true;
}

/* As the header says it: a pass every interval from the first sample on, and one at the last. */
static size_t naive_check(const struct run *run, const afmon_alert_limits *limits, int64_t interval_us,
                          afmon_alert_span *spans)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < run->count; i++) {
        first = run->samples[i].wall_us < first ? run->samples[i].wall_us : first;
        last = run->samples[i].wall_us > last ? run->samples[i].wall_us : last;
    }
    size_t found = 0;
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++) {
        afmon_alert_rule built_in = afmon_rule_built_in(i, limits);
        const afmon_alert_rule *rule = &built_in;
        afmon_alert_span span = {0};
        double limit = rule->limit;
        for (int64_t at = first + interval_us; at < last; at += interval_us)
            naive_pass(run, rule, limit, at, &span);
        naive_pass(run, rule, limit, last, &span);
        if (span.passes_held > 0) {
            (void)snprintf(span.worst.name, sizeof span.worst.name, "%s", rule->name);
            spans[found++] = span;
        }
    }
    return found;
}

static void assert_same_as_naive(struct run *run, double interval_s)
{
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    afmon_alert_span expected[AFMON_ALERT_RULES], spans[AFMON_ALERT_RULES];
    size_t count;
    size_t expected_count = naive_check(run, &limits, (int64_t)(interval_s * 1e6), expected);
    assert_int_equal(afmon_view_check(run->view, &limits, interval_s, spans, &count), AFMON_OK);
    assert_int_equal(count, expected_count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(spans[i].worst.name, expected[i].worst.name);
        assert_int_equal(spans[i].passes, expected[i].passes);
        assert_int_equal(spans[i].passes_held, expected[i].passes_held);
        assert_int_equal(spans[i].first_ns, expected[i].first_ns);
        assert_int_equal(spans[i].last_ns, expected[i].last_ns);
        assert_true(spans[i].worst.data.mean == expected[i].worst.data.mean);
        assert_int_equal(spans[i].worst.data.count, expected[i].worst.data.count);
        assert_int_equal(spans[i].worst.timestamp_ns, expected[i].worst.timestamp_ns);
        assert_true(spans[i].worst.data.known);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Values are eighths, so that sums are exact whatever their order. */
static void replays_are_as_the_naive_ones(void **state)
{
    (void)state;
    static const double intervals[] = {1, 7.5, 60, 100, 300, 450, 86400};
    uint64_t seed = 88172645463325252u;
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    for (int round = 0; round < 60; round++) {
        struct run run;
        begin_run(&run);
        int64_t length = (int64_t)(1 + next_random(&seed) % 4000) * S;
        size_t samples = 1 + next_random(&seed) % 300;
        bool only_ones = round % 3 == 0;
        bool whole_seconds = round % 2 == 0; /* many on the edges of windows */
        for (size_t i = 0; i < samples; i++) {
            const char *name = afmon_rule_built_in(next_random(&seed) % AFMON_ALERT_RULES, &limits).metric;
            int64_t at = (int64_t)(next_random(&seed) % (uint64_t)(length + 1));
            double value = (double)(next_random(&seed) % 64) / 8;
            if (next_random(&seed) % 20 == 0)
                value = (double)NAN;
            if (strstr(name, "token") != NULL)
                value *= 2048;
            if (strstr(name, "time") != NULL)
                value *= 16;
            if (strstr(name, "rate") != NULL)
                value = value > 2 || (only_ones && strcmp(name, "error_rate") == 0);
            add(&run, name, 1700000000 * S + (whole_seconds ? at - at % S : at), value);
        }
        add(&run, "other", 1700000000 * S + length / 2, 1e9);
        look(&run);
        assert_same_as_naive(&run, intervals[round % 7]);
        end_run(&run);
    }
}

static void both_edges_belong_to_the_window(void **state)
{
    (void)state;
    struct run run;
    begin_run(&run);
    add(&run, "success_rate", 1000 * S, 0);
    add(&run, "success_rate", 1300 * S, 1);
    look(&run);
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count;
    assert_int_equal(afmon_view_check(run.view, &limits, 300, spans, &count), AFMON_OK);
    assert_int_equal(count, 1);
    assert_int_equal(spans[0].passes, 1);
    assert_int_equal(spans[0].worst.data.count, 2);
    assert_string_equal(spans[0].worst.message, "Success rate dropped to 50.0%");
    end_run(&run);
}

static void a_run_of_decades_is_quickly_through(void **state)
{
    (void)state;
    struct run run;
    begin_run(&run);
    for (int year = 0; year < 50; year++)
        for (int i = 0; i < 10; i++)
            add(&run, "error_rate", (int64_t)year * 365 * 86400 * S + i * 400 * S, year == 30);
    look(&run);
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count;
    assert_int_equal(afmon_view_check(run.view, &limits, 1, spans, &count), AFMON_OK);
    assert_int_equal(count, 1);
    /* 301 passes have each sample, but for the first's (the passes begin after it) and the last's (it is the last). */
    assert_int_equal(spans[0].passes_held, 10 * 301);
    assert_int_equal(spans[0].passes, 500 * 301 - 1 - 300);
    end_run(&run);
}

/* More segments than a tally holds: judged in rounds, each pass in one of them. */
static void rounds_join_up(void **state)
{
    (void)state;
    enum { SAMPLES = 300000, WINDOW = 301 };
    struct run run;
    begin_run(&run);
    afmon_alert_span expected = {0};
    int in_window = 0;
    for (int i = 0; i < SAMPLES; i++) {
        /* Two minutes of errors every 5,000 s. */
        int error = i % 5000 < 120;
        in_window += error - (i >= WINDOW && (i - WINDOW) % 5000 < 120);
        run.count = 0;
        add(&run, "error_rate", i * S, error);
        if (i == 0) /* passes begin an interval after the first sample */
            continue;
        expected.passes++;
        if (in_window > 0.2 * (i + 1 < WINDOW ? i + 1 : WINDOW)) {
            expected.passes_held++;
            expected.last_ns = i * S * 1000;
        }
    }
    look(&run);
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count;
    assert_int_equal(afmon_view_check(run.view, NULL, 1, spans, &count), AFMON_OK);
    assert_int_equal(count, 1);
    assert_int_equal(spans[0].passes, expected.passes);
    assert_int_equal(spans[0].passes_held, expected.passes_held);
    assert_int_equal(spans[0].first_ns, S * 1000);
    assert_int_equal(spans[0].last_ns, expected.last_ns);
    end_run(&run);
}

static void nothing_and_nonsense(void **state)
{
    (void)state;
    struct run run;
    begin_run(&run);
    look(&run);
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count = 9;
    assert_int_equal(afmon_view_check(run.view, &limits, 60, spans, &count), AFMON_OK);
    assert_int_equal(count, 0);
    assert_int_equal(afmon_view_check(run.view, &limits, 0.5, spans, &count), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_check(run.view, &limits, (double)NAN, spans, &count), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_check(run.view, &limits, (double)INFINITY, spans, &count), AFMON_OK);
    limits.max_error_rate = (double)NAN;
    assert_int_equal(afmon_view_check(run.view, &limits, 60, spans, &count), AFMON_E_ARGUMENT);
    limits.max_error_rate = -1;
    assert_int_equal(afmon_view_check(run.view, &limits, 60, spans, &count), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_check(NULL, NULL, 60, spans, &count), AFMON_E_ARGUMENT);
    end_run(&run);
}

/* ---- bounded memory ---- */

/* A tally that is too small for all segments keeps the early ones whole, in whatever order samples come. */
static void a_full_tally_gives_up_the_later_half(void **state)
{
    (void)state;
    const size_t most = (size_t)1 << 14;
    struct afmon_tally *tally = afmon_tally_new(most, 7);
    uint64_t seed = 12345;
    uint32_t *counts = calloc(50000, sizeof *counts);
    assert_true(tally != NULL && counts != NULL);
    afmon_tally_begin(tally, 10, INT64_MAX);
    for (int i = 0; i < 300000; i++) {
        int64_t pass = (int64_t)(next_random(&seed) % 50000);
        counts[pass]++;
        afmon_tally_add(tally, 3, (struct afmon_pass_range){pass, pass}, 1);
    }
    int64_t last = afmon_tally_last(tally);
    assert_true(last > (int64_t)most / 4 && last < 50000);
    size_t count;
    afmon_tally_sort(tally);
    const struct afmon_tally_entry *entries = afmon_tally_of_rule(tally, 3, &count);
    assert_true(count >= most / 4 && count <= most);
    int64_t expected = 10;
    for (size_t i = 0; i < count; i++, expected++) {
        while (counts[expected] == 0)
            expected++;
        assert_int_equal(entries[i].lo, expected);
        assert_int_equal(entries[i].summary.count, counts[expected]);
    }
    while (counts[expected] == 0)
        expected++;
    assert_true(expected > last);
    afmon_tally_of_rule(tally, 2, &count);
    assert_int_equal(count, 0);
    afmon_tally_free(tally);
    free(counts);
}

static void passes_and_ranges_fit(void **state)
{
    (void)state;
    struct afmon_passes passes;
    afmon_passes_init(&passes, INT64_MIN, INT64_MAX, (uint64_t)60 * 1000000000);
    struct afmon_pass_range range = afmon_passes_of(&passes, INT64_MAX, WINDOW_US * 1000);
    assert_int_equal(range.lo, (int64_t)passes.count - 1);
    assert_int_equal(range.hi, (int64_t)passes.count - 1);
    range = afmon_passes_of(&passes, INT64_MIN, WINDOW_US * 1000);
    assert_int_equal(range.lo, 0);
    assert_int_equal(range.hi, 4);
    assert_true(afmon_pass_time(&passes, passes.count - 1) == INT64_MAX);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct run run;
    begin_run(&run);
    for (int i = 0; i < 1000; i++)
        add(&run, "success_rate", i * S, 0);
    look(&run);
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    bool failed = true;
    for (long n = 1; failed; n++) {
        afmon_alert_span spans[AFMON_ALERT_RULES];
        size_t count;
        fail_alloc_at(n);
        afmon_status status = afmon_view_check(run.view, &limits, 10, spans, &count);
        failed = fail_alloc_stop();
        assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
    }
    end_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_message),
        cmocka_unit_test(huge_means_fit),
        cmocka_unit_test(a_mean_on_the_limit_is_not_beyond_it),
        cmocka_unit_test(bad_limits_are_named),
        cmocka_unit_test(replays_are_as_the_naive_ones),
        cmocka_unit_test(both_edges_belong_to_the_window),
        cmocka_unit_test(a_run_of_decades_is_quickly_through),
        cmocka_unit_test(rounds_join_up),
        cmocka_unit_test(nothing_and_nonsense),
        cmocka_unit_test(a_full_tally_gives_up_the_later_half),
        cmocka_unit_test(passes_and_ranges_fit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
