/* What goes wrong around a monitor: full disks, folders that cannot be written, memory that is short. */
#include "run_folder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "fail_alloc.h"

static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A test that failed with a limit set must not trouble the next ones. */
static int lift_file_limit(void **state)
{
    (void)state;
    set_file_limit(RLIM_INFINITY);
    return 0;
}

struct heard {
    int errors;
    char last[300];
};

static int hear(void *user, const afmon_log_record *record, char *error, size_t size)
{
    (void)error;
    (void)size;
    struct heard *heard = user;
    if (record->level == AFMON_ERROR) {
        heard->errors++;
        snprintf(heard->last, sizeof heard->last, "%.*s", (int)record->message_length, record->message);
    }
    return 0;
}

static afmon_monitor *open_heard(const char *folder, struct heard *heard, size_t ring_bytes)
{
    afmon_log_handler handlers[] = {afmon_log_file_handler(), {.name = "ear", .handle = hear, .user = heard}};
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.log_handlers = handlers;
    options.log_handler_count = 2;
    options.ring_bytes = ring_bytes;
    afmon_monitor *monitor;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    return monitor;
}

/* While nothing can be written no part of what waits is seen in the file, however often it is tried. */
static void assert_no_torn_line(const char *folder)
{
    char *text = read_text(folder, "metrics.jsonl");
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
}

/* The disk is full after some hundred kilobytes: nobody hangs, the error is heard, and writing goes on when there is
 * room. */
static void a_full_disk_stops_nobody(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct heard heard = {0};
    afmon_monitor *monitor = open_heard(folder, &heard, 64 << 10);
    uint64_t accepted = 0, refused = 0;
    afmon_metric *handle;
    assert_int_equal(afmon_metric_resolve(monitor, "m", NULL, 0, &handle), AFMON_OK);
    assert_int_equal(afmon_record(handle, (double)accepted++), AFMON_OK); /* the ring is there */
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    set_file_limit(200000);
    while (refused < 100) {
        afmon_status status = afmon_record(handle, (double)accepted);
        assert_true(status == AFMON_OK || status == AFMON_E_UNWRITABLE);
        if (status == AFMON_OK)
            accepted++;
        else
            refused++;
    }
    afmon_error error = {0};
    assert_int_equal(afmon_monitor_flush(monitor, 0.3, &error), AFMON_E_UNWRITABLE);
    assert_non_null(strstr(error.message, folder));
    for (int i = 0; i < 300; i++) {
        assert_int_not_equal(afmon_monitor_flush(monitor, 0, NULL), AFMON_OK); /* wakes it up for another try */
        assert_no_torn_line(folder);
    }
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(afmon_monitor_flush(monitor, 10, &error), AFMON_OK);
    assert_int_equal(afmon_record(handle, (double)accepted++), AFMON_OK);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_written, accepted);
    assert_int_equal(report.dropped.unwritable, refused);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), accepted);
    assert_int_equal(heard.errors, 1);
    assert_non_null(strstr(heard.last, "cannot write"));
    assert_int_equal(count_in(folder, "afterimage.log", "Writing the run folder works again"), 1);
    remove_folder(folder);
}

/* What could not be written by the end of the shutdown time waits in the ring for the next one who opens the folder. */
static void what_is_left_at_shutdown_is_recovered(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.shutdown_timeout_s = 0.3;
    afmon_monitor *monitor;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_record_metric(monitor, "m", 0, NULL, 0);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    set_file_limit(100);
    for (int i = 1; i < 500; i++)
        assert_int_equal(afmon_record_metric(monitor, "m", i, NULL, 0), AFMON_OK);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    set_file_limit(RLIM_INFINITY);
    assert_false(report.drained);
    assert_true(report.dropped.shutdown >= 499);
    uint64_t recovered = 0;
    assert_int_equal(afmon_recover(folder, &recovered, NULL), AFMON_OK);
    assert_int_equal(recovered, report.dropped.shutdown);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), 500);
    assert_int_equal(afmon_recover(folder, &recovered, NULL), AFMON_OK);
    assert_int_equal(recovered, 0);
    remove_folder(folder);
}

/* Root may write anywhere: a file in the folder's place is what it cannot overcome. */
static void a_folder_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/.afmon", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    afmon_monitor *monitor;
    afmon_error error;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, folder));
    options.log_dir = path;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, path));
    if (geteuid() != 0) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(chmod(folder, 0555), 0);
        options.log_dir = folder;
        assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_SYSTEM);
        assert_int_equal(chmod(folder, 0755), 0);
    }
    remove_folder(folder);
}

static void a_link_does_not_lead_out_of_the_folder(void **state)
{
    (void)state;
    char *folder = make_folder();
    char victim[512], link[512];
    snprintf(victim, sizeof victim, "%s/victim", folder);
    snprintf(link, sizeof link, "%s/metrics.jsonl", folder);
    assert_int_equal(symlink(victim, link), 0);
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    afmon_monitor *monitor;
    afmon_error error;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, "metrics.jsonl"));
    assert_int_not_equal(access(victim, F_OK), 0);
    remove_folder(folder);
}

static void a_torn_line_is_repaired(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "w");
    fputs("{\"metric\": \"m\", \"value\": 1.0, \"timestamp\": \"2026-01-01T00:00:00.000000+00:00\"}\n{\"metric\": "
          "\"m\", \"va",
          file);
    fclose(file);
    afmon_monitor *monitor = open_on(folder);
    afmon_record_metric(monitor, "m", 2, NULL, 0);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), 2);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"va{"), 0);
    assert_int_equal(count_in(folder, "afterimage.log", "Removed a torn last line"), 1);
    remove_folder(folder);
}

/* One life of a monitor with all kinds of calls. Returns the status of the first that failed. */
static afmon_status live(const char *folder)
{
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.shutdown_timeout_s = 20;
    afmon_monitor *monitor;
    afmon_error error = {0};
    afmon_status status = afmon_monitor_open(&options, &monitor, &error);
    if (status != AFMON_OK) {
        assert_true(error.message[0] != '\0');
        return status;
    }
    afmon_metric *handle = NULL;
    afmon_field field = afmon_string("k", "v");
    afmon_status first = afmon_metric_resolve(monitor, "m", &field, 1, &handle);
    if (handle != NULL)
        status = afmon_record(handle, 1);
    first = first == AFMON_OK ? status : first;
    status = afmon_track_generation(
        monitor, &(afmon_generation){.duration_s = 1, .model_name = "m", .fields = &field, .field_count = 1});
    first = first == AFMON_OK ? status : first;
    status = afmon_log_info(monitor, "hello", &field, 1);
    first = first == AFMON_OK ? status : first;
    afmon_monitor_flush(monitor, 10, NULL);
    afmon_token_usage usage;
    if (afmon_get_total_token_usage(monitor, 60, &usage) == AFMON_OK)
        afmon_token_usage_free(&usage);
    afmon_close_report report;
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    assert_int_equal(report.samples_written, report.samples_recorded);
    assert_int_equal(report.logs_written, report.logs_recorded);
    return first;
}

static int ignore_sample(void *user, const afmon_sample *sample, char *error, size_t size)
{
    (void)user, (void)sample, (void)error, (void)size;
    return 0;
}

static int ignore_log(void *user, const afmon_log_record *record, char *error, size_t size)
{
    (void)user, (void)record, (void)error, (void)size;
    return 0;
}

static int ignore_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    (void)user, (void)alert, (void)error, (void)size;
    return 0;
}

static int ignore_usage(void *user, const afmon_token_usage *usage, char *error, size_t size)
{
    (void)user, (void)usage, (void)error, (void)size;
    return 0;
}

static void count_end(void *user)
{
    ++*(int *)user;
}

/* Opens and closes a monitor with handlers of each kind, and sees that each was destroyed once, come what may. */
static afmon_status open_with_handlers(afmon_options *options)
{
    int ends[6] = {0};
    const afmon_metric_handler metrics[] = {{.handle = ignore_sample, .destroy = count_end, .user = &ends[0]},
                                            {.handle = ignore_sample, .destroy = count_end, .user = &ends[1]},
                                            afmon_metric_file_handler()};
    const afmon_log_handler logs[] = {{.handle = ignore_log, .destroy = count_end, .user = &ends[2]},
                                      {.handle = ignore_log, .destroy = count_end, .user = &ends[3]}};
    const afmon_alert_handler alert = {.handle = ignore_alert, .destroy = count_end, .user = &ends[4]};
    options->metric_handlers = metrics;
    options->metric_handler_count = 3;
    options->log_handlers = logs;
    options->log_handler_count = 2;
    options->alert_handlers = &alert;
    options->alert_handler_count = 1;
    options->token_usage = (afmon_token_usage_handler){.handle = ignore_usage, .destroy = count_end, .user = &ends[5]};
    afmon_monitor *monitor;
    afmon_status status = afmon_monitor_open(options, &monitor, NULL);
    if (status == AFMON_OK)
        afmon_monitor_close(monitor, NULL);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        assert_int_equal(ends[i], 1);
    return status;
}

static void handlers_are_taken_over_also_where_opening_fails(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prometheus_listen = "this is no address";
    assert_int_equal(open_with_handlers(&options), AFMON_E_ARGUMENT);
    options.prometheus_listen = NULL;
    options.ring_bytes = 1;
    assert_int_equal(open_with_handlers(&options), AFMON_E_ARGUMENT);
    options.ring_bytes = 16 << 10;
    options.log_dir = "/proc/nowhere";
    assert_int_equal(open_with_handlers(&options), AFMON_E_SYSTEM);
    options.log_dir = folder;
    for (long n = 1;; n++) {
        fail_alloc_at(n);
        afmon_status status = open_with_handlers(&options);
        if (!fail_alloc_stop()) {
            assert_int_equal(status, AFMON_OK);
            break;
        }
    }
    remove_folder(folder);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        char *folder = make_folder();
        fail_alloc_at(n);
        afmon_status status = live(folder);
        bool failed = fail_alloc_stop();
        remove_folder(folder);
        if (!failed) {
            assert_int_equal(status, AFMON_OK);
            assert_true(n > 30);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_full_disk_stops_nobody, lift_file_limit),
        cmocka_unit_test_teardown(what_is_left_at_shutdown_is_recovered, lift_file_limit),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_named),
        cmocka_unit_test(a_link_does_not_lead_out_of_the_folder),
        cmocka_unit_test(a_torn_line_is_repaired),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(handlers_are_taken_over_also_where_opening_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
