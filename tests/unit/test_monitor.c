/* The monitor as its users see it: what is recorded, what stands in the files, what is answered. */
#include "run_folder.h"

#include <pthread.h>
#include <time.h>

static void a_sample_is_a_line(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field fields[] = {afmon_string("model", "a\"b\n"), afmon_int("n", 3), afmon_bool("ok", true),
                            afmon_double("x", 0.1), afmon_null("none")};
    assert_int_equal(afmon_record_metric(monitor, "m", 1, fields, 5), AFMON_OK);
    assert_int_equal(afmon_record_metric(monitor, "m", 0.25, NULL, 0), AFMON_OK);
    assert_int_equal(afmon_record_metric(monitor, "m", (double)NAN, NULL, 0), AFMON_OK);
    afmon_close_report report;
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    assert_int_equal(report.samples_recorded, 3);
    assert_int_equal(report.samples_written, 3);
    assert_true(report.drained);
    char *text = read_text(folder, "metrics.jsonl");
    const char *first =
        "{\"metric\": \"m\", \"value\": 1.0, \"model\": \"a\\\"b\\n\", \"n\": 3, \"ok\": true, \"x\": 0.1, "
        "\"none\": null, \"timestamp\": \"";
    assert_memory_equal(text, first, strlen(first));
    assert_non_null(strstr(text, "\n{\"metric\": \"m\", \"value\": 0.25, \"timestamp\": \""));
    assert_non_null(strstr(text, "\n{\"metric\": \"m\", \"value\": null, \"timestamp\": \""));
    assert_non_null(strstr(text, "+00:00\"}\n"));
    free(text);
    char private[512];
    snprintf(private, sizeof private, "%s/.afmon", folder);
    assert_int_not_equal(access(private, F_OK), 0); /* nothing is left of a clean close */
    remove_folder(folder);
}

static void handles_record_like_names(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field fields[] = {afmon_string("k", "v")};
    afmon_metric *plain, *again, *with;
    assert_int_equal(afmon_metric_resolve(monitor, "m", NULL, 0, &plain), AFMON_OK);
    assert_int_equal(afmon_metric_resolve(monitor, "m", NULL, 0, &again), AFMON_OK);
    assert_int_equal(afmon_metric_resolve(monitor, "m", fields, 1, &with), AFMON_OK);
    assert_ptr_equal(plain, again);
    assert_ptr_not_equal(plain, with);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(afmon_record(plain, i), AFMON_OK);
        assert_int_equal(afmon_record(with, i), AFMON_OK);
    }
    afmon_aggregate aggregate;
    assert_int_equal(afmon_get_metrics(monitor, "m", 300, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 2000);
    assert_float_equal(aggregate.mean, 499.5, 1e-9);
    assert_float_equal(aggregate.p50, 499.5, 1e-9);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"k\": \"v\", "), 1000);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), 2000);
    remove_folder(folder);
}

static uint64_t count_of_metric(afmon_monitor *monitor, const char *name)
{
    afmon_aggregate aggregate;
    assert_int_equal(afmon_get_metrics(monitor, name, AFMON_ALL_TIME, &aggregate), AFMON_OK);
    return aggregate.count;
}

static void a_generation_is_its_samples_and_a_log_record(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field fields[] = {afmon_string("operation", "answer_generation"), afmon_string("component", "opensimula")};
    afmon_generation call = {.duration_s = 1.5,
                             .success = true,
                             .model_name = "org/model:free",
                             .finish_reason = "stop",
                             .prompt_token_count = AFMON_GIVEN(0),
                             .completion_token_count = AFMON_GIVEN(20),
                             .conversation_length = AFMON_GIVEN(2),
                             .fields = fields,
                             .field_count = 2};
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_int_equal(count_of_metric(monitor, "generation_time"), 1);
    assert_int_equal(count_of_metric(monitor, "error_rate"), 1);
    assert_int_equal(count_of_metric(monitor, "api_errors"), 0);
    assert_int_equal(count_of_metric(monitor, "model_usage:org/model:free"), 1);
    assert_int_equal(count_of_metric(monitor, "finish_reason:stop"), 1);
    assert_int_equal(count_of_metric(monitor, "prompt_token_count"), 1);
    assert_int_equal(count_of_metric(monitor, "total_token_count"), 0);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_recorded, report.samples_written);
    assert_int_equal(report.samples_recorded, 8);
    assert_int_equal(
        count_in(folder, "metrics.jsonl", "\"operation\": \"answer_generation\", \"component\": \"opensimula\", "), 8);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"completion_token_count\", \"value\": 20.0, \"model_name\": "
                              "\"org/model:free\", \"operation\""),
                     1);
    assert_int_equal(
        count_in(folder, "afterimage.log", " - {\"message\": \"Generation metrics\", \"data\": {\"timestamp\": \""), 1);
    assert_int_equal(count_in(folder, "afterimage.log", "\"component\": \"opensimula\"}, \"level\": \"info\"}\n"), 1);
    remove_folder(folder);
}

static void an_api_failure_is_counted(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_generation by_status = {
        .duration_s = 1, .error = "slow down", .error_type = "RateLimitError", .http_status = 429};
    afmon_field type[] = {afmon_string("error_type", "openai.APITimeoutError")};
    afmon_generation by_field = {.duration_s = 1, .error = "x", .fields = type, .field_count = 1};
    afmon_generation by_text = {.duration_s = 1, .error = "Error code: 503 - {'error': 'busy'}"};
    afmon_generation own = {.duration_s = 1, .error = "no idea"};
    afmon_generation ones_own = {.duration_s = 1, .error = "x", .error_type = "ValueError"};
    afmon_field item[] = {afmon_string("operation", "conversation_generation"), type[0]};
    afmon_generation of_item = {.duration_s = 1, .error = "x", .http_status = 429, .fields = item, .field_count = 2};
    afmon_generation fine = {.duration_s = 1, .success = true, .http_status = 200};
    const afmon_generation *const calls[] = {&by_status, &by_field, &by_text, &own, &ones_own, &of_item, &fine};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        assert_int_equal(afmon_track_generation(monitor, calls[i]), AFMON_OK);
    assert_int_equal(count_of_metric(monitor, "api_errors"), 3);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"status\": 503, "),
                     2); /* of its error, and of its API error */
    afmon_aggregate errors;
    afmon_get_metrics(monitor, "error_rate", 300, &errors);
    assert_float_equal(errors.mean, 6.0 / 7, 1e-12);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_recorded, report.samples_written);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"api_errors\", \"value\": 1.0, \"error_type\": \"RateLimitError\", "
                              "\"status\": 429, "),
                     1);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"error_rate\", \"value\": 1.0, \"error\": \"slow down\", \"error_type\": "
                              "\"RateLimitError\", \"status\": 429, "),
                     1);
    remove_folder(folder);
}

/* What a failure hit is on each of its samples, and what it was on the one that counts it, once. */
static void every_sample_of_a_call_has_its_model_and_fields(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field fields[] = {afmon_string("item_id", "7"), afmon_string("error", "mine"),
                            afmon_string("model_name", "of the caller")};
    afmon_generation call = {.duration_s = 1,
                             .model_name = "m",
                             .finish_reason = "length",
                             .error = "line one\n\"two\"",
                             .error_type = "ValueError",
                             .total_token_count = AFMON_GIVEN(7),
                             .conversation_length = AFMON_GIVEN(2),
                             .fields = fields,
                             .field_count = 1};
    afmon_score scores[] = {{"coherence", 0.9, NULL}};
    afmon_evaluation judged = {.duration_s = 1,
                               .evaluator_type = "judge",
                               .scores = scores,
                               .score_count = 1,
                               .model_name = "m",
                               .error = "no verdict",
                               .error_type = "KeyError",
                               .total_token_count = AFMON_GIVEN(7),
                               .fields = fields,
                               .field_count = 1};
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_int_equal(afmon_track_evaluation(monitor, &judged), AFMON_OK);
    call.field_count = 3;
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    size_t calls = (size_t)report.samples_written;
    assert_int_equal(report.samples_recorded, report.samples_written);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"model_name\": \""), calls);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"item_id\": \"7\", "), calls);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"error_rate\", \"value\": 1.0, \"model_name\": \"m\", \"error\": \"line "
                              "one\\n\\\"two\\\"\", \"error_type\": \"ValueError\", \"item_id\": \"7\", \"timestamp\""),
                     1);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"evaluation_error_rate\", \"value\": 1.0, \"model_name\": \"m\", "
                              "\"evaluator_type\": \"judge\", \"error\": \"no verdict\", \"error_type\": \"KeyError\", "
                              "\"item_id\": \"7\", \"timestamp\""),
                     1);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"error\": \"no verdict\""), 1);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"error_rate\", \"value\": 1.0, \"model_name\": \"of the caller\", "
                              "\"error\": \"mine\", \"error_type\": \"ValueError\", \"item_id\": \"7\", \"timestamp\""),
                     1);
    remove_folder(folder);
}

/* Texts of errors do not repeat. */
static void texts_of_errors_stay_within_the_bound(void **state)
{
    (void)state;
    enum { CALLS = 4000, BOUND = 1 << 20 };
    char *folder = make_folder();
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.max_memory = BOUND;
    afmon_monitor *monitor;
    afmon_error error;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_OK);
    char text[2048];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < CALLS; i++) {
        (void)snprintf(text, sizeof text, "failure %d", i);
        text[strlen(text)] = 'x';
        assert_int_equal(afmon_track_generation(monitor, &(afmon_generation){.error = text}), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 60, &error), AFMON_OK);
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    assert_in_range(stats.bytes_in_memory, 1, 2 * BOUND);
    assert_int_equal(count_of_metric(monitor, "error_rate"), CALLS);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

static void an_evaluation_is_its_scores(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_score scores[] = {{"coherence", 0.9, NULL}, {"factuality", 0.5, "one date is wrong"}};
    afmon_evaluation call = {.duration_s = 0.5,
                             .success = true,
                             .evaluator_type = "judge",
                             .scores = scores,
                             .score_count = 2,
                             .model_name = "m",
                             .total_token_count = AFMON_GIVEN(7)};
    assert_int_equal(afmon_track_evaluation(monitor, &call), AFMON_OK);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_written, 5);
    assert_int_equal(report.samples_recorded, 5);
    assert_int_equal(
        count_in(
            folder, "metrics.jsonl",
            "{\"metric\": \"evaluation_time\", \"value\": 0.5, \"model_name\": \"m\", \"evaluator_type\": \"judge\", "
            "\"success\": true, "),
        1);
    assert_int_equal(count_in(folder, "metrics.jsonl",
                              "{\"metric\": \"evaluation_score_factuality\", \"value\": 0.5, \"model_name\": \"m\", "
                              "\"evaluator_type\": \"judge\", \"feedback\": \"one date is wrong\", "),
                     1);
    assert_int_equal(count_in(folder, "metrics.jsonl", "{\"metric\": \"evaluation_error_rate\", \"value\": 0.0, "), 1);
    assert_int_equal(
        count_in(
            folder, "afterimage.log",
            "\"scores\": {\"coherence\": 0.9, \"factuality\": {\"score\": 0.5, \"feedback\": \"one date is wrong\"}}"),
        1);
    remove_folder(folder);
}

static void reserved_keys_do_not_collide(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field fields[] = {afmon_string("metric", "a"), afmon_string("value", "b"), afmon_string("timestamp", "c"),
                            afmon_string("twice", "first"), afmon_string("twice", "last")};
    afmon_record_metric(monitor, "m", 1, fields, 5);
    afmon_log_info(monitor, "hello\nworld", (afmon_field[]){afmon_string("level", "x"), afmon_string("message", "y")},
                   2);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(
        count_in(folder, "metrics.jsonl",
                 "\"_metric\": \"a\", \"_value\": \"b\", \"_timestamp\": \"c\", \"twice\": \"last\", \"timestamp\""),
        1);
    assert_int_equal(
        count_in(folder, "afterimage.log",
                 "{\"message\": \"hello\\nworld\", \"_level\": \"x\", \"_message\": \"y\", \"level\": \"info\"}\n"),
        1);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_view_aggregate(view, "m", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 1);
    afmon_view_close(view);
    remove_folder(folder);
}

static void token_usage_is_by_model(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    for (int i = 0; i < 10; i++) {
        afmon_generation b = {.success = true,
                              .model_name = "b",
                              .prompt_token_count = AFMON_GIVEN(3),
                              .total_token_count = AFMON_GIVEN(4)};
        afmon_generation a = {.success = true, .model_name = "a", .completion_token_count = AFMON_GIVEN(5)};
        afmon_generation none = {.success = true, .prompt_token_count = AFMON_GIVEN(1)};
        afmon_track_generation(monitor, &b);
        afmon_track_generation(monitor, &a);
        afmon_track_generation(monitor, &none);
    }
    double windows[] = {AFMON_ALL_TIME, 300};
    for (int i = 0; i < 2; i++) {
        afmon_token_usage usage;
        assert_int_equal(afmon_get_total_token_usage(monitor, windows[i], &usage), AFMON_OK);
        assert_int_equal(usage.model_count, 3);
        assert_string_equal(usage.models[0].model_name, "a");
        assert_int_equal(usage.models[0].completion_tokens, 50);
        assert_string_equal(usage.models[1].model_name, "b");
        assert_int_equal(usage.models[1].prompt_tokens, 30);
        assert_string_equal(usage.models[2].model_name, "unknown");
        assert_int_equal(usage.prompt_tokens, 40);
        assert_int_equal(usage.total_tokens, 40);
        afmon_token_usage_free(&usage);
    }
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

static void alerts_hold_only_with_samples_and_strictly(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_alert alerts[AFMON_ALERT_RULES];
    size_t count = 99;
    assert_int_equal(afmon_check_alerts(monitor, alerts, AFMON_ALERT_RULES, &count), AFMON_OK);
    assert_int_equal(count, 0);
    for (int i = 0; i < 5; i++)
        afmon_track_generation(monitor, &(afmon_generation){.duration_s = 30, .success = i != 0});
    afmon_check_alerts(monitor, alerts, AFMON_ALERT_RULES, &count);
    assert_int_equal(count, 0); /* exactly 0.8 and 30 s */
    afmon_track_generation(monitor, &(afmon_generation){.duration_s = 40, .error = "x"});
    afmon_check_alerts(monitor, alerts, AFMON_ALERT_RULES, &count);
    assert_int_equal(count, 2);
    assert_string_equal(alerts[0].name, "low_success_rate");
    assert_string_equal(alerts[0].message, "Success rate dropped to 66.7%");
    assert_int_equal(alerts[0].level, AFMON_WARNING);
    assert_int_equal(alerts[0].data.count, 6);
    assert_string_equal(alerts[1].message, "Average generation time: 31.7s");
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(
        count_in(folder, "afterimage.log",
                 "{\"message\": \"Alert: Success rate dropped to 66.7%\", \"alert\": \"low_success_rate\""),
        1);
    remove_folder(folder);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    afmon_options options;
    afmon_options_init(&options);
    afmon_monitor *monitor;
    afmon_error error;
    options.metrics_interval_s = 0.5;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "metrics_interval_s"));
    afmon_options_init(&options);
    options.ring_bytes = 100000;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "ring_bytes"));
    afmon_options_init(&options);
    options.log_dir = "/proc/nowhere";
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, "/proc/nowhere"));
    assert_null(monitor);
    assert_int_equal(afmon_record_metric(NULL, "m", 1, NULL, 0), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_record(NULL, 1), AFMON_E_ARGUMENT);
    char *folder = make_folder();
    monitor = open_on(folder);
    assert_int_equal(afmon_record_metric(monitor, NULL, 1, NULL, 0), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_record_metric(monitor, "m", 1, NULL, 2), AFMON_E_ARGUMENT);
    afmon_field nameless = {.type = AFMON_INT};
    assert_int_equal(afmon_record_metric(monitor, "m", 1, &nameless, 1), AFMON_E_ARGUMENT);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_get_metrics(monitor, "m", 0, &aggregate), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_get_metrics(monitor, "m", 60, &aggregate), AFMON_OK);
    assert_false(aggregate.known);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

static void after_shutdown_queries_go_on_and_records_are_refused(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_metric *handle;
    afmon_metric_resolve(monitor, "m", NULL, 0, &handle);
    afmon_record(handle, 1);
    afmon_close_report first, second;
    assert_int_equal(afmon_monitor_shutdown(monitor, &first), AFMON_OK);
    assert_int_equal(afmon_monitor_shutdown(monitor, &second), AFMON_OK);
    assert_int_equal(first.samples_written, 1);
    assert_int_equal(second.samples_written, 1);
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    assert_int_equal(stats.dropped.closed, 0);
    assert_int_equal(afmon_record(handle, 2), AFMON_E_CLOSED);
    assert_int_equal(afmon_record_metric(monitor, "m", 2, NULL, 0), AFMON_E_CLOSED);
    afmon_monitor_stats(monitor, &stats);
    assert_int_equal(stats.dropped.closed, 2);
    assert_int_equal(afmon_monitor_flush(monitor, 1, NULL), AFMON_OK);
    assert_int_equal(count_of_metric(monitor, "m"), 1);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(afmon_monitor_close(NULL, NULL), AFMON_OK);
    remove_folder(folder);
}

static void default_folders_do_not_collide(void **state)
{
    (void)state;
    char *folder = make_folder();
    char before[512];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    afmon_monitor *a = open_on(NULL), *b = open_on(NULL);
    assert_string_not_equal(afmon_monitor_log_dir(a), afmon_monitor_log_dir(b));
    assert_memory_equal(afmon_monitor_log_dir(a), "./.afterimage-monitoring/2", 26);
    afmon_monitor_close(a, NULL);
    afmon_monitor_close(b, NULL);
    assert_int_equal(chdir(before), 0);
    remove_folder(folder);
}

static void two_monitors_share_a_folder(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *a = open_on(folder), *b = open_on(folder);
    for (int i = 0; i < 100; i++) {
        afmon_record_metric(a, "a", i, NULL, 0);
        afmon_record_metric(b, "b", i, NULL, 0);
    }
    assert_string_not_equal(afmon_monitor_metrics_file(a), afmon_monitor_metrics_file(b));
    afmon_monitor_close(a, NULL);
    afmon_monitor_close(b, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"a\""), 100);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"b\""), 0);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    assert_int_equal(info.sample_count, 200);
    assert_int_equal(info.file_count, 2);
    assert_false(info.live);
    afmon_view_close(view);
    remove_folder(folder);
}

static void hostile_names_and_texts(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    char *megabyte = malloc((1 << 20) + 1);
    memset(megabyte, 'y', 1 << 20);
    megabyte[1 << 20] = '\0';
    const char *names[] = {"../../etc/passwd", "\"quoted\"", "new\nline", "\xff\xfe bad utf-8", "", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(afmon_record_metric(monitor, names[i], 1,
                                             (afmon_field[]){afmon_string(names[i][0] ? names[i] : "k", names[i])}, 1),
                         AFMON_OK);
    assert_int_equal(afmon_record_metric_n(monitor, "nul\0inside", 10, 1, NULL, 0), AFMON_OK);
    assert_int_equal(afmon_record_metric(monitor, megabyte, 1, (afmon_field[]){afmon_string("t", megabyte)}, 1),
                     AFMON_OK);
    char *huge = calloc(1, (size_t)40 << 20);
    memset(huge, 'z', ((size_t)40 << 20) - 1);
    assert_int_equal(afmon_record_metric(monitor, "huge", 1, (afmon_field[]){afmon_string("t", huge)}, 1),
                     AFMON_E_TOO_BIG);
    free(huge);
    free(megabyte);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_written, 8);
    assert_int_equal(report.dropped.too_big, 1);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    assert_int_equal(info.sample_count, 8);
    assert_int_equal(info.problem_count, 0);
    afmon_aggregate aggregate;
    afmon_view_aggregate(view, "\"quoted\"", AFMON_WINDOW_ALL, &aggregate);
    assert_int_equal(aggregate.count, 1);
    afmon_view_close(view);
    remove_folder(folder);
}

static void save_writes_all_samples(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    for (int i = 0; i < 10; i++)
        afmon_record_metric(monitor, "m", i, (afmon_field[]){afmon_int("i", i)}, 1);
    char path[512];
    afmon_error error;
    assert_int_equal(afmon_save_metrics(monitor, path, sizeof path, &error), AFMON_OK);
    assert_non_null(strstr(path, "/metrics_2"));
    char *text = read_text("", path);
    assert_int_equal(count_of(text, "\"timestamp\""), 10);
    assert_int_equal(count_of(text, "\"m\": ["), 1);
    free(text);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

static void memory_stays_in_its_bound(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.max_memory = 4 << 20;
    afmon_monitor *monitor;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_metric *handle;
    afmon_metric_resolve(monitor, "m", NULL, 0, &handle);
    const int samples = 1000000;
    for (int i = 0; i < samples; i++)
        afmon_record(handle, i);
    assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    assert_true(stats.bytes_in_memory <= options.max_memory);
    assert_true(stats.samples_evicted > 0);
    assert_int_equal(stats.samples_written, samples);
    afmon_aggregate aggregate;
    afmon_get_metrics(monitor, "m", AFMON_ALL_TIME, &aggregate);
    assert_int_equal(aggregate.count, samples);
    assert_float_equal(aggregate.max, samples - 1, 0);
    assert_float_equal(aggregate.min, 0, 0);
    assert_true(aggregate.approximate);
    assert_float_equal(aggregate.p50, samples / 2, samples * 0.001);
    afmon_view *view;
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(afmon_view_aggregate(view, "m", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, samples);
    assert_float_equal(aggregate.p50, (samples - 1) / 2.0, 0);
    afmon_view_close(view);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_a_line),
        cmocka_unit_test(handles_record_like_names),
        cmocka_unit_test(a_generation_is_its_samples_and_a_log_record),
        cmocka_unit_test(an_api_failure_is_counted),
        cmocka_unit_test(every_sample_of_a_call_has_its_model_and_fields),
        cmocka_unit_test(texts_of_errors_stay_within_the_bound),
        cmocka_unit_test(an_evaluation_is_its_scores),
        cmocka_unit_test(reserved_keys_do_not_collide),
        cmocka_unit_test(token_usage_is_by_model),
        cmocka_unit_test(alerts_hold_only_with_samples_and_strictly),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(after_shutdown_queries_go_on_and_records_are_refused),
        cmocka_unit_test(default_folders_do_not_collide),
        cmocka_unit_test(two_monitors_share_a_folder),
        cmocka_unit_test(hostile_names_and_texts),
        cmocka_unit_test(save_writes_all_samples),
        cmocka_unit_test(memory_stays_in_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
