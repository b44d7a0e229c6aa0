/* The comparison with Python over hundreds of thousands of numbers is in tests/e2e/test_numbers.py. */
#include "check.h"

#include <locale.h>
#include <math.h>

#include "base/clamp.h"
#include "base/number.h"

static void assert_double_text(double value, const char *expected)
{
    char out[AFMON_NUMBER_SIZE];
    assert_text(out, afmon_format_double(out, value), expected);
}

static void doubles_print_as_pythons_repr(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-17.0, "-17.0"},
        {123456789.0, "123456789.0"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {-0.25, "-0.25"},
        {0.000000001, "1e-09"},
        {0.00001, "1e-05"},
        {0.000099999, "9.9999e-05"},
        {0.0001, "0.0001"},
        {1.000000001, "1.000000001"},
        {999999.999999999, "999999.999999999"},
        {1000000.000000001, "1000000.000000001"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {9007199254740992.0, "9007199254740992.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {1.5e300, "1.5e+300"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {NAN, "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_double_text(cases[i].value, cases[i].text);
}

static void doubles_read_back_as_they_were(void **state)
{
    (void)state;
    uint64_t bits = 0x9E3779B97F4A7C15;
    for (int i = 0; i < 200000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double value;
        double back;
        char out[AFMON_NUMBER_SIZE];
        memcpy(&value, &bits, sizeof value);
        if (i % 2 == 0)
            value = (double)(bits >> 20) / 1e9;
        if (!isfinite(value))
            continue;
        size_t length = afmon_format_double(out, value);
        assert_true(length < AFMON_NUMBER_SIZE);
        assert_true(afmon_parse_double(out, length, &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {7, "7"},
        {-1, "-1"},
        {10, "10"},
        {99, "99"},
        {100, "100"},
        {12345, "12345"},
        {-1000000, "-1000000"},
        {9999999, "9999999"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[AFMON_NUMBER_SIZE];
        int64_t back = 5;
        assert_text(out, afmon_format_int(out, cases[i].value), cases[i].text);
        assert_true(afmon_parse_int(cases[i].text, strlen(cases[i].text), &back));
        assert_int_equal(back, cases[i].value);
    }
}

static void what_is_no_integer(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-",
                                        "+1",
                                        "01",
                                        "-01",
                                        "1.0",
                                        "1e3",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "a",
                                        "--1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999",
                                        "10000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t value = 5;
        assert_false(afmon_parse_int(texts[i], strlen(texts[i]), &value));
        assert_int_equal(value, 5);
    }
    int64_t value;
    assert_false(afmon_parse_int("1\0", 2, &value));
}

static void what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "-",     "+1",    "01",       "-01",    "1.",
                                        ".5",  "1e",    "1e+",   "1e5x",     " 1",     "1 ",
                                        "inf", "nan",   "NaN",   "Infinity", "1,5",    "0x10",
                                        "--1", "1.5.5", "1e5.5", "1e400",    "-1e400", "1.7976931348623159e308"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value;
        assert_false(afmon_parse_double(texts[i], strlen(texts[i]), &value));
    }
}

static void too_small_is_zero(void **state)
{
    (void)state;
    double value = 1;
    assert_true(afmon_parse_double("1e-400", 6, &value));
    assert_true(value == 0.0 && !signbit(value));
    assert_true(afmon_parse_double("-1e-99999999999999999999", 24, &value));
    assert_true(value == 0.0 && signbit(value));
    assert_true(afmon_parse_double("0e99999999999999999999", 22, &value));
    assert_true(value == 0.0);
}

static void reads_no_further_than_length(void **state)
{
    (void)state;
    double value;
    int64_t integer;
    char *text = malloc(3); /* exact, so that a sanitizer sees a byte too far */
    memcpy(text, "1.5", 3);
    assert_true(afmon_parse_double(text, 3, &value));
    assert_true(value == 1.5);
    assert_false(afmon_parse_double(text, 2, &value));
    assert_true(afmon_parse_int(text, 1, &integer));
    assert_int_equal(integer, 1);
    memcpy(text, "1e9", 3);
    assert_false(afmon_parse_double(text, 2, &value));
    free(text);
}

static void the_locale_changes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"tr_TR.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (setlocale(LC_ALL, names[i]) == NULL)
            continue;
        double value;
        assert_double_text(1.0 / 3, "0.3333333333333333");
        assert_double_text(1234567.5, "1234567.5");
        assert_true(afmon_parse_double("0.3333333333333333", 18, &value));
        assert_true(value == 1.0 / 3);
        assert_false(afmon_parse_double("0,5", 3, &value));
    }
    setlocale(LC_ALL, "C");
}

static void what_does_not_fit_is_the_nearest_that_does(void **state)
{
    (void)state;
    assert_true(afmon_clamp_add(INT64_MAX, 1) == INT64_MAX && afmon_clamp_add(INT64_MIN, -1) == INT64_MIN);
    assert_true(afmon_clamp_sub(INT64_MAX, -1) == INT64_MAX && afmon_clamp_sub(INT64_MIN, 1) == INT64_MIN);
    assert_true(afmon_clamp_sub(0, INT64_MIN) == INT64_MAX && afmon_clamp_sub(5, 7) == -2);
    assert_true(afmon_clamp_add_u64(UINT64_MAX, 1) == UINT64_MAX && afmon_clamp_add_u64(2, 3) == 5);
    assert_true(afmon_clamp_i64(1e300) == INT64_MAX && afmon_clamp_i64(-1e300) == INT64_MIN);
    assert_true(afmon_clamp_i64(0x1p63) == INT64_MAX && afmon_clamp_i64(-0x1p63) == INT64_MIN);
    assert_true(afmon_clamp_i64((double)NAN) == 0 && afmon_clamp_i64(-1.9) == -1);
    assert_true(afmon_clamp_u64(0x1p64) == UINT64_MAX && afmon_clamp_u64((double)INFINITY) == UINT64_MAX);
    assert_true(afmon_clamp_u64((double)NAN) == 0 && afmon_clamp_u64(-1) == 0 && afmon_clamp_u64(1.9) == 1);
    assert_true(afmon_seconds_between(INT64_MIN, INT64_MAX) == 0x1p64 / 1e9);
    assert_true(afmon_seconds_between(5, 1000000005) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_print_as_pythons_repr),
        cmocka_unit_test(doubles_read_back_as_they_were),
        cmocka_unit_test(integers),
        cmocka_unit_test(what_is_no_integer),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(too_small_is_zero),
        cmocka_unit_test(reads_no_further_than_length),
        cmocka_unit_test(the_locale_changes_nothing),
        cmocka_unit_test(what_does_not_fit_is_the_nearest_that_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
