#include "cli/cli.h"

#include <math.h>
#include <stdarg.h>
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

static cli_text text_from(struct afmon_words words)
{
    return text_of("%s", words.text);
}

cli_text cli_count(uint64_t n)
{
    return text_from(afmon_words_count(n));
}

cli_text cli_compact(double n)
{
    return text_from(afmon_words_compact(n));
}

cli_text cli_bytes(double n)
{
    return text_from(afmon_words_bytes(n));
}

cli_text cli_number(double x)
{
    return text_from(afmon_words_number(x));
}

cli_text cli_percent(double fraction)
{
    return text_from(afmon_words_percent(fraction));
}

cli_text cli_seconds(double s)
{
    return text_from(afmon_words_seconds(s));
}

cli_text cli_rate(double per_s)
{
    return text_from(afmon_words_rate(per_s));
}

cli_text cli_span(double s)
{
    return s >= 0 && s < 99.5 ? text_of("%.0f s", s) : cli_seconds(s);
}

cli_text cli_value(afmon_unit unit, double x)
{
    switch (unit) {
    case AFMON_UNIT_SECONDS:
        return cli_seconds(x);
    case AFMON_UNIT_SHARE:
        return cli_percent(x);
    case AFMON_UNIT_DOLLARS:
        return text_from(afmon_words_dollars(x));
    default:
        return cli_number(x);
    }
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
