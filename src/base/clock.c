#include "base/clock.h"

#include <stddef.h>

#define OFFSET_READINGS 5
#define CLOCK_WAS_SET_NS INT64_C(1000000)

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * AFMON_NS_PER_S + now.tv_nsec;
}

int64_t afmon_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t afmon_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Wall time minus boot time. *width_ns is how long the reading took: the offset is right to half of that. */
static int64_t measure_offset(int64_t *width_ns)
{
    int64_t best = 0;
    *width_ns = INT64_MAX;
    for (int i = 0; i < OFFSET_READINGS; i++) {
        int64_t before = afmon_boot_ns();
        int64_t wall = afmon_wall_ns();
        int64_t width = afmon_boot_ns() - before;
        if (width < *width_ns) {
            *width_ns = width;
            best = wall - (before + width / 2);
        }
    }
    return best;
}

int64_t afmon_wall_offset_ns(void)
{
    int64_t width_ns;
    return measure_offset(&width_ns);
}

int64_t afmon_wall_offset_follow(int64_t current)
{
    int64_t width_ns;
    int64_t measured = measure_offset(&width_ns);
    int64_t change;
    if (__builtin_sub_overflow(measured, current, &change))
        return measured;
    /* A thread that was preempted between the readings measures badly; that is no set clock. */
    int64_t tolerance = CLOCK_WAS_SET_NS + width_ns / 2;
    return change > tolerance || change < -tolerance ? measured : current;
}

int64_t afmon_seconds_to_ns(double seconds)
{
    const double beyond_int64 = 9223372036854775808.0;
    const double always_whole = 4503599627370496.0;
    double ns = seconds * (double)AFMON_NS_PER_S;
    if (ns != ns)
        return 0;
    if (ns >= beyond_int64)
        return INT64_MAX;
    if (ns <= -beyond_int64)
        return INT64_MIN;
    if (ns < always_whole && ns > -always_whole)
        ns += ns < 0 ? -0.5 : 0.5;
    return (int64_t)ns;
}
