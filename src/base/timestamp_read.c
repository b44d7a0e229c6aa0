#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/text.h"

struct cursor {
    const char *at;
    const char *end;
};

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static bool next_is_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/* Exactly count digits. */
static bool take_digits(struct cursor *cursor, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!next_is_digit(cursor))
            return false;
        *value = *value * 10 + (*cursor->at++ - '0');
    }
    return true;
}

/* ".123" or nothing: one to nine digits, in nanoseconds. */
static bool take_fraction(struct cursor *cursor, int64_t *ns)
{
    *ns = 0;
    if (!take(cursor, '.'))
        return true;
    if (!next_is_digit(cursor))
        return false;
    int64_t place = AFMON_NS_PER_S / 10;
    for (; next_is_digit(cursor); place /= 10) {
        if (place == 0)
            return false;
        *ns += (*cursor->at++ - '0') * place;
    }
    return true;
}

static bool take_date_time(struct cursor *cursor, struct afmon_civil *civil)
{
    bool date = take_digits(cursor, 4, &civil->year) && take(cursor, '-') && take_digits(cursor, 2, &civil->month) &&
                take(cursor, '-') && take_digits(cursor, 2, &civil->day);
    if (!date || !(take(cursor, 'T') || take(cursor, ' ') || take(cursor, 't')))
        return false;
    return take_digits(cursor, 2, &civil->hour) && take(cursor, ':') && take_digits(cursor, 2, &civil->minute) &&
           take(cursor, ':') && take_digits(cursor, 2, &civil->second) && afmon_civil_exists(civil);
}

/* "+HH:MM", "+HHMM", and what Python writes for old zones, "+HH:MM:SS" and "+HH:MM:SS.ffffff". */
static bool take_offset(struct cursor *cursor, int64_t *offset_ns)
{
    bool west = take(cursor, '-');
    if (!west && !take(cursor, '+'))
        return false;
    int hours;
    int minutes;
    int seconds = 0;
    int64_t fraction_ns = 0;
    if (!take_digits(cursor, 2, &hours))
        return false;
    bool colons = take(cursor, ':');
    if (!take_digits(cursor, 2, &minutes))
        return false;
    if (colons && take(cursor, ':') && (!take_digits(cursor, 2, &seconds) || !take_fraction(cursor, &fraction_ns)))
        return false;
    if (hours > 23 || minutes > 59 || seconds > 59)
        return false;
    int64_t offset = (hours * INT64_C(3600) + minutes * 60 + seconds) * AFMON_NS_PER_S + fraction_ns;
    *offset_ns = west ? -offset : offset;
    return true;
}

/* seconds * 10^9 + ns, computed so that every sum that fits in the end is found (int64_t ends in the year 2262). */
static bool to_ns(int64_t seconds, int64_t ns, int64_t *wall_ns)
{
    if (seconds < 0 && ns > 0) {
        seconds++;
        ns -= AFMON_NS_PER_S;
    }
    return !__builtin_mul_overflow(seconds, AFMON_NS_PER_S, wall_ns) && !__builtin_add_overflow(*wall_ns, ns, wall_ns);
}

bool afmon_parse_timestamp(const char *text, size_t length, int64_t *wall_ns)
{
    int64_t again_ns;
    return afmon_parse_time(text, length, wall_ns, &again_ns);
}

bool afmon_parse_time(const char *text, size_t length, int64_t *wall_ns, int64_t *again_ns)
{
    if (length == 0)
        return false;
    struct cursor cursor = {text, text + length};
    struct afmon_civil civil;
    int64_t fraction_ns;
    int64_t offset_ns = 0;
    int64_t again_s = 0;
    if (!take_date_time(&cursor, &civil) || !take_fraction(&cursor, &fraction_ns))
        return false;
    int64_t seconds = afmon_civil_to_seconds(&civil);
    if (cursor.at == cursor.end)
        seconds = afmon_utc_from_local(seconds, &again_s);
    else if (!take(&cursor, 'Z') && !take(&cursor, 'z') && !take_offset(&cursor, &offset_ns))
        return false;
    if (cursor.at != cursor.end)
        return false;
    int64_t result;
    if (!to_ns(seconds, fraction_ns, &result) || __builtin_sub_overflow(result, offset_ns, &result))
        return false;
    *wall_ns = result;
    *again_ns = again_s * AFMON_NS_PER_S;
    return true;
}
