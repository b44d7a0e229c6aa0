/* The way in which bench_record measures, for the peers: bursts of calls with pauses, the median of the bursts' means,
 * beside a clock read of the same run. */
#ifndef AFMON_BENCH_PEERS_BURST_H
#define AFMON_BENCH_PEERS_BURST_H

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "../timing.h"

#define BURST 4096
#define BURST_ROUNDS 200
#define BURST_PAUSE_US 4000

static inline double burst_clock_read_ns(void)
{
    double rounds[BURST_ROUNDS];
    struct timespec now;
    for (int r = 0; r < BURST_ROUNDS; r++) {
        int64_t began = bench_ns();
        for (int i = 0; i < BURST; i++)
            clock_gettime(CLOCK_REALTIME, &now);
        rounds[r] = (double)(bench_ns() - began) / BURST;
    }
    return bench_median(rounds, BURST_ROUNDS);
}

/* Prints what one call of `call` costs its caller. */
static inline void burst_measure(const char *what, void (*call)(void *user), void *user)
{
    double rounds[BURST_ROUNDS];
    double clock_ns = burst_clock_read_ns();
    for (int r = 0; r < BURST_ROUNDS; r++) {
        int64_t began = bench_ns();
        for (int i = 0; i < BURST; i++)
            call(user);
        rounds[r] = (double)(bench_ns() - began) / BURST;
        usleep(BURST_PAUSE_US);
    }
    double median = bench_median(rounds, BURST_ROUNDS);
    printf("%-33s %6.1f ns  %5.2f clock reads\n", what, median, median / clock_ns);
}

#endif
