/* A monitor whose forked children record: its alerts, queries and /metrics are those of all of them. */
#include "run_folder.h"

#include "forked.h"

#include <math.h>
#include <time.h>

#include "base/buffer.h"

static afmon_monitor *open_counting(const char *folder, bool metric_file)
{
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metrics_interval_s = 0;
    options.prometheus_listen = "";
    if (!metric_file)
        options.metric_handler_count = 0;
    afmon_monitor *monitor;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    return monitor;
}

/* Every third one fails; no two have the same duration. */
static void track(afmon_monitor *monitor, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        const bool failed = i % 3 == 0;
        const afmon_field fields[] = {afmon_string("operation", i % 2 ? "question_generation" : "answer_generation")};
        const afmon_generation generation = {.duration_s = i / 64.0 + 0.125,
                                             .success = !failed,
                                             .error = failed ? "boom" : NULL,
                                             .error_type = failed ? "RateLimitError" : NULL,
                                             .model_name = i % 5 ? "m" : "other",
                                             .total_token_count = AFMON_GIVEN(i),
                                             .fields = fields,
                                             .field_count = 1};
        if (afmon_track_generation(monitor, &generation) != AFMON_OK)
            abort();
    }
}

static pid_t fork_tracking(afmon_monitor *monitor, int from, int count, bool closes)
{
    pid_t child = fork_child();
    assert_true(child >= 0);
    if (child == 0) {
        track(monitor, from, count);
        afmon_status status = closes ? afmon_monitor_close(monitor, NULL) : afmon_monitor_flush(monitor, 20, NULL);
        _exit(status == AFMON_OK ? 0 : 1);
    }
    return child;
}

static int add_text(void *user, const void *data, size_t length)
{
    afmon_buffer_add(user, data, length);
    return 0;
}

/* Lines of what is counted of the run; what a monitor says of itself is of one process. */
static char *counted_lines(struct afmon_buffer *text)
{
    static const char *const counted[] = {"gen_ai_",        "afmon_generation", "afmon_total_token",
                                          "afmon_cost_usd", "afmon_api_errors", "afmon_model_usage",
                                          "afmon_samples"};
    struct afmon_buffer kept;
    afmon_buffer_init(&kept, SIZE_MAX / 2);
    afmon_buffer_add_char(text, '\0');
    for (char *line = strtok(text->data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
            if (strncmp(line, counted[i], strlen(counted[i])) == 0) {
                afmon_buffer_add_text(&kept, line);
                afmon_buffer_add_char(&kept, '\n');
            }
    afmon_buffer_add_char(&kept, '\0');
    afmon_buffer_free(text);
    return kept.data;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Label sets come in the order in which they were met: compared as a set of lines. */
static void assert_same_lines(char *a, char *b)
{
    char *lines[2][2000];
    size_t counts[2] = {0, 0};
    char *texts[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        for (char *line = strtok(texts[k], "\n"); line != NULL && counts[k] < 2000; line = strtok(NULL, "\n"))
            lines[k][counts[k]++] = line;
        qsort(lines[k], counts[k], sizeof *lines[k], by_text);
    }
    assert_int_equal(counts[0], counts[1]);
    assert_true(counts[0] > 20);
    for (size_t i = 0; i < counts[0]; i++)
        assert_string_equal(lines[0][i], lines[1][i]);
    free(a);
    free(b);
}

/* The monitor says what the folder says, of every metric, and counts what the folder's counters count. */
static void assert_as_the_folder(afmon_monitor *monitor, const char *folder)
{
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    const char *name;
    for (size_t i = 0; (name = afmon_view_metric_name(view, i, NULL)) != NULL; i++) {
        afmon_aggregate ours, all;
        assert_int_equal(afmon_get_metrics(monitor, name, AFMON_ALL_TIME, &ours), AFMON_OK);
        assert_int_equal(afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &all), AFMON_OK);
        assert_int_equal(ours.count, all.count);
        assert_true(fabs(ours.sum - all.sum) < 1e-6);
        assert_true(ours.min == all.min && ours.max == all.max && ours.p50 == all.p50 && ours.p99 == all.p99);
    }
    struct afmon_buffer live, recorded;
    afmon_buffer_init(&live, SIZE_MAX / 2);
    afmon_buffer_init(&recorded, SIZE_MAX / 2);
    assert_int_equal(afmon_monitor_prometheus_write(monitor, AFMON_OPENMETRICS, add_text, &live, NULL), AFMON_OK);
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, add_text, &recorded, NULL), AFMON_OK);
    assert_same_lines(counted_lines(&live), counted_lines(&recorded));
    afmon_view_close(view);
}

static bool ended_well(pid_t *children, int count)
{
    bool well = true;
    for (int i = 0; i < count; i++)
        well &= child_ended_well(children[i]);
    return well;
}

static void questions_are_of_all_processes(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it cannot start threads in a forked child */
#endif
    char *folder = make_folder();
    afmon_monitor *monitor = open_counting(folder, true);
    track(monitor, 0, 100); /* before there is a child */
    pid_t children[6];
    for (int i = 0; i < 6; i++) {
        if (i == 3)
            track(monitor, 7000, 40);
        children[i] = fork_tracking(monitor, 1000 * (i + 1), 50 + i, i % 2 == 0);
    }
    bool well = ended_well(children, 6);
    track(monitor, 8000, 7);
    if (well) {
        afmon_aggregate aggregate;
        afmon_alert alerts[8];
        afmon_token_usage usage;
        afmon_stats stats;
        size_t firing;
        assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
        assert_int_equal(afmon_get_metrics(monitor, "success_rate", 300, &aggregate), AFMON_OK);
        assert_int_equal(aggregate.count, 100 + 40 + 7 + 6 * 50 + 15);
        assert_int_equal(afmon_check_alerts(monitor, alerts, 8, &firing), AFMON_OK);
        assert_true(firing > 0 && alerts[0].data.count == aggregate.count);
        assert_int_equal(afmon_get_total_token_usage(monitor, AFMON_ALL_TIME, &usage), AFMON_OK);
        afmon_aggregate tokens;
        assert_int_equal(afmon_get_metrics(monitor, "total_token_count", AFMON_ALL_TIME, &tokens), AFMON_OK);
        assert_true((double)usage.total_tokens == tokens.sum);
        afmon_token_usage_free(&usage);
        assert_int_equal(afmon_monitor_stats(monitor, &stats), AFMON_OK);
        assert_int_equal(stats.processes, 7);
        assert_int_equal(stats.processes_left_out, 0);
        assert_as_the_folder(monitor, folder);
    }
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
    if (!well)
        skip();
}

/* Also where a child forks, and where the run had been recorded before by another process. */
static void grandchildren_count_and_what_was_there_before_does_not(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();
#endif
    char *folder = make_folder();
    afmon_monitor *monitor = open_counting(folder, true);
    track(monitor, 0, 30);
    afmon_monitor_close(monitor, NULL);
    monitor = open_counting(folder, true);
    track(monitor, 100, 10);
    pid_t child = fork_child();
    if (child == 0) {
        track(monitor, 200, 20);
        pid_t grandchild = fork_tracking(monitor, 300, 40, true);
        int status;
        bool well = waitpid(grandchild, &status, 0) == grandchild && status == 0;
        afmon_stats stats;
        well = well && afmon_monitor_stats(monitor, &stats) == AFMON_OK && stats.processes == 1;
        _exit(well && afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 1);
    }
    bool well = child_ended_well(child);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
    assert_int_equal(afmon_get_metrics(monitor, "success_rate", AFMON_ALL_TIME, &aggregate), AFMON_OK);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
    if (!well)
        skip();
    assert_int_equal(aggregate.count, 10 + 20 + 40);
}

/* Nobody flushes: what children write is there soon, and counted before they end. */
static void it_is_seen_while_they_run(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();
#endif
    char *folder = make_folder();
    int stay[2];
    assert_int_equal(pipe(stay), 0);
    afmon_monitor *monitor = open_counting(folder, true);
    pid_t child = fork_child();
    if (child == 0) {
        char nothing;
        close(stay[1]);
        track(monitor, 0, 60);
        _exit(read(stay[0], &nothing, 1) == 0 && afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 1);
    }
    afmon_aggregate aggregate = {0};
    for (int i = 0; i < 1000 && aggregate.count < 60; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        afmon_get_metrics(monitor, "success_rate", AFMON_ALL_TIME, &aggregate);
    }
    close(stay[1]);
    bool well = child_ended_well(child);
    close(stay[0]);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
    if (!well)
        skip();
    assert_int_equal(aggregate.count, 60);
}

static void who_cannot_be_read_is_told(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();
#endif
    char *folder = make_folder();
    afmon_monitor *monitor = open_counting(folder, false);
    pid_t child = fork_tracking(monitor, 0, 10, true);
    bool well = child_ended_well(child);
    afmon_stats stats;
    afmon_monitor_flush(monitor, 30, NULL);
    afmon_monitor_stats(monitor, &stats);
    afmon_monitor_close(monitor, NULL);
    size_t told = count_in(folder, "afterimage.log", "afmon serve");
    remove_folder(folder);
    if (!well)
        skip();
    assert_int_equal(stats.processes, 1);
    assert_int_equal(stats.processes_left_out, 1);
    assert_int_equal(told, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_of_all_processes),
        cmocka_unit_test(grandchildren_count_and_what_was_there_before_does_not),
        cmocka_unit_test(it_is_seen_while_they_run),
        cmocka_unit_test(who_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
