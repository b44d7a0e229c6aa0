/* Text that a terminal can be given, and how wide it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "base/utf8.h"

static void check_safe(const char *text, size_t length, const char *wanted)
{
    char *safe = cli_safe(text, length);
    assert_non_null(safe);
    assert_string_equal(safe, wanted);
    free(safe);
}

static void plain_text_stays(void **state)
{
    (void)state;
    check_safe("gpt-4o, größer, 日本語 \\n", strlen("gpt-4o, größer, 日本語 \\n"), "gpt-4o, größer, 日本語 \\n");
    check_safe("", 0, "");
}

static void what_a_terminal_would_obey_is_shown(void **state)
{
    (void)state;
    check_safe("a\nb\r\t", 5, "a\\nb\\r\\t");
    check_safe("\x1b[31mred", 8, "\\x1b[31mred");
    check_safe("a\0b", 3, "a\\x00b");
    check_safe("\x7f", 1, "\\x7f");
    check_safe("\xc2\x9b"
               "31m",
               5, "\\u009b31m");
    check_safe("\xe2\x80\xae"
               "abc",
               6, "\\u202eabc");
    check_safe("\xff\xc3", 2, "\\xff\\xc3");
    check_safe("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
    check_safe("\xc0\x9b", 2, "\\xc0\\x9b");
}

static void no_byte_passes_that_a_terminal_obeys(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 2000; round++) {
        char text[40];
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)(rand() & 0xFF);
        char *safe = cli_safe(text, sizeof text);
        size_t step;
        for (size_t at = 0, length = strlen(safe); at < length; at += step) {
            uint32_t c = afmon_utf8_character(safe + at, length - at, &step);
            assert_true(c != AFMON_NO_CHARACTER && c >= 0x20 && !(c >= 0x7F && c < 0xA0));
        }
        free(safe);
    }
}

static void a_small_buffer_cuts_between_characters(void **state)
{
    char out[6];
    (void)state;
    assert_int_equal(cli_safe_into(out, sizeof out, "ab€€", 8), 5);
    assert_string_equal(out, "ab€");
    assert_int_equal(cli_safe_into(out, 4, "a\x1b", 2), 1);
    assert_string_equal(out, "a");
    assert_int_equal(cli_safe_into(out, 1, "a", 1), 0);
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(cli_width("abc"), 3);
    assert_int_equal(cli_width("größer"), 6);
    assert_int_equal(cli_width("日本語"), 6);
    assert_int_equal(cli_width("e\xcc\x81"), 1);
    assert_int_equal(cli_width("\x1b[31mred\x1b[0m"), 3);
    assert_int_equal(cli_width("🚀"), 2);
    assert_int_equal(cli_width("█▏─…"), 4);
    assert_int_equal(cli_width(""), 0);
}

static void fitting_does_not_split(void **state)
{
    size_t used;
    (void)state;
    assert_int_equal(cli_fit("日本語", 5, &used), 6);
    assert_int_equal(used, 4);
    assert_int_equal(cli_fit("abc", 2, &used), 2);
    assert_int_equal(cli_fit("e\xcc\x81x", 1, &used), 3);
    assert_int_equal(cli_fit("abc", 10, &used), 3);
}

static void check_wrap(const char *text, size_t column, size_t indent, size_t width, const char *wanted)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    cli_wrap(out, text, column, indent, width);
    fclose(out);
    assert_string_equal(printed, wanted);
    free(printed);
}

static void wrapping(void **state)
{
    (void)state;
    check_wrap("one two three", 0, 2, 8, "one two\n  three");
    check_wrap("one two three", 4, 4, 8, "one\n    two\n    three");
    check_wrap("one\ntwo", 0, 0, 80, "one\ntwo");
    check_wrap("averylongword x", 0, 0, 4, "averylongword\nx");
    check_wrap("one two three four five", 0, 0, 0, "one two three four five");
}

static void bars(void **state)
{
    char bar[64];
    cli_screen screen = {.out = stdout, .unicode = true};
    (void)state;
    cli_bar(&screen, 0.5, 4, bar, sizeof bar);
    assert_string_equal(bar, "██  ");
    cli_bar(&screen, 0.5625, 2, bar, sizeof bar);
    assert_string_equal(bar, "█▏");
    cli_bar(&screen, 7, 2, bar, sizeof bar);
    assert_string_equal(bar, "██");
    cli_bar(&screen, -1, 2, bar, sizeof bar);
    assert_string_equal(bar, "  ");
    screen.unicode = false;
    cli_bar(&screen, 0.5, 4, bar, sizeof bar);
    assert_string_equal(bar, "##..");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(what_a_terminal_would_obey_is_shown),
        cmocka_unit_test(no_byte_passes_that_a_terminal_obeys),
        cmocka_unit_test(a_small_buffer_cuts_between_characters),
        cmocka_unit_test(widths),
        cmocka_unit_test(fitting_does_not_split),
        cmocka_unit_test(wrapping),
        cmocka_unit_test(bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
