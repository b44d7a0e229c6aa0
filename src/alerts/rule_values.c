#include "alerts/rule_values.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

bool afmon_read_number(const char *text, double *number)
{
    size_t length = strlen(text);
    bool percent = length > 0 && text[length - 1] == '%';
    if (!afmon_parse_double(text, percent ? length - 1 : length, number))
        return false;
    if (percent)
        *number /= 100;
    return isfinite(*number);
}

static const struct {
    const char *name;
    double seconds;
} units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

/* The seconds of a unit; 0: it is none. */
static double unit_of(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, text, length) == 0)
            return units[i].seconds;
    return 0;
}

bool afmon_read_duration(const char *text, double *seconds)
{
    if (afmon_parse_double(text, strlen(text), seconds))
        return isfinite(*seconds) && *seconds >= 0;
    double sum = 0;
    do {
        size_t digits = strspn(text, "0123456789.");
        size_t letters = strcspn(text + digits, "0123456789.");
        double number;
        double unit = unit_of(text + digits, letters);
        if (unit == 0 || !afmon_parse_double(text, digits, &number))
            return false;
        sum += number * unit;
        text += digits + letters;
    } while (*text != '\0');
    *seconds = sum;
    return isfinite(sum);
}

bool afmon_read_count(const char *text, uint64_t *count)
{
    int64_t number;
    if (!afmon_parse_int(text, strlen(text), &number) || number < 0)
        return false;
    *count = (uint64_t)number;
    return true;
}

bool afmon_read_aggregate(const char *text, afmon_rule_aggregate *aggregate, double *quantile)
{
    static const char *const names[] = {"mean", "min", "max", "sum", "count", "rate", "stddev"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0) {
            *aggregate = (afmon_rule_aggregate)i;
            return true;
        }
    double percent;
    if (text[0] != 'p' || !afmon_parse_double(text + 1, strlen(text + 1), &percent) ||
        !(percent >= 0 && percent <= 100) || signbit(percent) != 0)
        return false;
    *aggregate = AFMON_RULE_QUANTILE;
    *quantile = percent / 100;
    return true;
}

bool afmon_read_level(const char *text, afmon_level *level)
{
    for (int i = AFMON_INFO; i <= AFMON_ERROR; i++)
        if (strcmp(text, afmon_level_name((afmon_level)i)) == 0) {
            *level = (afmon_level)i;
            return true;
        }
    return false;
}

bool afmon_read_switch(const char *text, bool *on)
{
    *on = strcmp(text, "true") == 0;
    return *on || strcmp(text, "false") == 0;
}

void afmon_read_plain(const char *text, afmon_field *field)
{
    size_t length = strlen(text);
    int64_t integer;
    double number;
    bool on;
    if (afmon_read_switch(text, &on))
        *field = afmon_bool(field->key, on);
    else if (length == 0 || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
        *field = afmon_null(field->key);
    else if (afmon_parse_int(text, length, &integer))
        *field = afmon_int(field->key, integer);
    else if (afmon_parse_double(text, length, &number))
        *field = afmon_double(field->key, number);
    else
        *field = afmon_string(field->key, text);
}
