/* Receivers that do not keep up: memory is bounded, and every item is received or counted, to the last one. No outcome
 * depends on when something happens: a run ends with a receiver that takes all, or with one that takes no more. */
#include <afmon/afmon.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "receiver.h"
#include "run_folder.h"
#include "sanitized.h"

enum { SAMPLES = SANITIZED ? 50000 : 200000, LOGS = 20000 };

static afmon_monitor *open_with(const char *folder, const afmon_metric_handler *metric, const afmon_log_handler *log,
                                double timeout_s)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metrics_interval_s = 0;
    options.shutdown_timeout_s = timeout_s;
    options.metric_handlers = metric;
    options.metric_handler_count = metric == NULL ? 0 : 1;
    options.log_handlers = log;
    options.log_handler_count = log == NULL ? 0 : 1;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    return monitor;
}

static void record(afmon_monitor *monitor, uint64_t count)
{
    afmon_metric *handle;
    assert_int_equal(afmon_metric_resolve(monitor, "m", NULL, 0, &handle), AFMON_OK);
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(afmon_record(handle, (double)i), AFMON_OK);
}

static void log_many(afmon_monitor *monitor, uint64_t count)
{
    static const char text[] = "What a model had to say, and it is not short, so that the bounds of memory are met by "
                               "what waits for the receiver, and not by the number of records alone.";
    const afmon_field field = afmon_string("text", text);
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(afmon_log_info(monitor, "hello", &field, 1), AFMON_OK);
}

/* The one handler's figures after the end. */
static afmon_handler_stats end(afmon_monitor *monitor)
{
    afmon_stats stats;
    afmon_close_report report;
    assert_int_equal(afmon_monitor_shutdown(monitor, &report), AFMON_OK);
    assert_int_equal(afmon_monitor_stats(monitor, &stats), AFMON_OK);
    assert_int_equal(stats.handler_count, 1);
    assert_int_equal(report.handler_missed, stats.handlers[0].missed);
    assert_int_equal(report.handler_lost, stats.handlers[0].lost);
    afmon_monitor_close(monitor, NULL);
    return stats.handlers[0];
}

static bool ends_well(const char *script)
{
    char last = script[strlen(script) - 1];
    return last == 'T' || last == 'X';
}

static void otlp_options(afmon_otlp_options *options, const struct receiver *receiver, const char *script)
{
    afmon_otlp_options_init(options);
    options->endpoint = receiver->url;
    options->interval_s = 0.1;
    options->max_memory = (size_t)2 << 20;
    options->timeout_s =
        strchr(script, 'H') != NULL ? 0.3 : 60; /* what is answered must not be taken for what is not */
}

static afmon_metric_handler metric_handler(const struct receiver *receiver, const char *script)
{
    afmon_otlp_options options;
    afmon_metric_handler handler;
    otlp_options(&options, receiver, script);
    assert_int_equal(afmon_otlp_metric_handler(&options, &handler, NULL), AFMON_OK);
    return handler;
}

static afmon_log_handler log_handler(const struct receiver *receiver, const char *script)
{
    afmon_otlp_options options;
    afmon_log_handler handler;
    otlp_options(&options, receiver, script);
    assert_int_equal(afmon_otlp_log_handler(&options, &handler, NULL), AFMON_OK);
    return handler;
}

/* ---- metrics ---- */

static void check_metrics(const char *script, size_t capacity)
{
    char *folder = make_folder();
    struct receiver receiver;
    receiver_open(&receiver, script);
    afmon_metric_handler handler = metric_handler(&receiver, script);
    handler.queue_capacity = capacity;
    afmon_monitor *monitor = open_with(folder, &handler, NULL, ends_well(script) ? 60 : 0.5);
    record(monitor, SAMPLES);
    afmon_handler_stats stats = end(monitor);
    receiver_close(&receiver);
    assert_int_equal(stats.handled + stats.missed, SAMPLES);
    assert_int_equal(receiver.samples + stats.missed + stats.lost, SAMPLES);
    assert_int_equal(stats.failed, 0);
    if (ends_well(script)) /* the last body has what earlier ones could not tell */
        assert_int_equal(stats.lost, 0);
    else
        assert_int_equal(receiver.samples, 0);
    remove_folder(folder);
}

/* What a receiver says that it did not take is in the log; how many samples that are nobody knows. */
static void rejected_points_are_told(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct receiver receiver;
    afmon_close_report report;
    receiver_open(&receiver, "X");
    afmon_metric_handler handler = metric_handler(&receiver, "X");
    afmon_monitor *monitor = open_with(folder, &handler, NULL, 60);
    record(monitor, 10);
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    receiver_close(&receiver);
    assert_int_equal(report.handler_lost, 0);
    assert_non_null(strstr(report.last_error.message, "rejected 7 data points"));
    remove_folder(folder);
}

static void metrics_are_received_or_counted(void **state)
{
    (void)state;
    static const char *const scripts[] = {"T", "4T", "55T", "RT", "CT", "T4T5T", "4", "5", "R", "H"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        check_metrics(scripts[i], SAMPLES); /* none is missed */
    check_metrics("T", 1000);               /* samples come faster than such a queue is emptied */
    check_metrics("5", 1000);
}

static void wait_for_posts(struct receiver *receiver, int posts)
{
    while (atomic_load(&receiver->posts) < posts)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Cumulative totals: a post that hangs costs none of the samples that come meanwhile. */
static void samples_go_on_while_a_post_hangs(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct receiver receiver;
    afmon_otlp_options options;
    afmon_metric_handler handler;
    receiver_open(&receiver, "HT");
    afmon_otlp_options_init(&options);
    options.endpoint = receiver.url;
    options.interval_s = 0.1;
    options.timeout_s = 3600;
    assert_int_equal(afmon_otlp_metric_handler(&options, &handler, NULL), AFMON_OK);
    handler.queue_capacity = 1000;
    afmon_monitor *monitor = open_with(folder, &handler, NULL, 60);
    record(monitor, 1);
    wait_for_posts(&receiver, 1);  /* it hangs now */
    for (int i = 0; i < 20; i++) { /* more than the queue holds: it must be emptied meanwhile */
        record(monitor, 500);
        assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    }
    assert_int_equal(atomic_load(&receiver.posts), 1);
    receiver_release(&receiver);
    afmon_handler_stats stats = end(monitor);
    receiver_close(&receiver);
    assert_int_equal(stats.missed + stats.lost, 0);
    assert_int_equal(receiver.samples, 10001);
    remove_folder(folder);
}

/* A receiver that fails after it has taken something: the rest is counted. */
static void what_was_taken_before_is_not_lost(void **state)
{
    (void)state;
    static const char *const scripts[] = {"T5", "TR"};
    for (size_t i = 0; i < 2; i++) {
        char *folder = make_folder();
        struct receiver receiver;
        receiver_open(&receiver, scripts[i]);
        afmon_metric_handler handler = metric_handler(&receiver, scripts[i]);
        afmon_monitor *monitor = open_with(folder, &handler, NULL, 0.5);
        record(monitor, 1000);
        assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
        wait_for_posts(&receiver, 1);
        record(monitor, 500);
        wait_for_posts(&receiver, 2); /* only after the first answer was read */
        record(monitor, 500);
        afmon_handler_stats stats = end(monitor);
        receiver_close(&receiver);
        assert_true(receiver.samples > 0);
        assert_int_equal(receiver.samples + stats.lost, 2000);
        assert_int_equal(stats.missed, 0);
        remove_folder(folder);
    }
}

/* ---- logs ---- */

static void check_logs(const char *script)
{
    char *folder = make_folder();
    struct receiver receiver;
    receiver_open(&receiver, script);
    afmon_log_handler handler = log_handler(&receiver, script);
    afmon_monitor *monitor = open_with(folder, NULL, &handler, ends_well(script) ? 60 : 0.5);
    log_many(monitor, LOGS);
    afmon_handler_stats stats = end(monitor);
    receiver_close(&receiver);
    assert_int_equal(stats.handled + stats.failed + stats.missed, LOGS);
    assert_int_equal(receiver.records + stats.failed + stats.missed + stats.lost, LOGS);
    if (!ends_well(script)) {
        assert_int_equal(receiver.records, 0);
        assert_true(stats.failed > 0); /* they are more than max_memory holds */
    }
    if (strchr(script, 'X') != NULL)
        assert_true(stats.lost > 0);
    remove_folder(folder);
}

static void log_records_are_received_or_counted(void **state)
{
    (void)state;
    static const char *const scripts[] = {"T", "4T", "55T", "RT", "CT", "X", "XTX4T", "4", "B", "R", "H"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        check_logs(scripts[i]);
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Ten times as many records for a receiver that hangs take no more memory. */
static void memory_is_bounded(void **state)
{
    (void)state;
    check_logs("H");
    long before = peak_kib();
    char *folder = make_folder();
    struct receiver receiver;
    afmon_otlp_options options;
    afmon_log_handler handler;
    receiver_open(&receiver, "H");
    otlp_options(&options, &receiver, "H");
    options.timeout_s = 60;
    assert_int_equal(afmon_otlp_log_handler(&options, &handler, NULL), AFMON_OK);
    afmon_monitor *monitor = open_with(folder, NULL, &handler, 0.5);
    for (int i = 0; i < 10; i++) {
        log_many(monitor, LOGS);
        assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK); /* its queue is not what is measured here */
    }
    afmon_handler_stats stats = end(monitor);
    receiver_close(&receiver);
    assert_int_equal(stats.failed + stats.missed + stats.lost, 10 * LOGS);
    assert_true(SANITIZED || peak_kib() - before < 16 << 10); /* the records are 60 MiB */
    remove_folder(folder);
}

/* ---- StatsD ---- */

static int bind_udp(char *address, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    snprintf(address, size, "127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static uint64_t take_lines(int fd, uint64_t count)
{
    static char packet[65536];
    uint64_t lines = 0;
    while (lines < count) {
        ssize_t size = recv(fd, packet, sizeof packet, 0);
        assert_true(size > 0);
        for (ssize_t i = 0; i < size; i++)
            lines += packet[i] == '\n';
    }
    return lines;
}

/* Somebody takes the first lines, and then is not there any more: all others are refused, and counted. */
static void lines_are_received_or_counted(void **state)
{
    (void)state;
    char *folder = make_folder();
    char address[64];
    afmon_statsd_options options;
    afmon_metric_handler handler;
    int fd = bind_udp(address, sizeof address);
    afmon_statsd_options_init(&options);
    options.address = address;
    assert_int_equal(afmon_statsd_handler(&options, &handler, NULL), AFMON_OK);
    handler.queue_capacity = SAMPLES;
    afmon_monitor *monitor = open_with(folder, &handler, NULL, 60);
    record(monitor, 1000); /* its buffer holds so many */
    assert_int_equal(take_lines(fd, 1000), 1000);
    close(fd);
    record(monitor, SAMPLES - 1000);
    afmon_handler_stats stats = end(monitor);
    assert_int_equal(stats.missed, 0);
    assert_int_equal(stats.lost, SAMPLES - 1000);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_points_are_told),
        cmocka_unit_test(metrics_are_received_or_counted),
        cmocka_unit_test(samples_go_on_while_a_post_hangs),
        cmocka_unit_test(what_was_taken_before_is_not_lost),
        cmocka_unit_test(log_records_are_received_or_counted),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(lines_are_received_or_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
