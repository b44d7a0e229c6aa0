/* The line of progress: what it says, of the run's own files, and who it is drawn for. */
#include "run_folder.h"

#include <time.h>

#include "live/progress_line.h"

static afmon_monitor *open_showing(const char *folder, afmon_progress_kind progress)
{
    afmon_monitor *monitor = NULL;
    afmon_options options;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metrics_interval_s = 0;
    options.progress = progress;
    options.prices = "{\"model\": {\"input\": 1, \"output\": 1}}";
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

/* Three of four begun rows end, one of them rejected. */
static void make_rows(afmon_monitor *monitor, const char *kind)
{
    assert_int_equal(afmon_monitor_plan(monitor, kind, 1200, 0, false), AFMON_OK);
    for (int64_t i = 0; i < 4; i++) {
        afmon_item *item = NULL;
        assert_int_equal(afmon_item_begin_number(monitor, kind, i, &item), AFMON_OK);
        const afmon_generation generation = {.duration_s = 0.25,
                                             .success = true,
                                             .model_name = "model",
                                             .prompt_token_count = AFMON_GIVEN(250000),
                                             .completion_token_count = AFMON_GIVEN(250000),
                                             .item = item};
        assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
        if (i < 2)
            assert_int_equal(afmon_item_accept(item), AFMON_OK);
        else if (i == 2)
            assert_int_equal(afmon_item_reject(item, "too short"), AFMON_OK);
        else
            afmon_item_drop(item);
    }
}

static void is_made_while_the_run_goes_on(void **state)
{
    (void)state;
    char *folder = make_folder();
    char line[AFMON_PROGRESS_LINE_SIZE];
    afmon_monitor *monitor = open_showing(folder, AFMON_PROGRESS_LINE);
    make_rows(monitor, "row");
    const struct timespec a_moment = {.tv_nsec = 20000000};
    for (int i = 0; i < 3000; i++) {
        afmon_monitor_progress_line(monitor, line, sizeof line);
        if (strstr(line, "3 of 1,200 rows") != NULL)
            break;
        nanosleep(&a_moment, NULL);
    }
    assert_non_null(strstr(line, "3 of 1,200 rows"));
    assert_non_null(strstr(line, "66.7% accepted"));
    assert_non_null(strstr(line, "$2.00"));
    char cut[6];
    afmon_monitor_progress_line(monitor, cut, sizeof cut);
    assert_string_equal(cut, "3 of ");
    assert_int_equal(afmon_monitor_shutdown(monitor, NULL), AFMON_OK);
    afmon_monitor_progress_line(monitor, line, sizeof line);
    assert_non_null(strstr(line, "3 of 1,200 rows  took "));
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    remove_folder(folder);
}

static void what_does_not_fit_is_left_out(void **state)
{
    (void)state;
    char *folder = make_folder();
    char line[AFMON_PROGRESS_LINE_SIZE];
    afmon_live *live = NULL;
    afmon_monitor *monitor = open_showing(folder, AFMON_PROGRESS_NONE);
    make_rows(monitor, "row");
    afmon_monitor_progress_line(monitor, line, sizeof line);
    assert_string_equal(line, "");
    assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    assert_int_equal(afmon_live_open(folder, NULL, &live, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 60, NULL), AFMON_OK);
    assert_true(afmon_live_progress_line(live, true, 200, line, sizeof line));
    assert_non_null(strstr(line, "66.7% accepted  $2.00"));
    assert_true(afmon_live_progress_line(live, true, 20, line, sizeof line));
    assert_string_equal(line, "3 of 1,200 rows");
    assert_true(afmon_live_progress_line(live, true, 200, line, 10));
    assert_true(strlen(line) < 10);
    afmon_live_close(live);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    remove_folder(folder);
}

/* A terminal would obey it. */
static void a_kind_is_drawn_as_text(void **state)
{
    (void)state;
    char *folder = make_folder();
    char line[AFMON_PROGRESS_LINE_SIZE];
    afmon_live *live = NULL;
    afmon_monitor *monitor = open_showing(folder, AFMON_PROGRESS_NONE);
    make_rows(monitor, "x\x1b[2J\u202e");
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_int_equal(afmon_live_open(folder, NULL, &live, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 60, NULL), AFMON_OK);
    assert_true(afmon_live_progress_line(live, false, 200, line, sizeof line));
    assert_non_null(strstr(line, "3 of 1,200 x?[2J?"));
    afmon_live_close(live);
    remove_folder(folder);
}

static void needs_the_files(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = NULL;
    afmon_options options;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.progress = AFMON_PROGRESS_LINE;
    options.metric_handler_count = 0;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "keep the built-in handlers"));
    options.metric_handler_count = AFMON_DEFAULT_HANDLERS;
    options.progress = (afmon_progress_kind)3;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_made_while_the_run_goes_on),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(a_kind_is_drawn_as_text),
        cmocka_unit_test(needs_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
