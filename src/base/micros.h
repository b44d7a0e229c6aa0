/* Nanoseconds and the whole microseconds in which samples are kept. */
#ifndef AFMON_BASE_MICROS_H
#define AFMON_BASE_MICROS_H

#include <stdint.h>

/* Microseconds as nanoseconds; what does not fit becomes the nearest that does. */
static inline int64_t afmon_us_to_ns(int64_t us)
{
    int64_t ns;
    if (__builtin_mul_overflow(us, INT64_C(1000), &ns))
        return us < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

/* The last whole microsecond that is not after it. */
static inline int64_t afmon_ns_to_us(int64_t ns)
{
    return ns / 1000 - (ns % 1000 < 0 ? 1 : 0);
}

#endif
