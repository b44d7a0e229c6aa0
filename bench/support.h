/* What the benchmarks of the whole share: a monitor in a folder, values, the clock as the measure. */
#ifndef AFMON_BENCH_SUPPORT_H
#define AFMON_BENCH_SUPPORT_H

#include <afmon/afmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "timing.h"

static inline void bench_die(const char *what)
{
    fprintf(stderr, "benchmark: %s\n", what);
    exit(1);
}

static inline afmon_monitor *bench_open(const char *folder, const char *name, size_t max_memory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = path;
    options.max_memory = max_memory;
    options.shutdown_timeout_s = 600;
    afmon_monitor *monitor;
    afmon_error error;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        bench_die(error.message);
    return monitor;
}

/* Durations of whole nanoseconds, evenly from 0 to 3 s, as clocks give them. */
static inline double bench_duration_s(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)(*state % 3000000000u) / 1e9;
}

/* Cost of one clock read: the median over rounds of the mean of a burst. */
static inline double bench_clock_read_ns(void)
{
    enum { rounds = 100, burst = 4096 };
    double each[rounds];
    struct timespec now;
    for (int r = 0; r < rounds; r++) {
        int64_t began = bench_ns();
        for (int i = 0; i < burst; i++)
            clock_gettime(CLOCK_REALTIME, &now);
        each[r] = (double)(bench_ns() - began) / burst;
    }
    return bench_median(each, rounds);
}

static inline double bench_resident_mib(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

#endif
