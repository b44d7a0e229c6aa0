/* Custom handlers: slow, failing, calling the monitor; and the clock that somebody sets. */
#include "run_folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct seen {
    afmon_monitor *monitor;
    _Atomic int calls;
    _Atomic int destroyed;
    _Atomic int deadlocks;
    double last;
    char text[64];
    double sleep_s;
    int fail_every;
};

static void nap(double seconds)
{
    struct timespec length = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&length, NULL);
}

static int see_sample(void *user, const afmon_sample *sample, char *error, size_t size)
{
    struct seen *seen = user;
    int call = atomic_fetch_add(&seen->calls, 1);
    seen->last = sample->value;
    if (sample->field_count > 0 && sample->fields[0].type == AFMON_STRING)
        snprintf(seen->text, sizeof seen->text, "%.*s", (int)sample->fields[0].as.text.length,
                 sample->fields[0].as.text.data);
    if (seen->sleep_s > 0)
        nap(seen->sleep_s);
    if (seen->fail_every > 0 && call % seen->fail_every == 0) {
        snprintf(error, size, "no such bucket");
        return 1;
    }
    return 0;
}

static void see_end(void *user)
{
    atomic_fetch_add(&((struct seen *)user)->destroyed, 1);
}

static afmon_monitor *open_with(const char *folder, afmon_metric_handler *handlers, size_t count, double timeout_s)
{
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metric_handlers = handlers;
    options.metric_handler_count = count;
    options.shutdown_timeout_s = timeout_s;
    afmon_monitor *monitor;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    return monitor;
}

static void a_handler_gets_every_sample_with_its_metadata(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen seen = {0};
    afmon_metric_handler handlers[] = {{.handle = see_sample, .user = &seen, .destroy = see_end}};
    afmon_monitor *monitor = open_with(folder, handlers, 1, 5);
    for (int i = 0; i < 1000; i++)
        afmon_record_metric(monitor, "m", i, (afmon_field[]){afmon_string("k", "word")}, 1);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_int_equal(seen.calls, 1000);
    assert_float_equal(seen.last, 999, 0);
    assert_string_equal(seen.text, "word");
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_true(report.drained);
    assert_int_equal(seen.destroyed, 1);
    assert_int_equal(report.samples_written, 0); /* the list replaced the built-in file */
    char path[512];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    remove_folder(folder);
}

static void a_failing_handler_is_logged_and_disturbs_nobody(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen bad = {.fail_every = 1}, good = {0};
    afmon_metric_handler handlers[] = {{.name = "uploader", .handle = see_sample, .user = &bad},
                                       {.handle = see_sample, .user = &good},
                                       afmon_metric_file_handler()};
    afmon_monitor *monitor = open_with(folder, handlers, 3, 5);
    for (int i = 0; i < 1000; i++)
        afmon_record_metric(monitor, "m", i, NULL, 0);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(good.calls, 1000);
    assert_int_equal(bad.calls, 1000);
    assert_int_equal(report.samples_written, 1000);
    size_t told =
        count_in(folder, "afterimage.log",
                 "{\"message\": \"A handler failed\", \"handler\": \"uploader\", \"error\": \"no such bucket\", ");
    assert_true(told >= 1 && told <= 5);
    assert_true(count_in(folder, "afterimage.log", "\"level\": \"error\"}") >= 1);
    remove_folder(folder);
}

static void a_slow_handler_misses_and_delays_nobody(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen slow = {.sleep_s = 0.2}, quick = {0};
    afmon_metric_handler handlers[] = {{.name = "slow", .handle = see_sample, .user = &slow, .queue_capacity = 10},
                                       {.handle = see_sample, .user = &quick},
                                       afmon_metric_file_handler()};
    afmon_monitor *monitor = open_with(folder, handlers, 3, 0.5);
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int i = 0; i < 5000; i++)
        afmon_record_metric(monitor, "m", i, NULL, 0);
    assert_int_equal(afmon_monitor_flush(monitor, 0.1, NULL), AFMON_E_TIMEOUT);
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    /* The file is behind by as much as this machine is busy, never by the slow handler's queue. */
    while (stats.samples_written < 5000 && stats.handlers[0].waiting > 0) {
        nap(0.01);
        afmon_monitor_stats(monitor, &stats);
    }
    assert_int_equal(stats.handler_count, 2);
    assert_string_equal(stats.handlers[0].name, "slow");
    assert_true(stats.handlers[0].missed > 4000);
    assert_true(stats.handlers[0].waiting > 0 && stats.handlers[0].lag_s > 0);
    assert_int_equal(stats.samples_written, 5000);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - began.tv_sec < 5);
    assert_int_equal(quick.calls, 5000);
    assert_false(report.drained);
    assert_int_equal(report.handler_missed + (uint64_t)slow.calls, 5000);
    assert_true(count_in(folder, "afterimage.log", "\"handler\": \"slow\"") >= 1);
    remove_folder(folder);
}

static int call_back(void *user, const afmon_sample *sample, char *error, size_t size)
{
    (void)error;
    (void)size;
    struct seen *seen = user;
    if (sample->metric[0] != 'm')
        return 0;
    atomic_fetch_add(&seen->calls, 1);
    if (afmon_monitor_flush(seen->monitor, 1, NULL) == AFMON_E_DEADLOCK &&
        afmon_monitor_shutdown(seen->monitor, NULL) == AFMON_E_DEADLOCK)
        atomic_fetch_add(&seen->deadlocks, 1);
    afmon_aggregate aggregate;
    afmon_record_metric(seen->monitor, "from handler", 1, NULL, 0);
    afmon_get_metrics(seen->monitor, "m", 60, &aggregate);
    afmon_log_info(seen->monitor, "from handler", NULL, 0);
    return 0;
}

static void a_handler_may_call_the_monitor(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen seen = {0};
    afmon_metric_handler handlers[] = {{.handle = call_back, .user = &seen}, afmon_metric_file_handler()};
    afmon_monitor *monitor = open_with(folder, handlers, 2, 10);
    seen.monitor = monitor;
    for (int i = 0; i < 50; i++)
        afmon_record_metric(monitor, "m", i, NULL, 0);
    assert_int_equal(afmon_monitor_flush(monitor, 20, NULL), AFMON_OK);
    assert_int_equal(seen.calls, 50);
    assert_int_equal(seen.deadlocks, 50);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"from handler\""), 50);
    remove_folder(folder);
}

static int fail_log(void *user, const afmon_log_record *record, char *error, size_t size)
{
    (void)record;
    atomic_fetch_add(&((struct seen *)user)->calls, 1);
    snprintf(error, size, "out of ink");
    return 1;
}

static void a_log_handler_that_always_fails_does_not_go_on_for_ever(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen seen = {0};
    afmon_log_handler handlers[] = {afmon_log_file_handler(), {.name = "printer", .handle = fail_log, .user = &seen}};
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.log_handlers = handlers;
    options.log_handler_count = 2;
    afmon_monitor *monitor;
    afmon_monitor_open(&options, &monitor, NULL);
    afmon_log_info(monitor, "hello", NULL, 0);
    afmon_monitor_flush(monitor, 5, NULL);
    nap(0.2);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(count_in(folder, "afterimage.log", "\"handler\": \"printer\", \"error\": \"out of ink\""), 1);
    assert_non_null(strstr(report.last_error.message, "out of ink"));
    remove_folder(folder);
}

static int see_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    (void)error;
    (void)size;
    struct seen *seen = user;
    atomic_fetch_add(&seen->calls, 1);
    snprintf(seen->text, sizeof seen->text, "%s", alert->name);
    return 0;
}

static int see_usage(void *user, const afmon_token_usage *usage, char *error, size_t size)
{
    (void)error;
    (void)size;
    struct seen *seen = user;
    atomic_fetch_add(&seen->calls, 1);
    seen->last = (double)usage->prompt_tokens;
    return 0;
}

static void alerts_and_token_usage_come_periodically(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen alerts = {0}, usage = {0};
    afmon_alert_handler handlers[] = {{.handle = see_alert, .user = &alerts}};
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.alert_handlers = handlers;
    options.alert_handler_count = 1;
    options.metrics_interval_s = 1;
    options.token_usage = (afmon_token_usage_handler){.handle = see_usage, .user = &usage};
    options.token_usage_interval_s = 0.5;
    afmon_monitor *monitor;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_track_generation(monitor,
                           &(afmon_generation){.duration_s = 1, .error = "x", .prompt_token_count = AFMON_GIVEN(11)});
    nap(2.6);
    assert_true(alerts.calls >= 4); /* success and error rate, twice each */
    int before = usage.calls;
    assert_true(before >= 3);
    afmon_monitor_close(monitor, NULL);
    assert_true(usage.calls > before); /* once more at the end */
    assert_float_equal(usage.last, 11, 0);
    remove_folder(folder);
}

/* ---- the clock ---- */

static _Atomic int64_t clock_set_by_s;
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
    int result = __real_clock_gettime(id, now);
    if (id == CLOCK_REALTIME)
        now->tv_sec += (time_t)atomic_load(&clock_set_by_s);
    return result;
}

static void clock_steps_neither_lose_samples_nor_break_windows(void **state)
{
    (void)state;
    const int64_t steps[] = {3600, -86400, 86400 * 365};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char *folder = make_folder();
        afmon_monitor *monitor = open_on(folder);
        for (int k = 0; k < 10; k++)
            afmon_record_metric(monitor, "m", k, NULL, 0);
        afmon_monitor_flush(monitor, 5, NULL);
        atomic_store(&clock_set_by_s, steps[i]);
        nap(0.3); /* the monitor's thread looks at the clock several times a second */
        for (int k = 0; k < 10; k++)
            afmon_record_metric(monitor, "m", k, NULL, 0);
        afmon_aggregate aggregate;
        assert_int_equal(afmon_get_metrics(monitor, "m", 60, &aggregate), AFMON_OK);
        assert_int_equal(aggregate.count, 20);
        afmon_view *view;
        assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
        afmon_view_info info;
        afmon_view_get_info(view, &info);
        int64_t span_s = (info.last_ns - info.first_ns) / 1000000000;
        assert_in_range(span_s, llabs(steps[i]) - 2, llabs(steps[i]) + 2); /* the files have the clock's times */
        afmon_view_close(view);
        afmon_close_report report;
        afmon_monitor_close(monitor, &report);
        assert_int_equal(report.samples_written, 20);
        atomic_store(&clock_set_by_s, 0);
        remove_folder(folder);
    }
}

/* ---- threads that go on recording while it closes ---- */

struct late {
    afmon_monitor *monitor;
    afmon_metric *metric;
    _Atomic int refused;
    _Atomic int wrong;
    _Atomic int rings;
};

static afmon_status record_both_ways(struct late *late)
{
    afmon_status by_name = afmon_record_metric(late->monitor, "by name", 1, NULL, 0);
    afmon_status by_handle = afmon_record(late->metric, 1);
    for (int i = 0; i < 2; i++) {
        afmon_status status = i == 0 ? by_name : by_handle;
        if (status != AFMON_OK && status != AFMON_E_CLOSED)
            late->wrong++;
    }
    return by_handle;
}

/* Until it is refused; then a while longer, in which no ring is made for it. */
static void *record_late(void *user)
{
    struct late *late = user;
    while (record_both_ways(late) != AFMON_E_CLOSED)
        ;
    for (int i = 0; i < 50; i++)
        (void)record_both_ways(late);
    afmon_stats stats;
    assert_int_equal(afmon_monitor_stats(late->monitor, &stats), AFMON_OK);
    if ((int)stats.rings > late->rings)
        late->rings = (int)stats.rings;
    late->refused++;
    return NULL;
}

static void threads_that_record_while_it_closes_are_refused(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct seen slow = {.sleep_s = 0.01};
    afmon_metric_handler handlers[] = {afmon_metric_file_handler(), {.handle = see_sample, .user = &slow}};
    struct late late = {.monitor = open_with(folder, handlers, 2, 1)};
    assert_int_equal(afmon_metric_resolve(late.monitor, "by handle", NULL, 0, &late.metric), AFMON_OK);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_late, &late), 0);
    nap(0.05);
    afmon_close_report report;
    assert_int_equal(afmon_monitor_shutdown(late.monitor, &report), AFMON_OK);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(late.refused, 3);
    assert_int_equal(late.wrong, 0);
    assert_true(late.rings <= 5); /* of the three, and of the library's own threads */
    assert_int_equal(report.dropped.shutdown, 0);
    assert_int_equal(report.samples_written, report.samples_recorded);
    afmon_monitor_close(late.monitor, NULL);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_record_while_it_closes_are_refused),
        cmocka_unit_test(a_handler_gets_every_sample_with_its_metadata),
        cmocka_unit_test(a_failing_handler_is_logged_and_disturbs_nobody),
        cmocka_unit_test(a_slow_handler_misses_and_delays_nobody),
        cmocka_unit_test(a_handler_may_call_the_monitor),
        cmocka_unit_test(a_log_handler_that_always_fails_does_not_go_on_for_ever),
        cmocka_unit_test(alerts_and_token_usage_come_periodically),
        cmocka_unit_test(clock_steps_neither_lose_samples_nor_break_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
