/* Feeds without a receiver: how they are made and ended, what they write, and that every allocation may fail. */
#include <afmon/afmon.h>
#include <math.h>
#include <stdio.h>

#include "catalog/bare.h"
#include "fail_alloc.h"
#include "feeds/otlp_json.h"
#include "feeds/statsd_held.h"
#include "feeds/statsd_line.h"
#include "run_folder.h"

static const afmon_field fields[] = {
    {.key = "operation", .type = AFMON_STRING, .as.text = {"a|b,c", 5}},
    {.key = "status", .type = AFMON_INT, .as.integer = 429},
    {.key = "feedback", .type = AFMON_STRING, .as.text = {"long text", 9}},
};

static void assert_line(bool dog, const char *metric, double value, const char *expected)
{
    const struct afmon_statsd_style style = {.prefix = "afmon.", .tags = "env:test", .dog = dog};
    char line[AFMON_STATSD_LINE_MAX];
    afmon_sample sample = {
        .metric = metric, .metric_length = strlen(metric), .value = value, .fields = fields, .field_count = 3};
    size_t length = afmon_statsd_line(line, &style, &sample);
    assert_text(line, length, expected);
}

static void samples_become_lines_of_statsd(void **state)
{
    (void)state;
    assert_line(true, "generation_time", 1.5, "afmon.generation_time:1500|d|#operation:a_b_c,status:429,env:test\n");
    assert_line(false, "generation_time", 1.5, "afmon.generation_time:1500|ms\n");
    assert_line(true, "success_rate", 0,
                "afmon.generations:1|c|#outcome:failure,operation:a_b_c,status:429,env:test\n");
    assert_line(false, "finish_reason:stop now", 1, "afmon.finish_reason.stop_now:1|c\n");
    assert_line(false, "my metric:x", 0.25, "afmon.my_metric_x:0.25|ms\n");
    assert_line(true, "generation_time", NAN, "");
    assert_line(false, "model_creation_time", 0.25, "afmon.model_creation_time:250|ms\n");
    assert_line(false, "prompt_token_count", 12, "afmon.prompt_token_count:12|ms\n");
    /* names that only begin or end like those of tracked calls */
    assert_line(false, "error_rate_budget_left", 0.7, "afmon.error_rate_budget_left:0.7|ms\n");
    assert_line(false, "wall_time", 2, "afmon.wall_time:2|ms\n");
    assert_line(false, "model_usage:", 1, "afmon.model_usage_:1|ms\n");
}

static void a_line_always_fits(void **state)
{
    (void)state;
    const struct afmon_statsd_style style = {.prefix = "p.", .dog = true};
    static char name[10000];
    char line[AFMON_STATSD_LINE_MAX];
    memset(name, 'n', sizeof name);
    afmon_sample sample = {.metric = name, .metric_length = sizeof name, .value = 1e300};
    size_t length = afmon_statsd_line(line, &style, &sample);
    assert_true(length <= sizeof line);
    assert_int_equal(line[length - 1], '\n');
}

/* ---- lines beside tracked calls ---- */

static void collect_line(void *user, const char *line, size_t length)
{
    (void)line;
    *(size_t *)user += length > 0;
}

static afmon_sample bare_error(const afmon_field *mark)
{
    return (afmon_sample){.metric = "error_rate", .metric_length = 10, .value = 1, .fields = mark, .field_count = 1};
}

static size_t tick(struct afmon_statsd_held *held, bool end)
{
    size_t lines = 0;
    afmon_statsd_held_tick(held, end, collect_line, &lines);
    return lines;
}

static void a_line_beside_tracked_calls_waits_for_one(void **state)
{
    (void)state;
    struct afmon_statsd_held held;
    const afmon_field mark = afmon_bare_mark();
    const afmon_sample bare = bare_error(&mark);
    const afmon_sample tracked = {.metric = "error_rate", .metric_length = 10};
    const afmon_sample other = {.metric = "m", .metric_length = 1, .fields = &mark, .field_count = 1};
    afmon_statsd_held_init(&held);
    assert_true(afmon_statsd_held_passes(&held, &other));
    assert_false(afmon_statsd_held_passes(&held, &bare));
    assert_true(afmon_statsd_held_keep(&held, &bare, "a\n", 2));
    assert_true(afmon_statsd_held_keep(&held, &bare, "b\n", 2));
    assert_int_equal(tick(&held, false), 0);
    assert_int_equal(tick(&held, false), 2); /* no call came */
    assert_int_equal(tick(&held, true), 0);
    assert_true(afmon_statsd_held_keep(&held, &bare, "c\n", 2));
    assert_int_equal(tick(&held, true), 1);
    assert_true(afmon_statsd_held_keep(&held, &bare, "d\n", 2));
    assert_true(afmon_statsd_held_passes(&held, &tracked));
    assert_true(afmon_statsd_held_keep(&held, &bare, "e\n", 2));
    assert_int_equal(tick(&held, true), 0);
    afmon_statsd_held_free(&held);
}

static void lines_that_find_no_room_are_sent(void **state)
{
    (void)state;
    struct afmon_statsd_held held;
    const afmon_field mark = afmon_bare_mark();
    const afmon_sample bare = bare_error(&mark);
    afmon_statsd_held_init(&held);
    size_t kept = 0;
    while (afmon_statsd_held_keep(&held, &bare, "0123456789abcde\n", 16))
        kept++;
    assert_int_equal(kept, (64 << 10) / 16);
    assert_int_equal(tick(&held, true), kept);
    afmon_statsd_held_free(&held);
}

static afmon_status make_one(int which, afmon_error *error)
{
    afmon_otlp_options otlp;
    afmon_webhook_options webhook;
    afmon_statsd_options statsd;
    afmon_metric_handler metric = {0};
    afmon_log_handler log = {0};
    afmon_alert_handler alert = {0};
    afmon_otlp_options_init(&otlp);
    afmon_webhook_options_init(&webhook);
    afmon_statsd_options_init(&statsd);
    webhook.url_env = "AFMON_TEST_HOOK";
    webhook.headers_env = "AFMON_TEST_HEADERS";
    afmon_status status = which == 0   ? afmon_otlp_metric_handler(&otlp, &metric, error)
                          : which == 1 ? afmon_otlp_log_handler(&otlp, &log, error)
                          : which == 2 ? afmon_webhook_handler(&webhook, &alert, error)
                                       : afmon_statsd_handler(&statsd, &metric, error);
    if (metric.destroy != NULL)
        metric.destroy(metric.user);
    if (log.destroy != NULL)
        log.destroy(log.user);
    if (alert.destroy != NULL)
        alert.destroy(alert.user);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    setenv("AFMON_TEST_HOOK", "https://me:secret@127.0.0.1:1/services/hidden", 1);
    setenv("AFMON_TEST_HEADERS", "authorization=Bearer%20hidden, x-a=1", 1);
    for (int which = 0; which < 4; which++) {
        for (long n = 1;; n++) {
            afmon_error error = {0};
            fail_alloc_at(n);
            afmon_status status = make_one(which, &error);
            if (!fail_alloc_stop()) {
                assert_int_equal(status, AFMON_OK);
                break;
            }
            assert_int_equal(status, AFMON_E_NO_MEMORY);
        }
    }
}

/* A port that the resolver would take for another one, or for none. */
static void statsd_ports_are_ports(void **state)
{
    (void)state;
    static const char *const bad[] = {"127.0.0.1:106428", "127.0.0.1:65536", "127.0.0.1:0",  "127.0.0.1:-1",
                                      "127.0.0.1:+1",     "127.0.0.1: 1",    "127.0.0.1:1x", "127.0.0.1:"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        afmon_statsd_options options;
        afmon_metric_handler handler;
        afmon_error error = {0};
        afmon_statsd_options_init(&options);
        options.address = bad[i];
        assert_int_equal(afmon_statsd_handler(&options, &handler, &error), AFMON_E_ARGUMENT);
        assert_non_null(strstr(error.message, "HOST:PORT"));
    }
}

static void secrets_are_in_no_error(void **state)
{
    (void)state;
    const char *urls[] = {"ftp://me:secret@127.0.0.1/hidden", "https://me:secret@[bad/hidden", "secret"};
    setenv("AFMON_TEST_HEADERS", "secret", 1);
    for (size_t i = 0; i < 3; i++) {
        afmon_error error = {0};
        setenv("AFMON_TEST_HOOK", urls[i], 1);
        assert_int_equal(make_one(2, &error), AFMON_E_ARGUMENT);
        assert_null(strstr(error.message, "secret"));
        assert_null(strstr(error.message, "hidden"));
    }
    afmon_error error = {0};
    setenv("AFMON_TEST_HOOK", "https://127.0.0.1:1/", 1);
    assert_int_equal(make_one(2, &error), AFMON_E_ARGUMENT);
    assert_null(strstr(error.message, "secret"));
    setenv("AFMON_TEST_HEADERS", "a=b%0d%0ax: secret", 1);
    assert_int_equal(make_one(2, &error), AFMON_E_ARGUMENT);
    assert_null(strstr(error.message, "secret"));
}

/* Nobody listens: what was gathered is lost at the end, to the last item. */
static void losses_are_exact(void **state)
{
    (void)state;
    enum { SAMPLES = 500, LOGS = 300 };
    char *folder = make_folder();
    afmon_options options;
    afmon_otlp_options otlp;
    afmon_metric_handler metric;
    afmon_log_handler log;
    afmon_monitor *monitor;
    afmon_close_report report;
    afmon_otlp_options_init(&otlp);
    otlp.endpoint = "http://127.0.0.1:1";
    assert_int_equal(afmon_otlp_metric_handler(&otlp, &metric, NULL), AFMON_OK);
    assert_int_equal(afmon_otlp_log_handler(&otlp, &log, NULL), AFMON_OK);
    metric.queue_capacity = log.queue_capacity = 0; /* the defaults are enough here */
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metric_handlers = &metric;
    options.log_handlers = &log;
    options.metric_handler_count = options.log_handler_count = 1;
    options.shutdown_timeout_s = 1;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    for (int i = 0; i < SAMPLES; i++)
        assert_int_equal(afmon_record_metric(monitor, "m", i, NULL, 0), AFMON_OK);
    for (int i = 0; i < LOGS; i++)
        assert_int_equal(afmon_log_info(monitor, "hello", NULL, 0), AFMON_OK);
    assert_int_equal(afmon_monitor_flush(monitor, 20, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    /* The failures of the metric handler are logged, and so are log records, too. */
    assert_int_equal(report.handler_missed, 0);
    assert_true(report.handler_lost >= SAMPLES + LOGS && report.handler_lost <= SAMPLES + LOGS + 10);
    assert_false(report.drained);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_become_lines_of_statsd),
        cmocka_unit_test(a_line_always_fits),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(statsd_ports_are_ports),
        cmocka_unit_test(secrets_are_in_no_error),
        cmocka_unit_test(losses_are_exact),
        cmocka_unit_test(a_line_beside_tracked_calls_waits_for_one),
        cmocka_unit_test(lines_that_find_no_room_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
