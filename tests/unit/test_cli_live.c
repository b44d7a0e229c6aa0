/* The live display: which alerts hold, and what is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "cli/live.h"

static afmon_alert make_alert(const char *name, double mean, double limit)
{
    afmon_alert alert = {.level = AFMON_WARNING, .limit = limit, .value = mean, .data = {.count = 1, .mean = mean}};
    snprintf(alert.name, sizeof alert.name, "%s", name);
    snprintf(alert.message, sizeof alert.message, "mean %.1f", mean);
    return alert;
}

static void give(const afmon_alert_handler *handler, const afmon_alert *alert)
{
    char error[16];
    assert_int_equal(handler->handle(handler->user, alert, error, sizeof error), 0);
}

static void alerts_come_hold_and_go(void **state)
{
    (void)state;
    alert_board board;
    alert_event event;
    alert_entry entries[ALERT_ENTRIES];
    assert_true(alert_board_init(&board, 0.05));
    afmon_alert_handler handler = alert_board_handler(&board);
    afmon_alert mild = make_alert("low", 0.7, 0.8), bad = make_alert("low", 0.5, 0.8), other = make_alert("x", 9, 1);
    assert_false(alert_board_next(&board, &event));
    give(&handler, &mild);
    give(&handler, &bad);
    give(&handler, &mild);
    give(&handler, &other);
    assert_true(alert_board_next(&board, &event));
    assert_true(event.raised);
    assert_string_equal(event.alert.message, "mean 0.7");
    assert_true(alert_board_next(&board, &event));
    assert_string_equal(event.alert.name, "x");
    assert_false(alert_board_next(&board, &event));
    usleep(120000);
    assert_true(alert_board_next(&board, &event));
    assert_false(event.raised);
    assert_true(event.held_s >= 0.05 && event.held_s < 10);
    assert_true(alert_board_next(&board, &event));
    assert_false(alert_board_next(&board, &event));
    give(&handler, &mild);
    assert_true(alert_board_next(&board, &event) && event.raised);
    assert_int_equal(alert_board_entries(&board, entries), 2);
    assert_string_equal(entries[0].worst.message, "mean 0.5");
    assert_int_equal(entries[0].raised, 2);
    assert_int_equal(entries[0].passes, 4);
    assert_true(entries[0].holds && !entries[1].holds);
    alert_board_destroy(&board);
}

static void untold_events_are_bounded(void **state)
{
    (void)state;
    alert_board board;
    alert_event event;
    assert_true(alert_board_init(&board, 0));
    afmon_alert_handler handler = alert_board_handler(&board);
    afmon_alert alert = make_alert("low", 0.7, 0.8);
    for (int i = 0; i < 3 * ALERT_EVENTS; i++) {
        give(&handler, &alert);
        board.entries[0].holds = false;
    }
    size_t told = 0;
    while (alert_board_next(&board, &event))
        told++;
    assert_int_equal(told, ALERT_EVENTS);
    alert_board_destroy(&board);
}

static live_figures busy_figures(const alert_entry *entries)
{
    return (live_figures){.counts = {.planned = 1000000000, .done = 333333333, .failed = 333333333},
                          .elapsed_s = 1e9,
                          .rate = 1e12,
                          .plan = {.known = true,
                                   .eta_s = 1e11,
                                   .eta_p10_s = 1e10,
                                   .eta_p90_s = 1e30,
                                   .open = UINT64_MAX / 2,
                                   .oldest_s = 1e11},
                          .success = 0.5,
                          .p50_s = 1e6,
                          .p95_s = 1e7,
                          .timed = true,
                          .prompt_tokens = UINT64_MAX / 4,
                          .completion_tokens = UINT64_MAX / 4,
                          .alerts = entries,
                          .alert_count = ALERT_ENTRIES};
}

static void check_lines(const char *text, size_t lines, size_t width)
{
    size_t count = 0;
    while (*text != '\0') {
        char line[2048];
        size_t length = strcspn(text, "\n");
        assert_true(length < sizeof line);
        memcpy(line, text, length);
        line[length] = '\0';
        if (cli_width(line) > width)
            fail_msg("wider than %zu: %s", width, line);
        text += length + 1;
        count++;
    }
    assert_int_equal(count, lines);
}

static void frames_fit_every_width(void **state)
{
    (void)state;
    alert_entry entries[ALERT_ENTRIES];
    float slices[LIVE_SLICES];
    for (size_t i = 0; i < ALERT_ENTRIES; i++)
        entries[i] = (alert_entry){.holds = true, .latest = make_alert("a_rather_long_name_of_an_alert", 1, 2)};
    for (size_t i = 0; i < LIVE_SLICES; i++)
        slices[i] = (float)i / LIVE_SLICES;
    live_figures figures = busy_figures(entries);
    for (size_t width = 10; width < 240; width++) {
        gen_text text = {0};
        cli_screen screen = {.terminal = true, .colour = width % 2 == 0, .unicode = true, .width = width, .height = 40};
        size_t lines =
            live_draw_frame(&text, &screen, "a title that is \u00fcber-long and goes on and on and on and on", &figures,
                            slices, LIVE_SLICES);
        check_lines(text.data, lines, width);
        gen_text_free(&text);
    }
}

static void a_run_that_has_not_begun_can_be_drawn(void **state)
{
    (void)state;
    gen_text text = {0};
    cli_screen screen = {.terminal = true, .width = 80, .height = 24};
    live_figures figures = {.counts = {.planned = 10}, .success = -1};
    check_lines((live_draw_frame(&text, &screen, "t", &figures, NULL, 0), text.data), 9, 80);
    assert_null(strstr(text.data, "nan"));
    assert_null(strstr(text.data, "\x1b"));
    gen_text_clear(&text);
    live_draw_line(&text, &figures);
    assert_non_null(strstr(text.data, "0 of 10 conversations (0%)"));
    gen_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts_come_hold_and_go),
        cmocka_unit_test(untold_events_are_bounded),
        cmocka_unit_test(frames_fit_every_width),
        cmocka_unit_test(a_run_that_has_not_begun_can_be_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
