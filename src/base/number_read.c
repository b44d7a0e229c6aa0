#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "base/shortest.h"

#define MOST_DIGITS 19 /* that a uint64_t always holds */
#define EXPONENT_CAP INT64_C(1000000000)

/* The number digits * 10^exponent; where there are more than MOST_DIGITS the further ones are left out. */
struct decimal {
    uint64_t digits;
    int digit_count; /* without leading zeros */
    int64_t exponent;
    bool negative;
};

struct cursor {
    const char *at;
    const char *end;
};

static bool at_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && (unsigned char)(*cursor->at - '0') <= 9;
}

static bool skip_char(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Takes one or more digits, before the point or behind it. */
static bool read_digits(struct cursor *cursor, struct decimal *number, bool fraction)
{
    if (!at_digit(cursor))
        return false;
    for (; at_digit(cursor); cursor->at++) {
        unsigned digit = (unsigned)(*cursor->at - '0');
        if (number->digit_count < MOST_DIGITS) {
            number->digits = number->digits * 10 + digit;
            number->digit_count += number->digits != 0;
            number->exponent -= fraction;
        } else {
            number->exponent += !fraction;
        }
    }
    return true;
}

static bool read_exponent(struct cursor *cursor, struct decimal *number)
{
    bool negative = skip_char(cursor, '-');
    if (!negative)
        skip_char(cursor, '+');
    if (!at_digit(cursor))
        return false;
    int64_t exponent = 0;
    for (; at_digit(cursor); cursor->at++)
        if (exponent < EXPONENT_CAP)
            exponent = exponent * 10 + (*cursor->at - '0');
    number->exponent += negative ? -exponent : exponent;
    return true;
}

/* RFC 8259: [ "-" ] int [ frac ] [ exp ], and no zero in front of other digits. */
static bool read_decimal(struct cursor *cursor, struct decimal *number)
{
    number->negative = skip_char(cursor, '-');
    if (skip_char(cursor, '0')) {
        if (at_digit(cursor))
            return false;
    } else if (!read_digits(cursor, number, false)) {
        return false;
    }
    if (skip_char(cursor, '.') && !read_digits(cursor, number, true))
        return false;
    if ((skip_char(cursor, 'e') || skip_char(cursor, 'E')) && !read_exponent(cursor, number))
        return false;
    return cursor->at == cursor->end;
}

/* Clinger's fast path: digits and power are exact doubles, so one operation rounds once, correctly. */
static bool convert_exactly(const struct decimal *number, double *magnitude)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (number->digits > UINT64_C(1) << 53) /* so is every number whose further digits were left out */
        return false;
    if (number->digits == 0) {
        *magnitude = 0;
        return true;
    }
    if (number->exponent < -22 || number->exponent > 22)
        return false;
    if (number->exponent < 0)
        *magnitude = (double)number->digits / powers[-number->exponent];
    else
        *magnitude = (double)number->digits * powers[number->exponent];
    return true;
}

bool afmon_parse_double(const char *text, size_t length, double *value)
{
    struct cursor cursor = {text, text + length};
    struct decimal number = {0};
    if (length == 0 || !read_decimal(&cursor, &number))
        return false;
    double magnitude;
    if (convert_exactly(&number, &magnitude)) {
        *value = number.negative ? -magnitude : magnitude;
        return true;
    }
    switch (afmon_shortest_read(text, length, value)) {
    case AFMON_SHORTEST_OK:
        return true;
    case AFMON_SHORTEST_RANGE:
        /* Too large is an error; too small is rounded to the nearest double, zero. */
        *value = number.negative ? -0.0 : 0.0;
        return number.exponent + number.digit_count < 0;
    case AFMON_SHORTEST_BAD:
        break;
    }
    return false;
}

bool afmon_parse_int(const char *text, size_t length, int64_t *value)
{
    struct cursor cursor = {text, text + length};
    struct decimal number = {0};
    if (length == 0)
        return false;
    number.negative = skip_char(&cursor, '-');
    if (cursor.at == cursor.end || (*cursor.at == '0' && cursor.end - cursor.at > 1))
        return false;
    if (!read_digits(&cursor, &number, false) || cursor.at != cursor.end || number.exponent != 0)
        return false;
    uint64_t limit = (uint64_t)INT64_MAX + (number.negative ? 1 : 0);
    if (number.digits > limit)
        return false;
    *value = (int64_t)(number.negative ? 0 - number.digits : number.digits);
    return true;
}
