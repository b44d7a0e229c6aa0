#include "base/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"

__attribute__((format(printf, 1, 2))) static struct afmon_words words(const char *format, ...)
{
    struct afmon_words words;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(words.text, sizeof words.text, format, list);
    va_end(list);
    return words;
}

/* value >= 0 and below 1e15, rounded to `decimals` <= 4 digits behind the point; no printf of doubles, whose point is
 * the locale's. */
static struct afmon_words fixed(double value, int decimals)
{
    static const unsigned powers[] = {1, 10, 100, 1000, 10000};
    uint64_t scaled = (uint64_t)(value * powers[decimals] + 0.5);
    if (decimals == 0)
        return words("%llu", (unsigned long long)scaled);
    return words("%llu.%0*llu", (unsigned long long)(scaled / powers[decimals]), decimals,
                 (unsigned long long)(scaled % powers[decimals]));
}

/* Decimals that make three significant digits of a number from 1 to 1000. */
static int three_digits(double value)
{
    return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

/* A size >= 0 in steps of a thousand, whose signs are one character each; the first is left out. */
static struct afmon_words scaled(double size, const char *signs, const char *gap, const char *unit)
{
    size_t power = 0;
    while (signs[power + 1] != '\0' && size >= 999.5) {
        size /= 1000;
        power++;
    }
    int decimals = power == 0 && size == floor(size) ? 0 : three_digits(size);
    return words("%s%s%.*s%s", fixed(size, decimals).text, gap, power > 0, signs + power, unit);
}

struct afmon_words afmon_words_compact(double value)
{
    double size = fabs(value);
    if (!isfinite(value) || size >= 999.5e18)
        return words("%s", isfinite(value) ? "huge" : "-");
    return words("%s%.40s", value < 0 ? "-" : "", scaled(size, " kMGTPE", "", "").text);
}

struct afmon_words afmon_words_bytes(double bytes)
{
    return bytes >= 0 && bytes < 999.5e18 ? scaled(bytes, " KMGTPE", " ", "B") : words("-");
}

static void trim_zeros(char *text)
{
    size_t length = strlen(text);
    if (strchr(text, '.') == NULL)
        return;
    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[length - 1] = '\0';
}

/* 1.2e-07 */
static struct afmon_words scientific(double size)
{
    int exponent = (int)floor(log10(size));
    /* in two steps: 10 to the power of the smallest exponents is 0 */
    double digits = exponent < -300 ? size * 1e300 / pow(10, exponent + 300) : size / pow(10, exponent);
    exponent += digits >= 9.95;
    return words("%se%c%02d", fixed(digits >= 9.95 ? 1 : digits, 1).text, exponent < 0 ? '-' : '+', abs(exponent));
}

struct afmon_words afmon_words_number(double value)
{
    double size = fabs(value);
    const char *sign = value < 0 ? "-" : "";
    if (!isfinite(value))
        return words("-");
    if (size >= 1e15 || (size != 0 && size < 1e-4))
        return words("%s%.40s", sign, scientific(size).text);
    if (size >= 999.95)
        return words("%s%s", sign, afmon_words_count((uint64_t)(size + 0.5)).text);
    struct afmon_words text = fixed(size, size < 0.99995 ? 4 : size < 9.9995 ? 3 : size < 99.995 ? 2 : 1);
    trim_zeros(text.text);
    return words("%s%.40s", sign, text.text);
}

struct afmon_words afmon_words_rate(double per_s)
{
    if (!(per_s > 0) || per_s >= 0.9995)
        return words("%s/s", afmon_words_compact(per_s).text);
    if (per_s * 60 >= 0.9995)
        return words("%s/min", afmon_words_compact(per_s * 60).text);
    return words("%s/h", afmon_words_compact(per_s * 3600).text);
}

struct afmon_words afmon_words_percent(double fraction)
{
    double percent = fabs(fraction) * 100;
    const char *sign = fraction < 0 ? "-" : "";
    if (!isfinite(percent))
        return words("-");
    if (percent >= 1e9)
        return words("%s%.40s%%", sign, scientific(percent).text);
    if (percent > 0 && percent < 0.05)
        return words("%s<0.1%%", sign);
    if (percent < 100 && percent >= 99.95)
        return words("%s>99.9%%", sign);
    return words("%s%.40s%%", sign, fixed(percent, percent == 0 || percent == 100 ? 0 : 1).text);
}

static struct afmon_words two_units(double seconds, uint64_t big, uint64_t small, const char *big_name,
                                    const char *small_name)
{
    uint64_t whole = (uint64_t)(seconds / (double)small + 0.5) * small;
    return words("%llu %s %02llu %s", (unsigned long long)(whole / big), big_name,
                 (unsigned long long)(whole % big / small), small_name);
}

struct afmon_words afmon_words_seconds(double seconds)
{
    if (!isfinite(seconds))
        return words("-");
    if (seconds < 0)
        return words("-%.62s", afmon_words_seconds(-seconds).text);
    if (seconds == 0)
        return words("0 s");
    if (seconds < 999.5e-9)
        return words("%s ns", fixed(seconds * 1e9, three_digits(seconds * 1e9)).text);
    if (seconds < 999.5e-6)
        return words("%s \xC2\xB5s", fixed(seconds * 1e6, three_digits(seconds * 1e6)).text);
    if (seconds < 999.5e-3)
        return words("%s ms", fixed(seconds * 1e3, three_digits(seconds * 1e3)).text);
    if (seconds < 99.95)
        return words("%s s", fixed(seconds, three_digits(seconds)).text);
    if (seconds < 3599.5)
        return two_units(seconds, 60, 1, "min", "s");
    if (seconds < 86370)
        return two_units(seconds, 3600, 60, "h", "min");
    return seconds < 1e12 ? two_units(seconds, 86400, 3600, "d", "h") : words("very long");
}

/* In a unit, with a tenth where it is below ten. */
static struct afmon_words in_unit(double seconds, double unit_s)
{
    double value = fmin(seconds / unit_s, 1e12);
    return fixed(value, value < 9.95 ? 1 : 0);
}

struct afmon_words afmon_words_left(double p10_s, double p50_s, double p90_s)
{
    static const struct {
        double s;
        const char *name;
    } units[] = {{1, "s"}, {60, "min"}, {3600, "h"}, {86400, "d"}};
    bool band = isfinite(p10_s) && isfinite(p90_s);
    if (!isfinite(p50_s))
        return words("-");
    size_t unit = p50_s < 99.5 ? 0 : p50_s < 5970 ? 1 : p50_s < 172800 ? 2 : 3;
    const char *name = units[unit].name;
    if (p50_s >= 1e12)
        return words("very long");
    if (!band)
        return words("%.20s %s", in_unit(p50_s, units[unit].s).text, name);
    return words("%.15s %s (%.15s to %.15s %s)", in_unit(p50_s, units[unit].s).text, name,
                 in_unit(p10_s, units[unit].s).text, in_unit(p90_s, units[unit].s).text, name);
}

struct afmon_words afmon_words_open(uint64_t count, double oldest_s)
{
    if (count == 0)
        return (struct afmon_words){""};
    return words(count == 1 ? "%s open, for %.24s" : "%s open, the oldest for %.24s", afmon_words_count(count).text,
                 afmon_words_left((double)NAN, oldest_s, (double)NAN).text);
}

static struct afmon_civil civil_of(int64_t time_ns)
{
    return afmon_civil_from_seconds(time_ns / AFMON_NS_PER_S - (time_ns % AFMON_NS_PER_S < 0));
}

struct afmon_words afmon_words_time(int64_t time_ns)
{
    struct afmon_civil c = civil_of(time_ns);
    return words("%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

struct afmon_words afmon_words_time_only(int64_t time_ns)
{
    struct afmon_civil c = civil_of(time_ns);
    return words("%02d:%02d:%02d", c.hour, c.minute, c.second);
}
