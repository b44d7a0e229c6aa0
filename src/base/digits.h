/* Decimal digits, two a table step. */
#ifndef AFMON_BASE_DIGITS_H
#define AFMON_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AFMON_DIGITS_SIZE 20

/* "00" to "99", one after the other. */
extern const char afmon_digit_pairs[201];

/* Writes a number below 100 as two digits. */
static inline void afmon_write_pair(char *out, unsigned value)
{
    memcpy(out, afmon_digit_pairs + (size_t)value * 2, 2);
}

/* Writes a number below 10,000 as four digits. */
static inline void afmon_write_four(char *out, unsigned value)
{
    afmon_write_pair(out, value / 100);
    afmon_write_pair(out + 2, value % 100);
}

/* Writes a number below 1,000,000 as six digits. */
static inline void afmon_write_six(char *out, unsigned value)
{
    afmon_write_pair(out, value / 10000);
    afmon_write_four(out + 2, value % 10000);
}

/* Writes a number below 1,000,000,000 as nine digits. */
static inline void afmon_write_nine(char *out, uint32_t value)
{
    uint32_t rest = value % 100000000;
    *out = (char)('0' + value / 100000000);
    afmon_write_four(out + 1, rest / 10000);
    afmon_write_four(out + 5, rest % 10000);
}

/* Writes value without leading zeros, at most AFMON_DIGITS_SIZE digits; returns how many. */
size_t afmon_write_digits(char *out, uint64_t value);

#endif
