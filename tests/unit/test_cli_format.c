/* Numbers as people read them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/words.h"
#include "cli/cli.h"

static void counts_have_thousands_separators(void **state)
{
    (void)state;
    assert_string_equal(cli_count(0).s, "0");
    assert_string_equal(cli_count(999).s, "999");
    assert_string_equal(cli_count(1000).s, "1,000");
    assert_string_equal(cli_count(1234567).s, "1,234,567");
    assert_string_equal(cli_count(UINT64_MAX).s, "18,446,744,073,709,551,615");
}

static void time_left_is_a_band_in_one_unit(void **state)
{
    (void)state;
    assert_string_equal(afmon_words_left(2.04, 4, 12.6).text, "4.0 s (2.0 to 13 s)");
    assert_string_equal(afmon_words_left(180, 252, 360).text, "4.2 min (3.0 to 6.0 min)");
    assert_string_equal(afmon_words_left((double)NAN, 7200, (double)NAN).text, "2.0 h");
    assert_string_equal(afmon_words_left(86400, 10 * 86400, 1e30).text, "10 d (1.0 to 1000000000000 d)");
    assert_string_equal(afmon_words_left((double)NAN, (double)NAN, (double)NAN).text, "-");
    assert_string_equal(afmon_words_open(7, 41).text, "7 open, the oldest for 41 s");
    assert_string_equal(afmon_words_open(1, 240).text, "1 open, for 4.0 min");
    assert_string_equal(afmon_words_open(0, (double)NAN).text, "");
}

static void compact_numbers_take_six_columns(void **state)
{
    (void)state;
    assert_string_equal(cli_compact(0).s, "0");
    assert_string_equal(cli_compact(987).s, "987");
    assert_string_equal(cli_compact(999.4).s, "999");
    assert_string_equal(cli_compact(999.6).s, "1.00k");
    assert_string_equal(cli_compact(12345).s, "12.3k");
    assert_string_equal(cli_compact(4.56e6).s, "4.56M");
    assert_string_equal(cli_compact(1.5).s, "1.50");
    assert_string_equal(cli_compact(-12345).s, "-12.3k");
    assert_string_equal(cli_compact(NAN).s, "-");
    for (double n = 1; n < 1e15; n *= 1.37)
        assert_true(strlen(cli_compact(n).s) <= 6);
}

static void bytes_have_units(void **state)
{
    (void)state;
    assert_string_equal(cli_bytes(0).s, "0 B");
    assert_string_equal(cli_bytes(987).s, "987 B");
    assert_string_equal(cli_bytes(12300).s, "12.3 KB");
    assert_string_equal(cli_bytes(4.56e6).s, "4.56 MB");
}

static void numbers_have_four_digits(void **state)
{
    (void)state;
    assert_string_equal(cli_number(0).s, "0");
    assert_string_equal(cli_number(1).s, "1");
    assert_string_equal(cli_number(0.93124).s, "0.9312");
    assert_string_equal(cli_number(0.5).s, "0.5");
    assert_string_equal(cli_number(1.84159).s, "1.842");
    assert_string_equal(cli_number(12.414).s, "12.41");
    assert_string_equal(cli_number(123.45).s, "123.5");
    assert_string_equal(cli_number(100).s, "100");
    assert_string_equal(cli_number(1234.4).s, "1,234");
    assert_string_equal(cli_number(-1234.6).s, "-1,235");
    assert_string_equal(cli_number(-0.25).s, "-0.25");
    assert_string_equal(cli_number(1.2e-7).s, "1.2e-07");
    assert_string_equal(cli_number(3e20).s, "3.0e+20");
    assert_string_equal(cli_number(-9.97e-8).s, "-1.0e-07");
    assert_string_equal(cli_number(5e-324).s, "4.9e-324");
    assert_string_equal(cli_number(1.7e308).s, "1.7e+308");
    assert_string_equal(cli_number(INFINITY).s, "-");
}

static void percents(void **state)
{
    (void)state;
    assert_string_equal(cli_percent(0.9741).s, "97.4%");
    assert_string_equal(cli_percent(1).s, "100%");
    assert_string_equal(cli_percent(0).s, "0%");
    assert_string_equal(cli_percent(0.00001).s, "<0.1%");
    assert_string_equal(cli_percent(0.99999).s, ">99.9%");
    assert_string_equal(cli_percent(-0.25).s, "-25.0%");
    assert_string_equal(cli_percent(1e300).s, "1.0e+302%");
    assert_string_equal(cli_percent(NAN).s, "-");
}

static void durations_choose_their_unit(void **state)
{
    (void)state;
    assert_string_equal(cli_seconds(0).s, "0 s");
    assert_string_equal(cli_span(0).s, "0 s");
    assert_string_equal(cli_span(12.4).s, "12 s");
    assert_string_equal(cli_span(125).s, "2 min 05 s");
    assert_string_equal(cli_seconds(12.3e-6).s, "12.3 µs");
    assert_string_equal(cli_seconds(320e-9).s, "320 ns");
    assert_string_equal(cli_seconds(0.34).s, "340 ms");
    assert_string_equal(cli_seconds(0.9996).s, "1.00 s");
    assert_string_equal(cli_seconds(1.84).s, "1.84 s");
    assert_string_equal(cli_seconds(12.41).s, "12.4 s");
    assert_string_equal(cli_seconds(125).s, "2 min 05 s");
    assert_string_equal(cli_seconds(119.7).s, "2 min 00 s");
    assert_string_equal(cli_seconds(3720).s, "1 h 02 min");
    assert_string_equal(cli_seconds(3599.9).s, "1 h 00 min");
    assert_string_equal(cli_seconds(3 * 86400.0 + 4 * 3600).s, "3 d 04 h");
    assert_string_equal(cli_seconds(-2).s, "-2.00 s");
    assert_string_equal(cli_seconds(INFINITY).s, "-");
}

static void times_are_local(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    assert_string_equal(cli_time(INT64_C(1795426585123456789)).s, "2026-11-23 09:36:25");
    assert_string_equal(cli_clock(INT64_C(1795426585123456789)).s, "09:36:25");
    assert_string_equal(cli_time(-1).s, "1969-12-31 23:59:59");
}

static void json_keeps_what_it_is_given(void **state)
{
    (void)state;
    json_t *time = cli_json_time(INT64_C(1795426585000123456));
    assert_string_equal(json_string_value(time), "2026-11-23T09:36:25.000123+00:00");
    json_decref(time);
    time = cli_json_time(-1);
    assert_string_equal(json_string_value(time), "1969-12-31T23:59:59.999999+00:00");
    json_decref(time);
    json_t *text = cli_json_string("a\xff\0b", 4);
    assert_int_equal(json_string_length(text), 6);
    assert_memory_equal(json_string_value(text), "a\xEF\xBF\xBD\0b", 6);
    json_decref(text);
    json_t *number = cli_json_number(NAN);
    assert_true(json_is_null(number));
    json_decref(number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_thousands_separators), cmocka_unit_test(time_left_is_a_band_in_one_unit),
        cmocka_unit_test(compact_numbers_take_six_columns), cmocka_unit_test(bytes_have_units),
        cmocka_unit_test(numbers_have_four_digits),         cmocka_unit_test(percents),
        cmocka_unit_test(durations_choose_their_unit),      cmocka_unit_test(times_are_local),
        cmocka_unit_test(json_keeps_what_it_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
