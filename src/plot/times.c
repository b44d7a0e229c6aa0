#include "plot/times.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define MONDAY (4 * DAY) /* 1970-01-05: steps of weeks begin on Mondays */

static const int64_t steps[] = {1,           2,           5,           10,         20,         50,         100,
                                200,         500,         1 * MS,      2 * MS,     5 * MS,     10 * MS,    20 * MS,
                                50 * MS,     100 * MS,    200 * MS,    500 * MS,   1 * SECOND, 2 * SECOND, 5 * SECOND,
                                10 * SECOND, 15 * SECOND, 30 * SECOND, 1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
                                15 * MINUTE, 30 * MINUTE, 1 * HOUR,    2 * HOUR,   3 * HOUR,   6 * HOUR,   12 * HOUR,
                                1 * DAY,     2 * DAY,     7 * DAY,     14 * DAY};
enum { STEPS = sizeof steps / sizeof steps[0] };

static const int month_steps[] = {1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200};
enum { MONTH_STEPS = sizeof month_steps / sizeof month_steps[0] };

static const char *month_name(int month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return names[(month - 1) % 12];
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

static struct afmon_civil civil_of(int64_t us)
{
    return afmon_civil_from_seconds(floor_div(us, SECOND));
}

static int64_t origin_of(int64_t step)
{
    return step % (7 * DAY) == 0 ? MONDAY : 0;
}

/* The first multiple of a step at or after a time; false: beyond what an int64_t holds. */
static bool first_tick(int64_t first_us, int64_t step, int64_t *tick)
{
    int64_t from = first_us - origin_of(step);
    int64_t index = floor_div(from, step) + (from % step != 0 ? 1 : 0);
    return !__builtin_mul_overflow(index, step, tick) && !__builtin_add_overflow(*tick, origin_of(step), tick);
}

static void add(struct afmon_ticks *ticks, int64_t first_us, int64_t us)
{
    ticks->list[ticks->count].at = (double)((uint64_t)us - (uint64_t)first_us);
    ticks->count++;
}

static unsigned fixed_ticks(struct afmon_ticks *ticks, int64_t first_us, int64_t last_us, int64_t step, unsigned most)
{
    int64_t at;
    unsigned found = 0;
    ticks->count = 0;
    if (!first_tick(first_us, step, &at))
        return 0;
    for (; at <= last_us && found <= most; at += step, found++) {
        if (found < most)
            add(ticks, first_us, at);
    }
    return found;
}

static int64_t month_start(int64_t months)
{
    struct afmon_civil civil = {.year = (int)floor_div(months, 12), .day = 1};
    civil.month = (int)(months - (int64_t)civil.year * 12) + 1;
    return afmon_civil_to_seconds(&civil) * SECOND;
}

static unsigned month_ticks(struct afmon_ticks *ticks, int64_t first_us, int64_t last_us, int step, unsigned most)
{
    struct afmon_civil civil = civil_of(first_us);
    int64_t months = floor_div((int64_t)civil.year * 12 + civil.month - 1, step) * step;
    unsigned found = 0;
    ticks->count = 0;
    for (; found <= most && month_start(months) <= last_us; months += step) {
        if (month_start(months) < first_us)
            continue;
        if (found < most)
            add(ticks, first_us, month_start(months));
        found++;
    }
    return found;
}

/* ---- Labels ---- */

static void label_clock(struct afmon_tick *tick, int64_t us, int64_t step)
{
    struct afmon_civil c = civil_of(us);
    int fraction = (int)(us - floor_div(us, SECOND) * SECOND);
    if (step >= MINUTE)
        snprintf(tick->label, sizeof tick->label, "%02d:%02d", c.hour, c.minute);
    else if (step >= SECOND)
        snprintf(tick->label, sizeof tick->label, "%02d:%02d:%02d", c.hour, c.minute, c.second);
    else if (step >= MS)
        snprintf(tick->label, sizeof tick->label, "%02d:%02d:%02d.%03d", c.hour, c.minute, c.second, fraction / 1000);
    else
        snprintf(tick->label, sizeof tick->label, "%02d:%02d:%02d.%06d", c.hour, c.minute, c.second, fraction);
}

static bool same_day(struct afmon_civil a, struct afmon_civil b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

/* step: microseconds; for months and years more than 14 days. */
static void label_ticks(struct afmon_ticks *ticks, int64_t first_us, int64_t step, bool years)
{
    struct afmon_civil before = {0};
    for (unsigned i = 0; i < ticks->count; i++) {
        struct afmon_tick *tick = &ticks->list[i];
        int64_t us = (int64_t)((uint64_t)first_us + (uint64_t)tick->at);
        struct afmon_civil c = civil_of(us);
        bool new_year = i == 0 || c.year != before.year;
        if (years)
            snprintf(tick->label, sizeof tick->label, "%d", c.year);
        else if (step > 14 * DAY)
            snprintf(tick->label, sizeof tick->label, "%s", month_name(c.month));
        else if (step >= DAY)
            snprintf(tick->label, sizeof tick->label, "%s %d", month_name(c.month), c.day);
        else
            label_clock(tick, us, step);
        if (step < DAY && new_year)
            snprintf(tick->below, sizeof tick->below, "%s %d, %d", month_name(c.month), c.day, c.year);
        else if (step < DAY && !same_day(c, before))
            snprintf(tick->below, sizeof tick->below, "%s %d", month_name(c.month), c.day);
        else if (step >= DAY && !years && new_year)
            snprintf(tick->below, sizeof tick->below, "%d", c.year);
        before = c;
    }
}

void afmon_time_ticks(struct afmon_ticks *ticks, int64_t first_us, int64_t last_us, unsigned most)
{
    uint64_t span = (uint64_t)last_us - (uint64_t)first_us;
    memset(ticks, 0, sizeof *ticks);
    ticks->high = (double)span;
    most = most < 1 ? 1 : most >= AFMON_TICKS_MAX ? AFMON_TICKS_MAX - 1 : most;
    for (size_t i = 0; i < STEPS; i++) {
        if (span / (uint64_t)steps[i] > most || fixed_ticks(ticks, first_us, last_us, steps[i], most) > most)
            continue;
        label_ticks(ticks, first_us, steps[i], false);
        return;
    }
    for (size_t i = 0; i < MONTH_STEPS; i++) {
        if (month_ticks(ticks, first_us, last_us, month_steps[i], most) > most)
            continue;
        label_ticks(ticks, first_us, 15 * DAY, month_steps[i] >= 12);
        return;
    }
}

void afmon_span_text(char out[AFMON_SPAN_TEXT_SIZE], int64_t first_us, int64_t last_us)
{
    struct afmon_civil a = civil_of(first_us);
    struct afmon_civil b = civil_of(last_us);
    int at = snprintf(out, AFMON_SPAN_TEXT_SIZE, "%d-%02d-%02d %02d:%02d:%02d", a.year, a.month, a.day, a.hour,
                      a.minute, a.second);
    if (!same_day(a, b))
        snprintf(out + at, AFMON_SPAN_TEXT_SIZE - (size_t)at, " to %d-%02d-%02d %02d:%02d:%02d UTC", b.year, b.month,
                 b.day, b.hour, b.minute, b.second);
    else if (floor_div(first_us, SECOND) != floor_div(last_us, SECOND))
        snprintf(out + at, AFMON_SPAN_TEXT_SIZE - (size_t)at, " to %02d:%02d:%02d UTC", b.hour, b.minute, b.second);
    else
        snprintf(out + at, AFMON_SPAN_TEXT_SIZE - (size_t)at, " UTC");
}
