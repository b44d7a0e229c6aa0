#include "cli/cli.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/words.h"

static CLI_PRINTF(1, 2) cli_text text_of(const char *format, ...)
{
    cli_text text;
    va_list list;
    va_start(list, format);
    vsnprintf(text.s, sizeof text.s, format, list);
    va_end(list);
    return text;
}

cli_text cli_count(uint64_t n)
{
    return text_of("%s", afmon_words_count(n).text);
}

/* Three significant digits of a number below 1000. */
static int three_digits_decimals(double x)
{
    return x < 9.995 ? 2 : x < 99.95 ? 1 : 0;
}

/* n as a multiple of a power of 1000, with that power's sign from `signs`. */
static cli_text scaled(double n, const char *const *signs, size_t count, const char *gap)
{
    double size = fabs(n);
    size_t power = 0;
    while (power + 1 < count && size >= 999.5) {
        size /= 1000;
        power++;
    }
    int decimals = power == 0 ? 0 : three_digits_decimals(size);
    return text_of("%s%.*f%s%s", n < 0 ? "-" : "", decimals, size, gap, signs[power]);
}

cli_text cli_compact(double n)
{
    static const char *const signs[] = {"", "k", "M", "G", "T", "P"};
    if (!isfinite(n))
        return text_of("-");
    if (fabs(n) < 9.995 && n != floor(n))
        return text_of("%.2f", n);
    return scaled(n, signs, sizeof signs / sizeof signs[0], "");
}

cli_text cli_bytes(double n)
{
    static const char *const signs[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    return isfinite(n) ? scaled(n, signs, sizeof signs / sizeof signs[0], " ") : text_of("-");
}

/* Takes away zeros behind the point, and the point, but leaves one digit: 0.5000 -> 0.5. */
static void trim_zeros(char *s)
{
    size_t length = strlen(s);
    if (!strchr(s, '.') || strchr(s, 'e'))
        return;
    while (s[length - 1] == '0')
        s[--length] = '\0';
    if (s[length - 1] == '.')
        s[length - 1] = '\0';
}

cli_text cli_number(double x)
{
    double size = fabs(x);
    if (!isfinite(x))
        return text_of("-");
    if (size >= 1e15 || (x != 0 && size < 1e-4))
        return text_of("%.1e", x);
    if (size >= 999.95) {
        cli_text whole = cli_count((uint64_t)(size + 0.5));
        return text_of("%s%s", x < 0 ? "-" : "", whole.s);
    }
    cli_text text = text_of("%.*f", size < 0.99995 ? 4 : size < 9.9995 ? 3 : size < 99.995 ? 2 : 1, x);
    trim_zeros(text.s);
    return text;
}

cli_text cli_percent(double fraction)
{
    double percent = fmax(-DBL_MAX, fmin(DBL_MAX, fraction * 100));
    if (!isfinite(fraction))
        return text_of("-");
    return fabs(percent) < 1e9 ? text_of("%.1f%%", percent) : text_of("%.1e%%", percent);
}

cli_text cli_value(afmon_unit unit, double x)
{
    switch (unit) {
    case AFMON_UNIT_SECONDS:
        return cli_seconds(x);
    case AFMON_UNIT_SHARE:
        return cli_percent(x);
    case AFMON_UNIT_DOLLARS:
        return text_of("%s", afmon_words_dollars(x).text);
    default:
        return cli_number(x);
    }
}

static cli_text two_units(double s, int64_t big, int64_t small, const char *big_sign, const char *small_sign)
{
    int64_t whole = (int64_t)(s / (double)small + 0.5) * small;
    return text_of("%lld%s%02lld%s", (long long)(whole / big), big_sign, (long long)(whole % big / small), small_sign);
}

cli_text cli_seconds(double s)
{
    if (!isfinite(s))
        return text_of("-");
    if (s < 0) {
        cli_text positive = cli_seconds(-s);
        return text_of("-%s", positive.s);
    }
    if (s == 0)
        return text_of("0s");
    if (s < 999.5e-9)
        return text_of("%.*fns", three_digits_decimals(s * 1e9), s * 1e9);
    if (s < 999.5e-6)
        return text_of("%.*fµs", three_digits_decimals(s * 1e6), s * 1e6);
    if (s < 999.5e-3)
        return text_of("%.*fms", three_digits_decimals(s * 1e3), s * 1e3);
    if (s < 99.95)
        return text_of("%.*fs", three_digits_decimals(s), s);
    if (s < 3599.5)
        return two_units(s, 60, 1, "m", "s");
    if (s < 86370)
        return two_units(s, 3600, 60, "h", "m");
    if (s < 1e9)
        return two_units(s, 86400, 3600, "d", "h");
    return text_of("%.1ey", s / (365.25 * 86400));
}

cli_text cli_span(double s)
{
    return s >= 0 && s < 99.5 ? text_of("%.0fs", s) : cli_seconds(s);
}

cli_text cli_rate(double per_s)
{
    if (!(per_s > 0) || per_s >= 0.9995)
        return text_of("%s/s", cli_compact(per_s).s);
    if (per_s * 60 >= 0.9995)
        return text_of("%s/min", cli_compact(per_s * 60).s);
    return text_of("%s/h", cli_compact(per_s * 3600).s);
}

static cli_text format_time(int64_t ns, const char *format)
{
    cli_text text;
    time_t seconds = (time_t)(ns / 1000000000 - (ns % 1000000000 < 0));
    struct tm parts;
    if (!localtime_r(&seconds, &parts) || strftime(text.s, sizeof text.s, format, &parts) == 0)
        return text_of("-");
    return text;
}

cli_text cli_time(int64_t ns)
{
    return format_time(ns, "%Y-%m-%d %H:%M:%S");
}

cli_text cli_clock(int64_t ns)
{
    return format_time(ns, "%H:%M:%S");
}
