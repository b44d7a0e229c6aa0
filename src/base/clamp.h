/* Arithmetic with what comes from files, where every value is possible: results that do not fit become the nearest that
 * do. Times are nanoseconds or microseconds in an int64_t, which two times may be up to twice as far apart as it holds.
 */
#ifndef AFMON_BASE_CLAMP_H
#define AFMON_BASE_CLAMP_H

#include <stdint.h>

static inline int64_t afmon_clamp_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

static inline int64_t afmon_clamp_sub(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return a < b ? INT64_MIN : INT64_MAX;
    return difference;
}

static inline uint64_t afmon_clamp_add_u64(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* later - earlier, both in nanoseconds, in seconds: exact as far as a double is, however far apart they are. */
static inline double afmon_seconds_between(int64_t earlier, int64_t later)
{
    int64_t difference;
    if (__builtin_sub_overflow(later, earlier, &difference))
        return ((double)later - (double)earlier) / 1e9;
    return (double)difference / 1e9;
}

/* Cut off towards zero; NaN becomes 0. A cast of a double that does not fit is undefined. */
static inline int64_t afmon_clamp_i64(double value)
{
    if (value >= 0x1p63)
        return INT64_MAX;
    if (value < -0x1p63)
        return INT64_MIN;
    return value == value ? (int64_t)value : 0;
}

static inline uint64_t afmon_clamp_u64(double value)
{
    if (value >= 0x1p64)
        return UINT64_MAX;
    return value >= 1 ? (uint64_t)value : 0;
}

#endif
