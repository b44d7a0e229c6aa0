#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool cli_parse_integer(const char *text, int64_t *value)
{
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    if (digits == 0 || text[(*text == '-') + digits] != '\0')
        return false;
    errno = 0;
    long long read = strtoll(text, NULL, 10);
    if (errno != 0)
        return false;
    *value = read;
    return true;
}

/* Reads a plain decimal number (no hexadecimal, no "inf", no space) from the front; returns its end or NULL. */
static const char *read_number(const char *text, double *value)
{
    const char *at = text + (*text == '-');
    size_t whole = strspn(at, "0123456789");
    at += whole;
    size_t fraction = 0;
    if (*at == '.') {
        fraction = strspn(at + 1, "0123456789");
        at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return NULL;
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1 + (at[1] == '-' || at[1] == '+');
        size_t digits = strspn(exponent, "0123456789");
        if (digits > 0)
            at = exponent + digits;
    }
    *value = strtod(text, NULL);
    return isfinite(*value) ? at : NULL;
}

bool cli_parse_number(const char *text, double *value)
{
    double read;
    const char *end = read_number(text, &read);
    if (!end || *end)
        return false;
    *value = read;
    return true;
}

/* The unit at the front of text in seconds, and its length; 0 where there is none. */
static double read_unit(const char *text, size_t *length)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        *length = strlen(units[i].name);
        if (strncmp(text, units[i].name, *length) == 0)
            return units[i].seconds;
    }
    return 0;
}

bool cli_parse_duration(const char *text, double *seconds)
{
    double sum = 0;
    double smallest = INFINITY;
    const char *at = text;
    do {
        double number;
        size_t length;
        at = read_number(at, &number);
        if (!at || signbit(number))
            return false;
        double unit = read_unit(at, &length);
        if (unit == 0) { /* a bare number is seconds, and stands alone */
            if (*at || sum > 0 || !isinf(smallest))
                return false;
            *seconds = number;
            return true;
        }
        if (unit >= smallest) /* "5m1h" and "1m2m" are slips */
            return false;
        smallest = unit;
        sum += number * unit;
        at += length;
    } while (*at);
    *seconds = sum;
    return isfinite(sum);
}

bool cli_parse_dollars(const char *text, double *usd)
{
    double read;
    const char *end = read_number(text + (*text == '$'), &read);
    if (!end || (*end && strcasecmp(end, "usd") != 0))
        return false;
    *usd = read;
    return true;
}
