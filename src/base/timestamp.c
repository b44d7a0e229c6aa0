#include "base/text.h"

#include <string.h>
#include <time.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/digits.h"

#define SECOND_TEXT_LENGTH 20 /* "2026-11-23T09:20:35." */

/* The second that a time is in (towards the past), and the nanoseconds behind it. */
static int64_t split_second(int64_t wall_ns, uint32_t *rest_ns)
{
    int64_t second = wall_ns / AFMON_NS_PER_S;
    int64_t rest = wall_ns % AFMON_NS_PER_S;
    if (rest < 0) {
        rest += AFMON_NS_PER_S;
        second--;
    }
    *rest_ns = (uint32_t)rest;
    return second;
}

/* "2026-11-23", between, "09:20:35": 19 bytes. */
static void write_date_time(char *out, const struct afmon_civil *civil, char between)
{
    afmon_write_four(out, (unsigned)civil->year);
    out[4] = '-';
    afmon_write_pair(out + 5, (unsigned)civil->month);
    out[7] = '-';
    afmon_write_pair(out + 8, (unsigned)civil->day);
    out[10] = between;
    afmon_write_pair(out + 11, (unsigned)civil->hour);
    out[13] = ':';
    afmon_write_pair(out + 14, (unsigned)civil->minute);
    out[16] = ':';
    afmon_write_pair(out + 17, (unsigned)civil->second);
}

static void fill_cache(struct afmon_timestamp_cache *cache, int64_t second)
{
    struct afmon_civil civil = afmon_civil_from_seconds(second);
    write_date_time(cache->text, &civil, 'T');
    cache->text[SECOND_TEXT_LENGTH - 1] = '.';
    cache->second = second;
    cache->filled = true;
}

size_t afmon_format_timestamp_cached(struct afmon_timestamp_cache *cache, char *out, int64_t wall_ns)
{
    uint32_t rest_ns;
    int64_t second = split_second(wall_ns, &rest_ns);
    if (!cache->filled || cache->second != second)
        fill_cache(cache, second);
    memcpy(out, cache->text, SECOND_TEXT_LENGTH);
    afmon_write_six(out + SECOND_TEXT_LENGTH, rest_ns / 1000);
    memcpy(out + SECOND_TEXT_LENGTH + 6, "+00:00", 6);
    return SECOND_TEXT_LENGTH + 12;
}

size_t afmon_format_timestamp(char *out, int64_t wall_ns)
{
    struct afmon_timestamp_cache cache = {.filled = false};
    return afmon_format_timestamp_cached(&cache, out, wall_ns);
}

size_t afmon_format_log_time(char *out, int64_t wall_ns)
{
    uint32_t rest_ns;
    int64_t second = split_second(wall_ns, &rest_ns);
    struct afmon_civil local = afmon_civil_from_seconds(second + afmon_local_offset_s(second));
    write_date_time(out, &local, ' ');
    unsigned milliseconds = rest_ns / 1000000;
    out[19] = ',';
    out[20] = (char)('0' + milliseconds / 100);
    afmon_write_pair(out + 21, milliseconds % 100);
    return 23;
}
