/* Timing for the benchmarks. */
#ifndef AFMON_BENCH_TIMING_H
#define AFMON_BENCH_TIMING_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t bench_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t bench_thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline void bench_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, bench_compare);
}

/* Sorts, and gives the one in the middle. */
static inline double bench_median(double *values, size_t count)
{
    bench_sort(values, count);
    return values[count / 2];
}

#endif
