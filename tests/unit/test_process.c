/* Threads that come and go, forked children, many monitors, full rings. */
#include "run_folder.h"

#include "forked.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

static bool short_form(void)
{
    const char *wanted = getenv("AFMON_TEST_SHORT");
    return wanted != NULL && wanted[0] == '1';
}

struct job {
    afmon_monitor *monitor;
    afmon_metric *handle;
    int records;
};

static void *record_some(void *user)
{
    const struct job *job = user;
    for (int i = 0; i < job->records; i++) {
        if (afmon_record(job->handle, i) != AFMON_OK)
            return "a record failed";
        if (i % 10 == 0 && afmon_record_metric(job->monitor, "named", i, NULL, 0) != AFMON_OK)
            return "a named record failed";
    }
    return NULL;
}

static void run_threads(struct job *job, int count)
{
    pthread_t threads[64];
    assert_true(count <= 64);
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_some, job), 0);
    for (int i = 0; i < count; i++) {
        void *failure;
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
}

static void threads_come_and_go_by_the_thousand(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    struct job job = {.monitor = monitor, .records = 20};
    afmon_metric_resolve(monitor, "m", NULL, 0, &job.handle);
    int rounds = short_form() ? 10 : 64;
    for (int i = 0; i < rounds; i++)
        run_threads(&job, 32);
    afmon_stats stats;
    afmon_monitor_flush(monitor, 30, NULL);
    afmon_monitor_stats(monitor, &stats);
    assert_true(stats.rings <= 200); /* ended threads' rings are taken over */
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_recorded, rounds * 32 * 22);
    assert_int_equal(report.samples_written, rounds * 32 * 22);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), rounds * 32 * 22);
    remove_folder(folder);
}

static void *own_monitor(void *user)
{
    char folder[600];
    snprintf(folder, sizeof folder, "%s/%lx", (const char *)user, (unsigned long)pthread_self());
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    afmon_monitor *monitor;
    if (afmon_monitor_open(&options, &monitor, NULL) != AFMON_OK)
        return "open failed";
    for (int i = 0; i < 1000; i++)
        afmon_record_metric(monitor, "m", i, NULL, 0);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    return report.samples_written == 1000 ? NULL : "lost";
}

static void a_monitor_a_thread(void **state)
{
    (void)state;
    char *folder = make_folder();
    pthread_t threads[16];
    for (int i = 0; i < 16; i++)
        pthread_create(&threads[i], NULL, own_monitor, folder);
    for (int i = 0; i < 16; i++) {
        void *failure;
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    remove_folder(folder);
}

static void two_monitors_in_one_thread_do_not_touch(void **state)
{
    (void)state;
    char *first = make_folder(), *second = make_folder();
    afmon_monitor *a = open_on(first), *b = open_on(second);
    afmon_metric *ha, *hb;
    afmon_metric_resolve(a, "m", NULL, 0, &ha);
    afmon_metric_resolve(b, "m", NULL, 0, &hb);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(afmon_record(ha, 1), AFMON_OK);
        assert_int_equal(afmon_record(hb, 2), AFMON_OK);
    }
    afmon_monitor_close(a, NULL);
    assert_int_equal(afmon_record(hb, 2), AFMON_OK);
    afmon_monitor_close(b, NULL);
    assert_int_equal(count_in(first, "metrics.jsonl", "\"value\": 1.0"), 1000);
    assert_int_equal(count_in(second, "metrics.jsonl", "\"value\": 2.0"), 1001);
    remove_folder(first);
    remove_folder(second);
}

static int count_entries(const char *path)
{
    int count = 0;
    DIR *entries = opendir(path);
    assert_non_null(entries);
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

static void cycle(const char *folder)
{
    afmon_monitor *monitor = open_on(folder);
    afmon_record_metric(monitor, "m", 1, NULL, 0);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_written, 1);
}

static void cycles_leak_nothing(void **state)
{
    (void)state;
    char *folder = make_folder();
    for (int i = 0; i < 10; i++)
        cycle(folder);
    int descriptors = count_entries("/proc/self/fd");
    int threads = count_entries("/proc/self/task");
    int cycles = short_form() ? 100 : 1000;
    for (int i = 0; i < cycles; i++)
        cycle(folder);
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(count_entries("/proc/self/task"), threads);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), cycles + 10);
    remove_folder(folder);
}

/* In the child: 0 where all went well. */
static int child_records(afmon_monitor *monitor, afmon_metric *handle, bool close)
{
    for (int i = 0; i < 100; i++)
        if (afmon_record(handle, 1000 + i) != AFMON_OK || afmon_record_metric(monitor, "child", i, NULL, 0) != AFMON_OK)
            return 1;
    afmon_aggregate aggregate;
    do { /* a query waits a second at most for what its thread recorded: not enough on a machine that is busy enough */
        if (afmon_get_metrics(monitor, "child", 3600, &aggregate) != AFMON_OK)
            return 2;
    } while (aggregate.count < 100);
    if (!close)
        return 0; /* as os._exit() of a worker: what is in the rings is recovered */
    afmon_close_report report;
    if (afmon_monitor_close(monitor, &report) != AFMON_OK || report.samples_written != 200)
        return 3;
    return 0;
}

static void a_forked_child_has_files_of_its_own(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* ThreadSanitizer cannot follow threads that a child of several threads starts */
#endif
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    struct job job = {.monitor = monitor, .records = 20000};
    afmon_metric_resolve(monitor, "m", NULL, 0, &job.handle);
    pthread_t thread; /* records while the parent forks */
    pthread_create(&thread, NULL, record_some, &job);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        afmon_record(job.handle, -1);
        children[i] = fork_child();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(child_records(monitor, job.handle, i % 2 == 0));
        afmon_record(job.handle, -2);
    }
    bool all_well = true;
    for (int i = 0; i < 4; i++)
        all_well &= child_ended_well(children[i]);
    pthread_join(thread, NULL);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    if (!all_well) {
        remove_folder(folder);
        skip();
    }
    assert_int_equal(report.samples_written, 22000 + 8);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"child\""), 0);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_aggregate aggregate;
    afmon_view_aggregate(view, "child", AFMON_WINDOW_ALL, &aggregate);
    assert_int_equal(aggregate.count, 400);
    afmon_view_aggregate(view, "m", AFMON_WINDOW_ALL, &aggregate);
    assert_int_equal(aggregate.count, 20008 + 400);
    afmon_view_close(view);
    remove_folder(folder);
}

static void a_child_that_does_not_record_may_close(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_record_metric(monitor, "m", 1, NULL, 0);
    pid_t child = fork_child();
    if (child == 0)
        _exit(afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 1);
    bool well = child_ended_well(child);
    afmon_record_metric(monitor, "m", 2, NULL, 0);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_int_equal(report.samples_written, 2);
    remove_folder(folder);
    if (!well)
        skip();
}

/* Children that end while others begin: a session that ends in the moment in which it is looked at is no failure. */
static void short_lives_beside_each_other(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();
#endif
    enum { ROUNDS = 30, CHILDREN = 4 };
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    bool all_well = true;
    for (int round = 0; round < ROUNDS && all_well; round++) {
        pid_t children[CHILDREN];
        for (int i = 0; i < CHILDREN; i++) {
            children[i] = fork_child();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                _exit(afmon_record_metric(monitor, "child", i, NULL, 0) == AFMON_OK &&
                              afmon_monitor_close(monitor, NULL) == AFMON_OK
                          ? 0
                          : 1);
        }
        for (int i = 0; i < CHILDREN; i++)
            all_well &= child_ended_well(children[i]);
    }
    afmon_monitor_close(monitor, NULL);
    if (!all_well) {
        remove_folder(folder);
        skip();
    }
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_aggregate aggregate;
    afmon_view_aggregate(view, "child", AFMON_WINDOW_ALL, &aggregate);
    assert_int_equal(aggregate.count, ROUNDS * CHILDREN);
    afmon_view_close(view);
    remove_folder(folder);
}

static void a_full_ring_waits_or_drops(void **state)
{
    (void)state;
    for (int drop = 0; drop < 2; drop++) {
        char *folder = make_folder();
        afmon_options options;
        afmon_options_init(&options);
        options.log_dir = folder;
        options.ring_bytes = 16 << 10;
        options.on_full = drop ? AFMON_FULL_DROP : AFMON_FULL_WAIT;
        afmon_monitor *monitor;
        afmon_monitor_open(&options, &monitor, NULL);
        uint64_t refused = 0;
        for (int i = 0; i < 100000; i++)
            refused += afmon_record_metric(monitor, "m", i, NULL, 0) == AFMON_E_FULL;
        afmon_close_report report;
        afmon_monitor_close(monitor, &report);
        assert_int_equal(report.dropped.full, refused);
        assert_int_equal(report.samples_written, 100000 - refused);
        assert_true(drop || refused == 0);
        assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), 100000 - refused);
        remove_folder(folder);
    }
}

struct host {
    int begun;
    int ended;
};

static void host_wait_begin(void *user)
{
    struct host *host = user;
    assert_int_equal(host->begun++, host->ended);
}

static void host_wait_end(void *user)
{
    struct host *host = user;
    assert_int_equal(++host->ended, host->begun);
}

static void the_host_is_told_of_every_wait(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct host host = {0};
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.ring_bytes = 16 << 10;
    options.host = (afmon_host_hooks){.wait_begin = host_wait_begin, .wait_end = host_wait_end, .user = &host};
    afmon_monitor *monitor;
    afmon_monitor_open(&options, &monitor, NULL);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(afmon_record_metric(monitor, "m", i, NULL, 0), AFMON_OK);
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    assert_true(stats.ring_waits > 0);
    assert_int_equal(host.begun, stats.ring_waits + 1); /* and for the file of the ring */
    assert_int_equal(host.ended, stats.ring_waits + 1);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

static void *record_until_refused(void *user)
{
    const struct job *job = user;
    uint64_t recorded = 0;
    while (afmon_record(job->handle, 1) == AFMON_OK)
        recorded++;
    return (void *)(uintptr_t)recorded;
}

static void shutdown_while_threads_record_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < (short_form() ? 3 : 20); round++) {
        char *folder = make_folder();
        afmon_monitor *monitor = open_on(folder);
        struct job job = {.monitor = monitor};
        afmon_metric_resolve(monitor, "m", NULL, 0, &job.handle);
        pthread_t threads[4];
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, record_until_refused, &job);
        usleep(2000);
        afmon_close_report report;
        assert_int_equal(afmon_monitor_shutdown(monitor, &report), AFMON_OK);
        uint64_t recorded = 0;
        for (int i = 0; i < 4; i++) {
            void *own;
            pthread_join(threads[i], &own);
            recorded += (uintptr_t)own;
        }
        assert_int_equal(report.samples_written, recorded);
        afmon_monitor_close(monitor, NULL);
        assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), recorded);
        remove_folder(folder);
    }
}

static void a_hundred_thousand_names(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    int names = short_form() ? 10000 : 100000;
    for (int i = 0; i < names; i++) {
        char name[32];
        snprintf(name, sizeof name, "name-%d", i);
        assert_int_equal(afmon_record_metric(monitor, name, i, NULL, 0), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    assert_int_equal(stats.series, names);
    assert_true(stats.bytes_in_memory < 256 << 20);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

/* ---- what a child inherits of the listener ---- */

static afmon_monitor *open_listening(const char *folder, const char *address)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prometheus_listen = address;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

static int count_sockets(void)
{
    DIR *listing = opendir("/proc/self/fd");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char target[64] = "";
        if (readlinkat(dirfd(listing), entry->d_name, target, sizeof target - 1) > 0)
            count += strncmp(target, "socket:", 7) == 0;
    }
    closedir(listing);
    return count;
}

/* The address is free when its monitor is closed, or killed and its children have recorded something. */
/* A daemon that has closed its standard files, and prints all the same. */
static void print_where_nothing_is_open(const char *folder)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    afmon_monitor *monitor = open_on(folder);
    for (int i = 0; i < 100; i++) {
        (void)afmon_record_metric(monitor, "m", i, NULL, 0);
        (void)afmon_monitor_flush(monitor, 10, NULL);
        if (write(1, "printed\n", 8) >= 0 || write(2, "printed\n", 8) >= 0 || write(0, "printed\n", 8) >= 0)
            _exit(1);
    }
    afmon_close_report report;
    (void)afmon_monitor_close(monitor, &report);
    _exit(report.drained ? 0 : 1);
}

static void no_file_of_ours_gets_the_number_of_a_standard_file(void **state)
{
    (void)state;
    char *folder = make_folder();
    pid_t child = fork_child();
    if (child == 0)
        print_where_nothing_is_open(folder);
    if (child_ended_well(child)) {
        assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), 100);
        assert_int_equal(count_in(folder, "metrics.jsonl", "printed"), 0);
    }
    remove_folder(folder);
}

static void a_child_does_not_keep_the_address(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it cannot start threads in a forked child */
#endif
    char *folder = make_folder();
    char address[64];
    int stay[2];
    int before = count_sockets();
    assert_int_equal(pipe(stay), 0);
    afmon_monitor *monitor = open_listening(folder, "127.0.0.1:0");
    snprintf(address, sizeof address, "%s", afmon_monitor_prometheus_url(monitor) + strlen("http://"));
    pid_t idle = fork_child();
    if (idle == 0) { /* never calls the monitor */
        char nothing;
        close(stay[1]);
        _exit(read(stay[0], &nothing, 1) == 0 ? 0 : 1);
    }
    pid_t busy = fork_child();
    if (busy == 0) {
        bool good = afmon_record_metric(monitor, "m", 1, NULL, 0) == AFMON_OK && count_sockets() == before;
        afmon_monitor_close(monitor, NULL);
        _exit(good ? 0 : 1);
    }
    (void)child_ended_well(busy);
    afmon_monitor_close(monitor, NULL);
    monitor = open_listening(folder, address); /* while the idle one lives */
    close(stay[1]);
    (void)child_ended_well(idle);
    afmon_monitor_close(monitor, NULL);
    close(stay[0]);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_come_and_go_by_the_thousand),
        cmocka_unit_test(a_monitor_a_thread),
        cmocka_unit_test(two_monitors_in_one_thread_do_not_touch),
        cmocka_unit_test(cycles_leak_nothing),
        cmocka_unit_test(a_forked_child_has_files_of_its_own),
        cmocka_unit_test(a_child_that_does_not_record_may_close),
        cmocka_unit_test(a_child_does_not_keep_the_address),
        cmocka_unit_test(no_file_of_ours_gets_the_number_of_a_standard_file),
        cmocka_unit_test(short_lives_beside_each_other),
        cmocka_unit_test(a_full_ring_waits_or_drops),
        cmocka_unit_test(the_host_is_told_of_every_wait),
        cmocka_unit_test(shutdown_while_threads_record_loses_nothing),
        cmocka_unit_test(a_hundred_thousand_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
