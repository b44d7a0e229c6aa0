/* Points in time, as people type them. */
#include <string.h>
#include <time.h>

#include "cli/cli.h"

static bool digits(const char **at, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

static bool expect(const char **at, char c)
{
    return **at == c && *(*at)++;
}

static bool read_date(const char **at, struct tm *tm)
{
    int year, month, day;
    if (!digits(at, 4, &year) || !expect(at, '-') || !digits(at, 2, &month) || !expect(at, '-') || !digits(at, 2, &day))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return year >= 1678 && year <= 2261 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int64_t read_fraction(const char **at)
{
    int64_t ns = 0;
    for (int64_t unit = 100000000; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
        ns += (**at - '0') * unit;
    return ns;
}

/* Hours and minutes, and perhaps seconds with a fraction. */
static bool read_clock(const char **at, struct tm *tm, int64_t *ns)
{
    if (!digits(at, 2, &tm->tm_hour) || !expect(at, ':') || !digits(at, 2, &tm->tm_min))
        return false;
    if (expect(at, ':')) {
        if (!digits(at, 2, &tm->tm_sec))
            return false;
        if (expect(at, '.') || expect(at, ','))
            *ns = read_fraction(at);
    }
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* Seconds east of Greenwich; false where the rest of the text is no zone. */
static bool read_zone(const char *at, int *offset_s)
{
    int hours, minutes;
    if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0)
        return true;
    int sign = *at == '-' ? -1 : 1;
    if (*at != '+' && *at != '-')
        return false;
    at++;
    if (!digits(&at, 2, &hours))
        return false;
    expect(&at, ':');
    if (!digits(&at, 2, &minutes) || *at || hours > 23 || minutes > 59)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool cli_parse_time(const char *text, int64_t *ns)
{
    struct tm tm = {.tm_isdst = -1};
    int64_t fraction = 0;
    int offset_s = 0;
    if (!read_date(&text, &tm))
        return false;
    int day = tm.tm_mday;
    if (*text && ((!expect(&text, 'T') && !expect(&text, ' ')) || !read_clock(&text, &tm, &fraction)))
        return false;
    bool local = *text == '\0';
    if (!local && !read_zone(text, &offset_s))
        return false;
    time_t seconds = local ? mktime(&tm) : timegm(&tm) - offset_s;
    if (tm.tm_mday != day) /* there is no 31st of February */
        return false;
    return !__builtin_mul_overflow((int64_t)seconds, INT64_C(1000000000), ns) &&
           !__builtin_add_overflow(*ns, fraction, ns);
}
