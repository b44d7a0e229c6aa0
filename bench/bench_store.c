/* The store's figures: appending, aggregates over a window of 10 million samples (idle, and while another thread
 * appends), and memory. Times are printed beside one clock_gettime(CLOCK_REALTIME) of the same run, so that they can be
 * compared between machines. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/store.h"
#include "timing.h"

#define SAMPLES 10000000
#define MEMORY_SAMPLES 1000000
#define BATCH 4096
#define ASKS 2000
#define WINDOW_US INT64_C(300000000)
#define START_US INT64_C(1700000000000000)

static double clock_cost_ns(void)
{
    double bursts[100]; /* the median of bursts: a busy machine does not raise it */
    struct timespec now;
    for (int r = 0; r < 100; r++) {
        int64_t start = afmon_boot_ns();
        for (int i = 0; i < 10000; i++)
            clock_gettime(CLOCK_REALTIME, &now);
        bursts[r] = (double)(afmon_boot_ns() - start) / 1e4;
    }
    return bench_median(bursts, 100);
}

static double uniform(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return ((double)(*state >> 11) + 0.5) * 0x1p-53;
}

static double log_normal(uint64_t *state)
{
    double normal = sqrt(-2 * log(uniform(state))) * cos(6.283185307179586 * uniform(state));
    return exp(normal);
}

/* Kinds of streams. */
typedef double (*next_value)(uint64_t *state);

static double narrow(uint64_t *state)
{
    return 1.0 + 1e-3 * uniform(state);
}

static double whole(uint64_t *state)
{
    return floor(100 * log_normal(state));
}

static double rate(uint64_t *state)
{
    return uniform(state) < 0.9 ? 1.0 : 0.0;
}

struct stream {
    struct afmon_store *store;
    struct afmon_series *series;
    next_value next;
    uint64_t state;
    int64_t wall_us;
    struct afmon_store_sample samples[BATCH];
    _Atomic int stop;
    uint64_t appended;
};

static void fill(struct stream *stream)
{
    for (size_t i = 0; i < BATCH; i++)
        stream->samples[i] = (struct afmon_store_sample){
            .series = stream->series, .value = stream->next(&stream->state), .wall_us = stream->wall_us++};
}

static double append(struct stream *stream, size_t count)
{
    int64_t spent = 0;
    for (size_t done = 0; done < count; done += BATCH) {
        fill(stream);
        int64_t start = afmon_boot_ns();
        afmon_store_append(stream->store, stream->samples, BATCH);
        spent += afmon_boot_ns() - start;
        stream->appended += BATCH;
    }
    return (double)spent / (double)count;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ask(struct stream *stream, const char *name, int64_t window_us, const char *what, double clock_ns)
{
    static double times[ASKS];
    afmon_aggregate aggregate;
    for (size_t i = 0; i < ASKS; i++) {
        int64_t start = afmon_boot_ns();
        afmon_store_aggregate(stream->store, name, strlen(name), START_US + SAMPLES, window_us, true, &aggregate);
        times[i] = (double)(afmon_boot_ns() - start) / 1e3;
    }
    qsort(times, ASKS, sizeof times[0], by_value);
    printf("  %-34s median %7.1f us (%5.0f clocks)  p90 %7.1f  p99 %7.1f   n=%llu p50=%g\n", what, times[ASKS / 2],
           times[ASKS / 2] * 1e3 / clock_ns, times[ASKS * 9 / 10], times[ASKS * 99 / 100],
           (unsigned long long)aggregate.count, aggregate.p50);
}

static void *keep_appending(void *user)
{
    struct stream *stream = user;
    while (!atomic_load(&stream->stop))
        append(stream, BATCH);
    return NULL;
}

static void run(const char *name, next_value next, double clock_ns)
{
    struct stream *stream = calloc(1, sizeof *stream);
    stream->store = afmon_store_new((size_t)1 << 40);
    stream->series = afmon_store_series(stream->store, name, strlen(name));
    stream->next = next;
    stream->state = 88172645463325252;
    stream->wall_us = START_US;
    struct afmon_store_stats stats;
    printf("%s\n", name);
    double small = append(stream, MEMORY_SAMPLES);
    afmon_store_get_stats(stream->store, &stats);
    printf("  append, first million %6.1f ns (%4.2f clocks)    memory %5.1f bytes a sample\n", small, small / clock_ns,
           (double)stats.bytes / (double)stats.samples_in_memory);
    double rest = append(stream, SAMPLES - MEMORY_SAMPLES);
    afmon_store_get_stats(stream->store, &stats);
    printf("  append, next nine     %6.1f ns (%4.2f clocks)    memory %5.1f bytes a sample\n", rest, rest / clock_ns,
           (double)stats.bytes / (double)stats.samples_in_memory);
    ask(stream, name, WINDOW_US, "all 10 million in the window, idle", clock_ns);
    ask(stream, name, SAMPLES - 3000000 + 4321, "7 million in the window, idle", clock_ns);
    pthread_t thread;
    pthread_create(&thread, NULL, keep_appending, stream);
    ask(stream, name, WINDOW_US, "10 million and more, appending", clock_ns);
    ask(stream, name, SAMPLES - 3000000 + 4321, "7 million and more, appending", clock_ns);
    atomic_store(&stream->stop, 1);
    pthread_join(thread, NULL);
    afmon_store_release(stream->store);
    free(stream);
}

int main(void)
{
    double clock_ns = clock_cost_ns();
    printf("clock_gettime(CLOCK_REALTIME): %.1f ns\n", clock_ns);
    run("log-normal", log_normal, clock_ns);
    run("narrow", narrow, clock_ns);
    run("whole numbers", whole, clock_ns);
    run("zeros and ones", rate, clock_ns);
    return 0;
}
