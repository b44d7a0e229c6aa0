/* Summaries of runs: against brute force, in bounded memory, with every allocation failing once. */
#include "fail_alloc.h"
#include "run_folder.h"

#include <math.h>

#include "summary/spread.h"
#include "summary/tally.h"

#define S INT64_C(1000000000)
#define T0 (INT64_C(1790000000) * S)

static uint64_t random_state = 1;

static double random_unit(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static bool add(struct afmon_run_tally *tally, const char *metric, double value, int64_t time_ns,
                const afmon_field *fields, size_t count)
{
    afmon_sample sample = {metric, strlen(metric), value, time_ns, fields, count};
    return afmon_run_tally_add(tally, &sample);
}

static afmon_run_summary *read_plain(const struct afmon_run_tally *tally)
{
    struct afmon_run_facts facts = {.file_count = 1};
    return afmon_run_tally_read(tally, &facts);
}

/* One generation as the expansion of a tracked call writes it. */
static void add_generation(struct afmon_run_tally *tally, int64_t time_ns, const char *operation, double duration,
                           bool success)
{
    afmon_field fields[] = {afmon_string("operation", operation), afmon_string("model_name", "m")};
    afmon_field error[] = {afmon_string("error_type", "timeout"), afmon_string("operation", operation)};
    add(tally, "generation_time", duration, time_ns, fields, 1);
    add(tally, "success_rate", success ? 1 : 0, time_ns, fields, 1);
    add(tally, "error_rate", success ? 0 : 1, time_ns, fields, 1);
    if (!success)
        add(tally, "api_errors", 1, time_ns, error, 2);
    add(tally, "model_usage:m", 1, time_ns, fields, 1);
    add(tally, success ? "finish_reason:stop" : "finish_reason:error", 1, time_ns, fields, 1);
    add(tally, "total_token_count", 10, time_ns, fields, 2);
}

/* ---- Spreads ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_spread(double (*draw)(void), size_t count)
{
    struct afmon_spread spread = {0};
    afmon_distribution d;
    double *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = draw();
        assert_true(afmon_spread_add(&spread, values[i], NULL));
    }
    qsort(values, count, sizeof *values, compare);
    afmon_spread_distribution(&spread, &d);
    assert_int_equal(d.count, count);
    assert_true(d.min == values[0] && d.max == values[count - 1]);
    const double q[] = {0.5, 0.9, 0.95, 0.99}, got[] = {d.p50, d.p90, d.p95, d.p99};
    for (size_t i = 0; i < 4; i++) {
        double at = q[i] * (double)(count - 1);
        size_t rank = (size_t)at;
        double next = rank + 1 < count ? values[rank + 1] : values[rank];
        double low = values[rank] - fabs(values[rank]) * d.quantile_error;
        double high = next + fabs(next) * d.quantile_error;
        assert_true(got[i] >= low && got[i] <= high);
    }
    assert_true(spread.capacity <= AFMON_SPREAD_MOST);
    free(values);
    afmon_spread_free(&spread);
}

static double draw_log_normal(void)
{
    return exp(sqrt(-2 * log(1 - random_unit())) * cos(6.283185307179586 * random_unit()));
}
static double draw_signed(void)
{
    return random_unit() * 2 - 1;
}
static double draw_huge(void)
{
    return pow(10, random_unit() * 600 - 300);
}
static double draw_same(void)
{
    return 0.1;
}

static void spreads_are_within_their_error(void **state)
{
    (void)state;
    for (size_t count = 1; count < 100000; count = count * 3 + 1) {
        check_spread(draw_log_normal, count);
        check_spread(draw_signed, count);
        check_spread(draw_huge, count);
        check_spread(draw_same, count);
    }
    struct afmon_spread spread = {0};
    afmon_distribution d;
    for (int i = 0; i < 1000; i++)
        afmon_spread_add(&spread, 0.1, NULL);
    afmon_spread_add(&spread, NAN, NULL);
    afmon_spread_distribution(&spread, &d);
    assert_true(d.p50 == 0.1 && d.p99 == 0.1 && d.not_finite == 1 && d.count == 1000);
    afmon_spread_free(&spread);
}

/* ---- Tallies ---- */

static void counts_are_right(void **state)
{
    (void)state;
    struct afmon_run_tally *tally = afmon_run_tally_new();
    afmon_field retried[] = {afmon_string("error_type", "rate_limit"), afmon_bool("retried", true)};
    afmon_field evaluated[] = {afmon_string("evaluator_type", "judge"), afmon_bool("success", false),
                               afmon_string("operation", "evaluation")};
    afmon_field used[] = {afmon_string("model_name", "j"), afmon_string("operation", "evaluation")};
    for (int i = 99; i >= 0; i--) /* from the end, as a live reader may */
        add_generation(tally, T0 + i * S, i % 2 ? "a" : "b", i, i % 10 != 0);
    add(tally, "api_errors", 1, T0, retried, 2);
    add(tally, "evaluation_time", 2, T0 + 100 * S, evaluated, 3);
    add(tally, "evaluation_score_tone", 0.5, T0, evaluated, 1);
    add(tally, "evaluation_score_tone", NAN, T0, evaluated, 1);
    add(tally, "total_token_count", 7, T0, used, 2);
    add(tally, "total_token_count", -7, T0, used, 2);
    add(tally, "something", 7, T0, NULL, 0);
    afmon_run_summary *s = read_plain(tally);
    assert_non_null(s);
    assert_int_equal(s->generations, 100);
    assert_int_equal(s->generation_failures, 10);
    assert_int_equal(s->evaluations, 1);
    assert_int_equal(s->evaluation_failures, 1);
    assert_int_equal(s->retries, 1);
    assert_int_equal(s->not_finite, 1);
    assert_int_equal(s->total_tokens, 1007);
    assert_true(s->first_ns == T0 && s->last_ns == T0 + 100 * S && s->duration_s == 100);
    assert_true(s->generations_per_s == 1.0);
    assert_int_equal(s->recent_generations, 100);
    assert_int_equal(s->recent_failures, 10);
    assert_int_equal(s->error_count, 2);
    assert_string_equal(s->errors[0].error_type, "timeout");
    assert_int_equal(s->errors[0].generations, 10);
    assert_string_equal(s->errors[1].error_type, "rate_limit");
    assert_int_equal(s->errors[1].retries, 1);
    assert_int_equal(s->finish_count, 2);
    assert_string_equal(s->finishes[0].reason, "stop");
    assert_true(s->finishes[0].share == 0.9);
    assert_int_equal(s->model_count, 2);
    assert_string_equal(s->models[0].model_name, "m");
    assert_int_equal(s->models[0].calls, 100);
    assert_int_equal(s->models[1].total_tokens, 7);
    assert_int_equal(s->operation_count, 3);
    assert_string_equal(s->operations[0].operation, "a");
    assert_int_equal(s->operations[0].failures, 0);
    assert_int_equal(s->operations[1].failures, 10);
    assert_int_equal(s->operations[1].total_tokens, 500);
    assert_true(s->operations[2].evaluation);
    assert_int_equal(s->operations[2].total_tokens, 7); /* the evaluation's, not a generation's that there is not */
    assert_int_equal(s->score_count, 1);
    assert_string_equal(s->scores[0].evaluator_type, "judge");
    assert_true(s->scores[0].score.p50 == 0.5 && s->scores[0].score.not_finite == 1);
    assert_int_equal(s->warning_count, 1);
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
}

static void failures_without_a_type_are_told(void **state)
{
    (void)state;
    struct afmon_run_tally *tally = afmon_run_tally_new();
    for (int i = 0; i < 3; i++)
        add(tally, "success_rate", 0, T0, NULL, 0);
    afmon_run_summary *s = read_plain(tally);
    assert_int_equal(s->error_count, 1);
    assert_string_equal(s->errors[0].error_type, "");
    assert_int_equal(s->errors[0].generations, 3);
    assert_true(s->errors[0].share == 1.0);
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
}

static void names_are_bounded(void **state)
{
    (void)state;
    struct afmon_run_tally *tally = afmon_run_tally_new();
    char *name = malloc(10001);
    memset(name, 'x', 10000);
    name[10000] = '\0';
    for (int i = 0; i < 3000; i++) {
        char number[16];
        memcpy(name + 9900, number, (size_t)snprintf(number, sizeof number, "%d", i));
        add_generation(tally, T0 + i * S, name, 1, true);
    }
    afmon_run_summary *s = read_plain(tally);
    uint64_t sum = 0;
    assert_int_equal(s->operation_count, 1001);
    for (size_t i = 0; i < s->operation_count; i++) {
        sum += s->operations[i].count;
        assert_true(strlen(s->operations[i].operation) <= 200);
    }
    assert_int_equal(sum, 3000);
    assert_string_equal(s->operations[0].operation, "(other)");
    assert_int_equal(s->operations[0].count, 2000);
    assert_int_equal(s->warning_count, 1);
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
    free(name);
}

static void times_may_be_anything(void **state)
{
    (void)state;
    struct afmon_run_tally *tally = afmon_run_tally_new();
    const int64_t times[] = {T0, INT64_MIN, INT64_MAX, 0, -1, T0 + S};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        add(tally, "success_rate", 1, times[i], NULL, 0);
    for (int i = 0; i < 200000; i++)
        add(tally, "success_rate", 1, T0 + (int64_t)(random_unit() * 1e17), NULL, 0);
    afmon_run_summary *s = read_plain(tally);
    assert_int_equal(s->generations, 200006);
    assert_int_equal(s->verdict, AFMON_VERDICT_HEALTHY);
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
}

/* ---- Verdicts ---- */

static afmon_verdict verdict_of(int first_good, int bad, int last_good, double step_s)
{
    struct afmon_run_tally *tally = afmon_run_tally_new();
    int total = first_good + bad + last_good;
    for (int i = 0; i < total; i++)
        add_generation(tally, T0 + (int64_t)(i * step_s * 1e9), "x", 1, i < first_good || i >= first_good + bad);
    afmon_run_summary *s = read_plain(tally);
    afmon_verdict verdict = s->verdict;
    assert_true(s->reason_count > 0);
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
    return verdict;
}

static void verdicts_are_what_the_header_says(void **state)
{
    (void)state;
    assert_int_equal(verdict_of(0, 0, 0, 1), AFMON_VERDICT_NO_DATA);
    assert_int_equal(verdict_of(1, 0, 0, 1), AFMON_VERDICT_HEALTHY);
    assert_int_equal(verdict_of(50, 1, 50, 1), AFMON_VERDICT_HEALTHY);
    assert_int_equal(verdict_of(0, 5, 0, 1), AFMON_VERDICT_FAILED);
    assert_int_equal(verdict_of(50, 50, 0, 1), AFMON_VERDICT_DEGRADED); /* not fewer than half */
    assert_int_equal(verdict_of(49, 50, 0, 1), AFMON_VERDICT_FAILED);
    assert_int_equal(verdict_of(900, 400, 900, 1), AFMON_VERDICT_DEGRADED); /* over, but it held */
    assert_int_equal(verdict_of(9000, 400, 0, 1), AFMON_VERDICT_FAILED);    /* it ended broken */
    assert_int_equal(verdict_of(2000, 9, 0, 60), AFMON_VERDICT_DEGRADED);   /* too few in five minutes to tell */
}

static void missing_data_degrade(void **state)
{
    (void)state;
    struct afmon_run_tally *tally = afmon_run_tally_new();
    add_generation(tally, T0, "x", 1, true);
    struct afmon_run_facts facts = {.problem_count = 2};
    afmon_run_summary *s = afmon_run_tally_read(tally, &facts);
    assert_int_equal(s->verdict, AFMON_VERDICT_DEGRADED);
    assert_string_equal(s->reasons[0].text, "2 lines of the metrics files could not be read.");
    assert_string_equal(afmon_verdict_name(s->verdict), "degraded");
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
}

static void own_alerts_are_those_of_a_replay(void **state)
{
    (void)state;
    struct afmon_run_tally *tally = afmon_run_tally_new();
    for (int i = 0; i < 3600; i++)
        add_generation(tally, T0 + i * S, "x", 1, i < 1000 || i >= 1600 || i % 2 == 0);
    afmon_run_summary *s = read_plain(tally);
    assert_int_equal(s->alert_count, 2);
    assert_string_equal(s->alerts[0].worst.name, "low_success_rate");
    assert_string_equal(s->alerts[1].worst.name, "high_error_rate");
    /* Half fail from 1000 s on: 20 % of five minutes are reached 120 s later, and lost 120 s before 1900 s. */
    assert_in_range(s->alerts[0].first_ns, T0 + 1115 * S, T0 + 1130 * S);
    assert_in_range(s->alerts[0].last_ns, T0 + 1770 * S, T0 + 1785 * S);
    assert_string_equal(s->alerts[0].worst.message, "Success rate dropped to 50.0%");
    afmon_run_summary_free(s);
    afmon_run_tally_free(tally);
}

/* ---- Views ---- */

static void track_some(afmon_monitor *monitor, int count)
{
    for (int i = 0; i < count; i++) {
        afmon_field fields[] = {afmon_string("component", "c"), afmon_string("operation", i % 3 ? "one" : "two")};
        afmon_generation generation = {.duration_s = 0.1 + i,
                                       .success = i % 4 != 0,
                                       .model_name = "m",
                                       .finish_reason = "stop",
                                       .error = i % 4 ? NULL : "it broke",
                                       .error_type = i % 4 ? NULL : "broken",
                                       .total_token_count = AFMON_GIVEN(i),
                                       .fields = fields,
                                       .field_count = 2};
        assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
    }
}

static void a_view_is_summed_up(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    track_some(monitor, 1000);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_run_summary *s;
    assert_int_equal(afmon_view_summarize(view, NULL, &s, NULL), AFMON_OK);
    afmon_aggregate times;
    afmon_token_usage usage;
    assert_int_equal(afmon_view_aggregate(view, "generation_time", AFMON_WINDOW_ALL, &times), AFMON_OK);
    assert_int_equal(afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
    assert_true(s->generation_time_s.p50 == times.p50 && s->generation_time_s.p99 == times.p99);
    assert_true(s->generation_time_s.quantile_error == 0);
    assert_int_equal(s->total_tokens, usage.total_tokens);
    assert_int_equal(s->generations, 1000);
    assert_int_equal(s->errors[0].generations, 250);
    assert_int_equal(s->verdict, AFMON_VERDICT_DEGRADED);
    assert_string_equal(s->operations[0].component, "c");
    afmon_token_usage_free(&usage);
    afmon_run_summary_free(s);
    afmon_summary_options options;
    afmon_summary_options_init(&options);
    options.interval_s = 0.5;
    assert_int_equal(afmon_view_summarize(view, &options, &s, NULL), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_summarize(NULL, NULL, &s, NULL), AFMON_E_ARGUMENT);
    afmon_run_summary_free(NULL);
    afmon_view_close(view);
    remove_folder(folder);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    track_some(monitor, 40);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    for (long n = 1;; n++) {
        afmon_run_summary *s;
        fail_alloc_at(n);
        afmon_status status = afmon_view_summarize(view, NULL, &s, NULL);
        bool failed = fail_alloc_stop();
        assert_true(failed ? status == AFMON_E_NO_MEMORY && s == NULL : status == AFMON_OK && s->generations == 40);
        afmon_run_summary_free(s);
        if (!failed)
            break;
    }
    afmon_view_close(view);
    remove_folder(folder);
}

static void a_tally_survives_without_memory(void **state)
{
    (void)state;
    for (long n = 1; n < 60; n++) {
        struct afmon_run_tally *tally = afmon_run_tally_new();
        assert_non_null(tally);
        fail_alloc_at(n);
        for (int i = 0; i < 100; i++)
            add_generation(tally, T0 + i * S, i % 2 ? "a" : "b", i + 1, true);
        (void)fail_alloc_stop();
        afmon_run_summary *s = read_plain(tally);
        assert_int_equal(s->generations, 100);
        afmon_run_summary_free(s);
        afmon_run_tally_free(tally);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_are_within_their_error),
        cmocka_unit_test(counts_are_right),
        cmocka_unit_test(failures_without_a_type_are_told),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(times_may_be_anything),
        cmocka_unit_test(verdicts_are_what_the_header_says),
        cmocka_unit_test(missing_data_degrade),
        cmocka_unit_test(own_alerts_are_those_of_a_replay),
        cmocka_unit_test(a_view_is_summed_up),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_tally_survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
