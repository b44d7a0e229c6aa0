/* Meters, and the text that is made of them. */
#include <afmon/afmon.h>
#include <math.h>
#include <stdio.h>

#include "fail_alloc.h"
#include "prometheus/text.h"
#include "run_folder.h"

static void add_fields(struct afmon_meters *meters, const char *metric, double value, int64_t at,
                       const afmon_field *fields, size_t count)
{
    afmon_sample sample = {.metric = metric,
                           .metric_length = strlen(metric),
                           .value = value,
                           .timestamp_ns = at,
                           .fields = fields,
                           .field_count = count};
    afmon_meters_add(meters, &sample);
}

static void add(struct afmon_meters *meters, const char *metric, double value, int64_t at)
{
    afmon_field operation = afmon_string("operation", "answer_generation");
    add_fields(meters, metric, value, at, &operation, 1);
}

/* The text of the meters; malloc'ed. */
static char *text_of(struct afmon_meters *meters, afmon_prometheus_format format)
{
    struct afmon_buffer out;
    afmon_buffer_init(&out, SIZE_MAX);
    afmon_prometheus_text(meters, NULL, format, &out);
    afmon_buffer_add(&out, "", 1);
    assert_false(out.failed);
    return out.data;
}

#define assert_has(text, part)                                                                                         \
    do {                                                                                                               \
        if (strstr((text), (part)) == NULL)                                                                            \
            fail_msg("%s\nis not in\n%s", (part), (text));                                                             \
    } while (0)

/* A tracked call as the monitor expands it, and another one at the same time from another thread. */
static void add_call(struct afmon_meters *meters, int64_t at, const char *model, bool success)
{
    char usage[80];
    snprintf(usage, sizeof usage, "model_usage:%s", model);
    add(meters, "generation_time", 2.0, at);
    add(meters, "success_rate", success, at);
    add(meters, "error_rate", !success, at);
    if (!success)
        add_fields(meters, "api_errors", 1, at,
                   (afmon_field[]){afmon_string("error_type", "RateLimitError"), afmon_int("status", 429)}, 2);
    add(meters, usage, 1, at);
    add_fields(meters, "prompt_token_count", 200, at, (afmon_field[]){afmon_string("model_name", model)}, 1);
}

static void a_call_is_one_observation_with_its_model_and_error(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    add_call(meters, 1000, "small", true);
    add_call(meters, 1000, "large", false);
    afmon_meters_settle(meters);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "# TYPE gen_ai_client_operation_duration_seconds histogram\n"
                     "# UNIT gen_ai_client_operation_duration_seconds seconds\n");
    assert_has(text, "gen_ai_client_operation_duration_seconds_bucket{gen_ai_operation_name=\"chat\","
                     "gen_ai_provider_name=\"unknown\",gen_ai_request_model=\"small\","
                     "afmon_operation=\"answer_generation\",le=\"1.28\"} 0.0\n");
    assert_has(text, "gen_ai_request_model=\"large\",afmon_operation=\"answer_generation\","
                     "error_type=\"RateLimitError\",le=\"2.56\"} 1.0\n");
    assert_has(text, "gen_ai_client_operation_duration_seconds_sum{gen_ai_operation_name=\"chat\","
                     "gen_ai_provider_name=\"unknown\",gen_ai_request_model=\"small\","
                     "afmon_operation=\"answer_generation\"} 2.0\n");
    assert_has(text, "afmon_generations_total{outcome=\"failure\",afmon_operation=\"answer_generation\"} 1.0\n");
    assert_has(text, "afmon_api_errors_total{error_type=\"RateLimitError\",http_response_status_code=\"429\","
                     "retried=\"false\"} 1.0\n");
    assert_has(text, "gen_ai_token_type=\"input\",le=\"256.0\"} 1.0\n");
    assert_has(text, "# EOF\n");
    assert_int_equal(strlen(strstr(text, "# EOF\n")), strlen("# EOF\n"));
    free(text);
    afmon_meters_free(meters);
}

static void the_older_text_names_counters_in_full(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    add(meters, "success_rate", 1, 1);
    char *old = text_of(meters, AFMON_PROMETHEUS_TEXT);
    char *new = text_of(meters, AFMON_OPENMETRICS);
    assert_has(old, "# TYPE afmon_generations_total counter\n");
    assert_has(new, "# TYPE afmon_generations counter\n");
    assert_null(strstr(old, "# EOF"));
    assert_null(strstr(old, "# UNIT"));
    free(old);
    free(new);
    afmon_meters_free(meters);
    assert_int_equal(afmon_prometheus_choose(NULL), AFMON_PROMETHEUS_TEXT);
    assert_int_equal(afmon_prometheus_choose("text/plain;q=0.5,application/openmetrics-text;version=1.0.0;q=0.6"),
                     AFMON_OPENMETRICS);
}

static void names_without_end_are_bounded_and_counted(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    enum { NAMES = 10000 };
    for (int i = 0; i < NAMES; i++) {
        char name[40];
        snprintf(name, sizeof name, "custom_%d", i);
        add(meters, name, i, i);
    }
    /* metric and samples at their bounds, each with one of "other"; overflows of the two */
    assert_int_equal(afmon_meters_count(meters), 2 * (AFMON_METER_SERIES + 1) + 2);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    char expected[100];
    snprintf(expected, sizeof expected, "afmon_samples_total{metric=\"other\"} %d.0\n", NAMES - AFMON_METER_SERIES);
    assert_has(text, expected);
    snprintf(expected, sizeof expected, "afmon_label_overflows_total{instrument=\"afmon_samples\"} %d.0\n",
             NAMES - AFMON_METER_SERIES);
    assert_has(text, expected);
    assert_int_equal(afmon_meters_samples(meters), NAMES);
    free(text);
    afmon_meters_free(meters);
}

static void strange_label_values_are_made_safe_and_stay_one_series(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    char longest[4 * AFMON_METER_LABEL_SIZE];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    add(meters, "finish_reason:a\"b\\c\nd", 1, 1);
    add(meters, "finish_reason:\xFF", 1, 2);
    add(meters, "finish_reason:\xFE", 1, 3);
    add_fields(meters, "prompt_token_count", 1, 4, (afmon_field[]){afmon_string("model_name", longest)}, 1);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_finish_reasons_total{finish_reason=\"a\\\"b\\\\c_d\"} 1.0\n");
    assert_has(text, "afmon_finish_reasons_total{finish_reason=\"\xEF\xBF\xBD\"} 2.0\n");
    longest[AFMON_METER_LABEL_SIZE + 1] = '\0';
    assert_null(strstr(text, longest));
    longest[AFMON_METER_LABEL_SIZE] = '\0';
    assert_has(text, longest);
    free(text);
    afmon_meters_free(meters);
}

static void what_is_not_finite_is_counted_and_in_no_histogram(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    add(meters, "evaluation_score_tone", NAN, 1);
    add(meters, "evaluation_score_tone", INFINITY, 2);
    add(meters, "evaluation_score_tone", -0.5, 3);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_not_finite_samples_total{metric=\"evaluation_score_tone\"} 2.0\n");
    assert_has(text, "afmon_evaluation_score_bucket{score=\"tone\",le=\"0.0\"} 1.0\n");
    assert_has(text, "afmon_evaluation_score_count{score=\"tone\"} 1.0\n");
    free(text);
    afmon_meters_free(meters);
}

static void add_bare(struct afmon_meters *meters, const char *metric, double value, int64_t at)
{
    afmon_field own[] = {afmon_string("operation", "answer_generation"), afmon_string("afmon_source", "record_metric")};
    add_fields(meters, metric, value, at, own, 2);
}

/* afterimage's generators record the error of a call that they track, too. */
static void what_stands_beside_a_tracked_call_counts_only_without_one(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    add_bare(meters, "error_rate", 1, 500);
    add_bare(meters, "api_errors", 1, 500);
    add_bare(meters, "success_rate", 0, 500);
    size_t alone = afmon_meters_count(meters);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_generation_errors_total{afmon_operation=\"answer_generation\"} 1.0\n");
    assert_has(text, "afmon_generations_total{outcome=\"failure\",afmon_operation=\"answer_generation\"} 1.0\n");
    assert_has(text, "afmon_api_errors_total{retried=\"false\"} 1.0\n");
    free(text);
    add(meters, "generation_time", 2.0, 1000);
    add_bare(meters, "error_rate", 1, 1000); /* beside the call, at its time: not its error */
    add(meters, "success_rate", 1, 1000);
    add(meters, "error_rate", 0, 1000);
    afmon_meters_settle(meters);
    text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_generation_errors_total{afmon_operation=\"answer_generation\"} 0.0\n");
    assert_has(text, "afmon_generations_total{outcome=\"failure\",afmon_operation=\"answer_generation\"} 0.0\n");
    assert_has(text, "afmon_generations_total{outcome=\"success\",afmon_operation=\"answer_generation\"} 1.0\n");
    assert_has(text, "afmon_api_errors_total{retried=\"false\"} 1.0\n"); /* of that name there is no tracked one */
    assert_null(strstr(text, "error_type"));
    assert_true(afmon_meters_count(meters) > alone);
    free(text);
    afmon_meters_free(meters);
}

/* As afterimage's own monitor and its generators record two calls: the failed one is an error twice. */
static void errors_of_an_error_rate_without_zeros_are_the_failures(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    add(meters, "success_rate", 1, 1000);
    add(meters, "success_rate", 0, 2000);
    add(meters, "error_rate", 1, 2000);
    add(meters, "error_rate", 1, 3000);
    add(meters, "success_rate", 1, 4000);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_generation_errors_total{afmon_operation=\"answer_generation\"} 1.0\n");
    free(text);
    add(meters, "error_rate", 0, 4000); /* a zero: they are as they were recorded */
    text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_generation_errors_total{afmon_operation=\"answer_generation\"} 2.0\n");
    free(text);
    afmon_meters_free(meters);
}

static void an_attempt_that_was_tried_again_counts_beside_both(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    afmon_field own[] = {afmon_string("error_type", "RateLimitError"), afmon_bool("retried", true),
                         afmon_string("afmon_source", "record_metric")};
    add_fields(meters, "api_errors", 1, 500, own, 2);
    add_fields(meters, "api_errors", 1, 600, own, 3); /* as 0.1.0 marked them */
    add_bare(meters, "api_errors", 1, 700);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_api_errors_total{error_type=\"RateLimitError\",retried=\"true\"} 2.0\n");
    assert_has(text, "afmon_api_errors_total{retried=\"false\"} 1.0\n");
    free(text);
    add_call(meters, 1000, "small", false);
    text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_api_errors_total{error_type=\"RateLimitError\",retried=\"true\"} 2.0\n");
    assert_null(strstr(text, "{retried=\"false\"}"));
    free(text);
    afmon_meters_free(meters);
}

static void alerts_are_active_while_they_hold(void **state)
{
    (void)state;
    struct afmon_meters *meters = afmon_meters_new();
    afmon_alert alert = {.name = "low_success_rate", .level = AFMON_WARNING};
    afmon_meters_set_alerts(meters, &alert, 1);
    afmon_meters_set_alerts(meters, &alert, 1);
    char *text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_alert_active{alert=\"low_success_rate\",level=\"warning\"} 1.0\n");
    free(text);
    afmon_meters_set_alerts(meters, NULL, 0);
    text = text_of(meters, AFMON_OPENMETRICS);
    assert_has(text, "afmon_alert_active{alert=\"low_success_rate\",level=\"warning\"} 0.0\n");
    assert_has(text, "afmon_alerts_total{alert=\"low_success_rate\",level=\"warning\"} 2.0\n");
    free(text);
    afmon_meters_free(meters);
}

/* ---- a whole view ---- */

static int collect(void *user, const void *data, size_t size)
{
    afmon_buffer_add(user, data, size);
    return 0;
}

static int refuse(void *user, const void *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return 1;
}

/* Only whole names are those of tracked calls. */
static void a_metric_of_ones_own_is_no_error(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_generation good = {.duration_s = 1, .success = true, .model_name = "m1"};
    static const char *const own[] = {"error_rate_budget_left", "success_rate_lost", "api_errors_left", "model_usage:"};
    for (int i = 0; i < 20; i++) {
        assert_int_equal(afmon_track_generation(monitor, &good), AFMON_OK);
        for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
            assert_int_equal(afmon_record_metric(monitor, own[k], k == 1 ? 0 : 0.7, NULL, 0), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 20, NULL), AFMON_OK);
    afmon_view *view;
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    struct afmon_buffer text;
    afmon_buffer_init(&text, SIZE_MAX);
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, collect, &text, NULL), AFMON_OK);
    afmon_buffer_add(&text, "", 1);
    assert_has(text.data, "_duration_seconds_count{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"unknown\","
                          "gen_ai_request_model=\"m1\"} 20.0\n");
    assert_null(strstr(text.data, "error_type"));
    assert_null(strstr(text.data, "gen_ai_request_model=\"\""));
    assert_has(text.data, "afmon_metric_count{metric=\"error_rate_budget_left\"} 20.0\n");
    assert_has(text.data, "afmon_metric_count{metric=\"model_usage:\"} 20.0\n");
    afmon_buffer_free(&text);
    afmon_view_close(view);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

static void a_view_joins_calls_as_they_were_written(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_generation good = {
        .duration_s = 1, .success = true, .model_name = "m1", .prompt_token_count = AFMON_GIVEN(7)};
    afmon_generation bad = {.duration_s = 3, .model_name = "m2", .error = "no", .error_type = "Timeout"};
    for (int i = 0; i < 10; i++) /* some of them end in the same microsecond */
        assert_int_equal(afmon_track_generation(monitor, i % 2 == 0 ? &good : &bad), AFMON_OK);
    assert_int_equal(afmon_monitor_flush(monitor, 20, NULL), AFMON_OK);
    afmon_view *view;
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    struct afmon_buffer text;
    afmon_buffer_init(&text, SIZE_MAX);
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, collect, &text, NULL), AFMON_OK);
    afmon_buffer_add(&text, "", 1);
    assert_has(text.data, "_duration_seconds_count{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"unknown\","
                          "gen_ai_request_model=\"m1\"} 5.0\n");
    assert_has(text.data, "_duration_seconds_sum{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"unknown\","
                          "gen_ai_request_model=\"m2\",error_type=\"Timeout\"} 15.0\n");
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, refuse, NULL, NULL), AFMON_E_CANCELLED);
    assert_int_equal(afmon_prometheus_write(NULL, AFMON_OPENMETRICS, refuse, NULL, NULL), AFMON_E_ARGUMENT);
    long n = 1;
    for (;; n++) {
        afmon_buffer_clear(&text);
        fail_alloc_at(n);
        afmon_status status = afmon_prometheus_write(view, AFMON_OPENMETRICS, collect, &text, NULL);
        if (!fail_alloc_stop())
            break;
        /* A label set that finds no memory is counted as an overflow; everything else ends it. */
        assert_true(status == AFMON_OK || status == AFMON_E_NO_MEMORY);
    }
    assert_true(n > 5);
    afmon_buffer_free(&text);
    afmon_view_close(view);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_one_observation_with_its_model_and_error),
        cmocka_unit_test(the_older_text_names_counters_in_full),
        cmocka_unit_test(names_without_end_are_bounded_and_counted),
        cmocka_unit_test(strange_label_values_are_made_safe_and_stay_one_series),
        cmocka_unit_test(what_is_not_finite_is_counted_and_in_no_histogram),
        cmocka_unit_test(what_stands_beside_a_tracked_call_counts_only_without_one),
        cmocka_unit_test(an_attempt_that_was_tried_again_counts_beside_both),
        cmocka_unit_test(errors_of_an_error_rate_without_zeros_are_the_failures),
        cmocka_unit_test(alerts_are_active_while_they_hold),
        cmocka_unit_test(a_metric_of_ones_own_is_no_error),
        cmocka_unit_test(a_view_joins_calls_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
