/* Time. Everything inside runs on CLOCK_BOOTTIME, which never steps and counts suspended time; wall time is that plus
 * an offset that is sampled again and again, and changes only when somebody sets the clock. */
#ifndef AFMON_BASE_CLOCK_H
#define AFMON_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define AFMON_NS_PER_S INT64_C(1000000000)

#ifdef CLOCK_BOOTTIME
#define AFMON_CLOCK CLOCK_BOOTTIME
#else
#define AFMON_CLOCK CLOCK_MONOTONIC /* of systems that only read runs */
#endif

/* Nanoseconds since boot. Inline: it is most of what a record costs. */
static inline int64_t afmon_boot_ns(void)
{
    struct timespec now;
    clock_gettime(AFMON_CLOCK, &now);
    return (int64_t)now.tv_sec * AFMON_NS_PER_S + now.tv_nsec;
}

/* Nanoseconds since the epoch by the system's clock. */
int64_t afmon_wall_ns(void);

/* What to add to afmon_boot_ns() to get wall time, sampled now (best of a few bracketed readings). */
int64_t afmon_wall_offset_ns(void);

/* The offset to go on with: `current`, unless the clock was set since, by more than a millisecond; then a new one. */
int64_t afmon_wall_offset_follow(int64_t current);

/* CPU time of the calling thread in nanoseconds. */
int64_t afmon_thread_cpu_ns(void);

/* Seconds to nanoseconds; saturates, NaN becomes 0, infinity INT64_MAX. */
int64_t afmon_seconds_to_ns(double seconds);

#endif
