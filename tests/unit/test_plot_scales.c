/* Scales, ticks, averages and bars: the pure parts of charts. */
#include <locale.h>
#include <math.h>

#include "check.h"
#include "plot/histogram.h"
#include "plot/numbers.h"
#include "plot/rolling.h"
#include "plot/times.h"

#define SECOND INT64_C(1000000)
#define AT INT64_C(1764000000000000) /* 2025-11-24 16:00:00 */

static void ticks_are(double low, double high, enum afmon_quantity quantity, const char *expected)
{
    struct afmon_ticks ticks;
    char text[512] = "";
    struct afmon_range data = {low, high, true};
    afmon_number_ticks(&ticks, afmon_axis_range(data, false), 5, quantity, true);
    for (unsigned i = 0; i < ticks.count; i++) {
        strcat(text, i == 0 ? "" : " ");
        strcat(text, ticks.list[i].label);
    }
    if (*ticks.unit != '\0') {
        strcat(text, " in ");
        strcat(text, ticks.unit);
    }
    assert_string_equal(text, expected);
    assert_true(ticks.low <= low && ticks.high >= high);
}

static void number_axes(void **state)
{
    (void)state;
    ticks_are(0, 1e-6, AFMON_QUANTITY_NUMBER, "0.0 0.2 0.4 0.6 0.8 1.0 in ×10⁻⁶");
    ticks_are(0, 1, AFMON_QUANTITY_NUMBER, "0.0 0.2 0.4 0.6 0.8 1.0");
    ticks_are(1, 1, AFMON_QUANTITY_NUMBER, "0.0 0.5 1.0 1.5");
    ticks_are(0, 4096, AFMON_QUANTITY_NUMBER, "0 1,000 2,000 3,000 4,000 5,000");
    ticks_are(4096, 4096, AFMON_QUANTITY_NUMBER, "0 1,000 2,000 3,000 4,000 5,000");
    ticks_are(0, 3e9, AFMON_QUANTITY_NUMBER, "0 1G 2G 3G");
    ticks_are(0, 0, AFMON_QUANTITY_NUMBER, "0.0 0.2 0.4 0.6 0.8 1.0");
    ticks_are(-5, 5, AFMON_QUANTITY_NUMBER, "−6 −4 −2 0 2 4 6");
    ticks_are(-1, -1, AFMON_QUANTITY_NUMBER, "−1.5 −1.0 −0.5 0.0");
    ticks_are(0, 1, AFMON_QUANTITY_PERCENT, "0% 20% 40% 60% 80% 100%");
    ticks_are(0, 0.02, AFMON_QUANTITY_SECONDS, "0 5 10 15 20 in milliseconds");
    ticks_are(0, 7200, AFMON_QUANTITY_SECONDS, "0 50 100 150 in minutes");
    ticks_are(1e9, 1e9 + 10, AFMON_QUANTITY_NUMBER,
              "1,000,000,000 1,000,000,002 1,000,000,004 1,000,000,006 1,000,000,008 1,000,000,010");
}

/* Whatever the numbers: few ticks, that lie in order on the axis. */
static void strange_axes(void **state)
{
    (void)state;
    static const double values[] = {0,    1e-310, -1e-310, 1e-300, 1e300,       -1e300,     1e308, -1e308, 4.9e-324,
                                    1e15, 1e16,   -1e16,   0.1,    0.1 + 1e-16, 1e9 + 1e-6, 1e9,   7,      INFINITY};
    enum { COUNT = sizeof values / sizeof values[0] };
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            struct afmon_ticks ticks;
            struct afmon_range data = {0};
            afmon_range_add(&data, values[i]);
            afmon_range_add(&data, values[j]);
            struct afmon_range axis = afmon_axis_range(data, (i + j) % 2 == 0);
            assert_true(isfinite(axis.low) && isfinite(axis.high) && axis.low < axis.high);
            afmon_number_ticks(&ticks, axis, 5, (enum afmon_quantity)(i % 3), true);
            assert_in_range(ticks.count, 1, AFMON_TICKS_MAX);
            for (unsigned k = 1; k < ticks.count; k++)
                assert_true(ticks.list[k].at > ticks.list[k - 1].at);
        }
    }
}

static void value_is(double value, enum afmon_quantity quantity, const char *expected)
{
    char text[AFMON_VALUE_TEXT_SIZE];
    afmon_value_text(text, value, quantity);
    assert_string_equal(text, expected);
}

static void value_texts(void **state)
{
    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed, numbers must not change */
    value_is(2.0512, AFMON_QUANTITY_SECONDS, "2.05 s");
    value_is(0.34, AFMON_QUANTITY_SECONDS, "340 ms");
    value_is(0, AFMON_QUANTITY_SECONDS, "0 s");
    value_is(7200, AFMON_QUANTITY_SECONDS, "120 min");
    value_is(0.868, AFMON_QUANTITY_PERCENT, "86.8%");
    value_is(1, AFMON_QUANTITY_PERCENT, "100%");
    value_is(12345, AFMON_QUANTITY_NUMBER, "12.3k");
    value_is(4096, AFMON_QUANTITY_NUMBER, "4,096");
    value_is(-0.5, AFMON_QUANTITY_NUMBER, "−0.500");
    value_is(2.4e-7, AFMON_QUANTITY_NUMBER, "240×10⁻⁹");
}

static void times_are(int64_t first_us, int64_t span_us, const char *expected)
{
    struct afmon_ticks ticks;
    char text[512] = "";
    afmon_time_ticks(&ticks, first_us, first_us + span_us, 8);
    for (unsigned i = 0; i < ticks.count; i++) {
        strcat(text, i == 0 ? "" : " ");
        strcat(text, ticks.list[i].label);
        if (ticks.list[i].below[0] != '\0') {
            strcat(text, "/");
            strcat(text, ticks.list[i].below);
        }
        assert_true(ticks.list[i].at >= 0 && ticks.list[i].at <= (double)span_us);
    }
    assert_string_equal(text, expected);
}

static void time_axes(void **state)
{
    (void)state;
    times_are(
        AT, 3 * SECOND,
        "16:00:00.000/Nov 24, 2025 16:00:00.500 16:00:01.000 16:00:01.500 16:00:02.000 16:00:02.500 16:00:03.000");
    times_are(AT, 300 * SECOND, "16:00/Nov 24, 2025 16:01 16:02 16:03 16:04 16:05");
    times_are(AT, 7200 * SECOND, "16:00/Nov 24, 2025 16:30 17:00 17:30 18:00");
    times_are(AT, 3 * 86400 * SECOND, "00:00/Nov 25, 2025 12:00 00:00/Nov 26 12:00 00:00/Nov 27 12:00");
    times_are(AT, 61 * 86400 * SECOND, "Dec 1/2025 Dec 8 Dec 15 Dec 22 Dec 29 Jan 5/2026 Jan 12 Jan 19");
    times_are(AT, 400 * 86400 * SECOND, "Jan/2026 Mar May Jul Sep Nov");
    times_are(0, 1000LL * 365 * 86400 * SECOND / 4, "2000 2050 2100 2150 2200");
    times_are(AT, 40, "16:00:00.000000/Nov 24, 2025 16:00:00.000010 16:00:00.000020 16:00:00.000030 16:00:00.000040");
    for (int64_t span = 1; span < INT64_MAX / 4000; span = span * 3 + 1) {
        struct afmon_ticks ticks;
        afmon_time_ticks(&ticks, -span, span, 8);
        assert_in_range(ticks.count, 1, 8);
    }
}

/* ---- Averages ---- */

static struct afmon_slices slices;
static struct afmon_point points[AFMON_SLICES];

static void averages_are_those_of_pandas(void **state)
{
    (void)state;
    double values[AFMON_SLICES];
    afmon_slices_begin(&slices, 0, AFMON_SLICES * 10);
    for (int i = 0; i < AFMON_SLICES; i++) {
        values[i] = (i * 37 % 101) / 7.0;
        afmon_slices_add(&slices, i * 10 + 5, values[i]);
    }
    assert_int_equal(afmon_roll(&slices, 10, points), AFMON_SLICES);
    for (int i = 10; i < AFMON_SLICES; i++) {
        double sum = 0;
        for (int j = i - 9; j <= i; j++)
            sum += values[j];
        assert_true(fabs(points[i].y - sum / 10) < 1e-12);
    }
}

static void gaps_are_gaps(void **state)
{
    (void)state;
    size_t begins = 0;
    afmon_slices_begin(&slices, 0, 1000);
    for (int i = 0; i < 1000; i += i == 300 ? 400 : 1)
        afmon_slices_add(&slices, i, i < 500 ? 1 : 3);
    size_t count = afmon_roll(&slices, 50, points);
    for (size_t i = 0; i < count; i++) {
        begins += points[i].begins;
        assert_true(points[i].y == (points[i].x < 0.5 ? 1 : 3)); /* nothing of before the gap is behind it */
    }
    assert_int_equal(begins, 2);
    afmon_slices_begin(&slices, 0, 4);
    for (int i = 0; i < 5; i++)
        afmon_slices_add(&slices, i, i);
    afmon_slices_add(&slices, 2, NAN);
    count = afmon_roll(&slices, 1, points);
    assert_int_equal(count, 5); /* few samples far apart are no gaps */
    assert_false(points[1].begins || points[4].begins);
    assert_int_equal(slices.not_finite, 1);
}

static void windows_widen(void **state)
{
    (void)state;
    assert_int_equal(afmon_rolling_window(10, 5), 10);
    assert_int_equal(afmon_rolling_window(10, 1000), 10);
    assert_int_equal(afmon_rolling_window(10, 10707), 200);
    assert_int_equal(afmon_rolling_window(1, 1000000), 10000);
    assert_int_equal(afmon_rolling_window(50000, 1000000), 50000);
}

static void decimation_keeps_extremes(void **state)
{
    (void)state;
    for (size_t i = 0; i < AFMON_SLICES; i++)
        points[i] = (struct afmon_point){(double)i / AFMON_SLICES, i % 64 == 17 ? 9 : i % 64 == 40 ? -9 : 0, i == 0};
    size_t count = afmon_decimate(points, AFMON_SLICES, AFMON_SLICES / 64);
    assert_int_equal(count, AFMON_SLICES / 64 * 4);
    for (size_t i = 0; i < count; i += 4)
        assert_true(points[i + 1].y == 9 && points[i + 2].y == -9);
}

static void bars(void **state)
{
    (void)state;
    struct afmon_bars chosen;
    afmon_bars_choose(&chosen, 0.13, 10, 2, 1000);
    assert_in_range(chosen.count, 12, 80);
    assert_true(chosen.low <= 0.13 && chosen.low + chosen.width * (double)chosen.count > 10);
    for (double value = 0.13; value <= 10; value += 0.01)
        afmon_bars_add(&chosen, value);
    afmon_bars_add(&chosen, 1e9);
    afmon_bars_add(&chosen, NAN);
    assert_int_equal(chosen.above, 1);
    assert_int_equal(chosen.below, 0);
    struct afmon_bars alone;
    for (double value = -7; value <= 7; value += 3.5) { /* one value is one bar of many, in the middle */
        afmon_bars_choose(&alone, value, value, 0, 1);
        afmon_bars_add(&alone, value);
        assert_true(alone.count >= 21);
        assert_int_equal(alone.in[alone.count / 2], 1);
    }
    static const double ends[] = {-1e300, -7, 0, 1e-300, 1, 1.0000001, 1e300};
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = i; j < 7; j++) {
            afmon_bars_choose(&chosen, ends[i], ends[j], (ends[j] - ends[i]) / 1e6, 1000000);
            assert_in_range(chosen.count, 1, AFMON_BARS_MAX);
            afmon_bars_add(&chosen, ends[j]);
            assert_int_equal(chosen.above + chosen.below, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_axes),
        cmocka_unit_test(strange_axes),
        cmocka_unit_test(value_texts),
        cmocka_unit_test(time_axes),
        cmocka_unit_test(averages_are_those_of_pandas),
        cmocka_unit_test(gaps_are_gaps),
        cmocka_unit_test(windows_widen),
        cmocka_unit_test(decimation_keeps_extremes),
        cmocka_unit_test(bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
