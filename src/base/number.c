#include "base/number.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/digits.h"
#include "base/shortest.h"

/* The exact paths below count on doubles being rounded to doubles at each step. */
_Static_assert(FLT_EVAL_METHOD == 0, "afmon needs arithmetic without extra precision (on x86: SSE2)");
_Static_assert(DBL_MANT_DIG == 53, "afmon needs IEEE 754 doubles");

#define NANO 1000000000
#define NANO_DIGITS 9

size_t afmon_format_int(char *out, int64_t value)
{
    if (value >= 0)
        return afmon_write_digits(out, (uint64_t)value);
    *out = '-';
    return 1 + afmon_write_digits(out + 1, 0 - (uint64_t)value);
}

static size_t write_exponent(char *out, int exponent)
{
    out[0] = 'e';
    out[1] = exponent < 0 ? '-' : '+';
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (magnitude >= 100)
        return 2 + afmon_write_digits(out + 2, magnitude);
    afmon_write_pair(out + 2, magnitude);
    return 4;
}

static size_t lay_out_scientific(char *out, const char *digits, size_t count, int exponent)
{
    size_t length = 0;
    out[length++] = digits[0];
    if (count > 1) {
        out[length++] = '.';
        memcpy(out + length, digits + 1, count - 1);
        length += count - 1;
    }
    return length + write_exponent(out + length, exponent);
}

/* Numbers below 1: "0.00012". */
static size_t lay_out_fraction(char *out, const char *digits, size_t count, int exponent)
{
    size_t zeros = (size_t)(-exponent - 1);
    memcpy(out, "0.000", 5);
    memcpy(out + 2 + zeros, digits, count);
    return 2 + zeros + count;
}

static size_t lay_out_fixed(char *out, const char *digits, size_t count, int exponent)
{
    size_t whole = (size_t)exponent + 1;
    if (count > whole) {
        memcpy(out, digits, whole);
        out[whole] = '.';
        memcpy(out + whole + 1, digits + whole, count - whole);
        return count + 1;
    }
    memcpy(out, digits, count);
    memset(out + count, '0', whole - count);
    memcpy(out + whole, ".0", 2);
    return whole + 2;
}

/* Lays out the number d.ddd... * 10^exponent as Python's repr does. */
static size_t lay_out(char *out, const char *digits, size_t count, int exponent)
{
    if (exponent < -4 || exponent >= 16)
        return lay_out_scientific(out, digits, count, exponent);
    if (exponent < 0)
        return lay_out_fraction(out, digits, count, exponent);
    return lay_out_fixed(out, digits, count, exponent);
}

/* A number of billionths that is not whole. */
static size_t write_nanos(char *out, uint64_t nanos)
{
    if (nanos < NANO / 10000) {
        char digits[AFMON_DIGITS_SIZE];
        size_t count = afmon_write_digits(digits, nanos);
        int exponent = (int)count - 1 - NANO_DIGITS;
        while (digits[count - 1] == '0')
            count--;
        return lay_out(out, digits, count, exponent);
    }
    size_t length = afmon_write_digits(out, nanos / NANO);
    out[length++] = '.';
    afmon_write_nine(out + length, (uint32_t)(nanos % NANO));
    length += NANO_DIGITS;
    while (out[length - 1] == '0')
        length--;
    return length;
}

/* The nanoseconds in value where it is the double nearest to a whole number of them, else 0. Below 10^15 these are
 * decimals of at most 15 digits; no two such decimals are the same double, so none with fewer digits reads back as
 * value, and the quotient of two exact doubles is correctly rounded. */
static uint64_t whole_nanos(double value)
{
    if (!(value < 1e6))
        return 0;
    uint64_t nanos = (uint64_t)(value * NANO + 0.5);
    return (double)nanos / NANO == value ? nanos : 0;
}

/* The general case: the text of shortest.cc, "d.ddde-XX", taken apart and laid out anew. */
static size_t write_shortest(char *out, double value)
{
    char text[AFMON_SHORTEST_SIZE];
    size_t length = afmon_shortest_text(text, value);
    size_t mark = length;
    int exponent = 0;
    for (int place = 1; text[--mark] >= '0' && text[mark] <= '9'; place *= 10)
        exponent += (text[mark] - '0') * place;
    if (text[mark] == '-')
        exponent = -exponent;
    size_t count = mark - 1;
    if (count == 1)
        return lay_out(out, text, 1, exponent);
    text[1] = text[0]; /* over the point: digits now stand side by side */
    return lay_out(out, text + 1, count - 1, exponent);
}

static size_t write_positive(char *out, double value)
{
    const double all_whole_from = 9007199254740992.0;
    if (value < all_whole_from && (double)(uint64_t)value == value) {
        size_t length = afmon_write_digits(out, (uint64_t)value);
        memcpy(out + length, ".0", 2);
        return length + 2;
    }
    uint64_t nanos = whole_nanos(value);
    return nanos != 0 ? write_nanos(out, nanos) : write_shortest(out, value);
}

size_t afmon_format_double(char *out, double value)
{
    if (!isfinite(value)) {
        memcpy(out, "null", 4);
        return 4;
    }
    if (!signbit(value))
        return write_positive(out, value);
    *out = '-';
    return 1 + write_positive(out + 1, -value);
}
