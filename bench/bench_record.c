/* What recording costs, as ratios against a clock read of the same run. See bench/README.md. */
#include <afmon/afmon.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "timing.h"

#define BURST 4096 /* records between two pauses: a ring holds 8,192 */
#define ROUNDS 200

static void die(const char *what)
{
    fprintf(stderr, "bench_record: %s\n", what);
    exit(1);
}

static afmon_monitor *open_here(const char *folder)
{
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    afmon_monitor *monitor;
    afmon_error error;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        die(error.message);
    return monitor;
}

/* Cost of one clock read: the median over rounds of the mean of a burst. */
static double clock_read_ns(void)
{
    double rounds[ROUNDS];
    struct timespec now;
    for (int r = 0; r < ROUNDS; r++) {
        int64_t began = bench_ns();
        for (int i = 0; i < BURST; i++)
            clock_gettime(CLOCK_REALTIME, &now);
        rounds[r] = (double)(bench_ns() - began) / BURST;
    }
    return bench_median(rounds, ROUNDS);
}

struct producer {
    afmon_monitor *monitor;
    afmon_metric *handle;
    pthread_barrier_t *together;
    double median_ns;
    double cpu_ns;
};

/* Bursts with pauses, as a generator's threads record: what one call costs its caller. All producers begin a burst
 * together: alone, bursts so short would hardly ever meet, and could not slow each other. */
static void *produce(void *user)
{
    struct producer *producer = user;
    double rounds[ROUNDS], cpu[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        pthread_barrier_wait(producer->together);
        int64_t cpu_began = bench_thread_cpu_ns();
        int64_t began = bench_ns();
        for (int i = 0; i < BURST; i++)
            afmon_record(producer->handle, 1.5);
        rounds[r] = (double)(bench_ns() - began) / BURST;
        cpu[r] = (double)(bench_thread_cpu_ns() - cpu_began) / BURST;
        usleep(4000);
    }
    producer->median_ns = bench_median(rounds, ROUNDS);
    producer->cpu_ns = bench_median(cpu, ROUNDS);
    return NULL;
}

/* The median over producers, by the clock; and in *cpu_ns by the time that their threads had a core. */
static double producers_median(afmon_monitor *monitor, int count, double *cpu_ns)
{
    pthread_t threads[4];
    struct producer producers[4];
    double medians[4], cpu[4];
    pthread_barrier_t together;
    if (pthread_barrier_init(&together, NULL, (unsigned)count) != 0)
        die("no barrier");
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        producers[i].monitor = monitor;
        producers[i].together = &together;
        if (afmon_metric_resolve(monitor, name, NULL, 0, &producers[i].handle) != AFMON_OK)
            die("cannot resolve");
        if (pthread_create(&threads[i], NULL, produce, &producers[i]) != 0)
            die("no thread");
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        medians[i] = producers[i].median_ns;
        cpu[i] = producers[i].cpu_ns;
    }
    pthread_barrier_destroy(&together);
    *cpu_ns = bench_median(cpu, (size_t)count);
    return bench_median(medians, (size_t)count);
}

/* Each call timed by itself; the clock's own cost is in every one. */
static void tail(afmon_monitor *monitor, double clock_ns)
{
    const size_t calls = (size_t)BURST * ROUNDS;
    double *each = malloc(calls * sizeof *each);
    afmon_metric *handle;
    if (each == NULL || afmon_metric_resolve(monitor, "tail", NULL, 0, &handle) != AFMON_OK)
        die("no memory");
    for (size_t r = 0, n = 0; r < ROUNDS; r++) {
        for (int i = 0; i < BURST; i++, n++) {
            int64_t began = bench_ns();
            afmon_record(handle, 1.5);
            each[n] = (double)(bench_ns() - began);
        }
        usleep(4000);
    }
    bench_sort(each, calls);
    printf("each call timed, clock included   p50 %6.0f ns  p99 %6.0f ns  p99.9 %6.0f ns   (must: p99.9 < 1,000; a "
           "clock read: %.0f)\n",
           each[calls / 2], each[calls / 100 * 99], each[calls / 1000 * 999], clock_ns);
    free(each);
}

static void track(afmon_monitor *monitor, double clock_ns)
{
    double rounds[ROUNDS];
    afmon_field fields[] = {afmon_string("operation", "answer_generation")};
    afmon_generation call = {.duration_s = 1.25,
                             .success = true,
                             .model_name = "gpt-4o",
                             .finish_reason = "stop",
                             .prompt_token_count = AFMON_GIVEN(412),
                             .completion_token_count = AFMON_GIVEN(118),
                             .total_token_count = AFMON_GIVEN(530),
                             .fields = fields,
                             .field_count = 1};
    for (int r = 0; r < ROUNDS; r++) {
        int64_t began = bench_ns();
        for (int i = 0; i < 256; i++)
            if (afmon_track_generation(monitor, &call) != AFMON_OK)
                die("a call was not recorded");
        rounds[r] = (double)(bench_ns() - began) / 256;
        usleep(4000);
    }
    double median = bench_median(rounds, ROUNDS);
    printf("afmon_track_generation            %6.1f ns  %5.2f clock reads   (must: <= 1,000 ns)\n", median,
           median / clock_ns);
}

static void named(afmon_monitor *monitor, double clock_ns)
{
    double rounds[ROUNDS];
    afmon_field fields[] = {afmon_string("model_name", "gpt-4o")};
    for (int r = 0; r < ROUNDS; r++) {
        int64_t began = bench_ns();
        for (int i = 0; i < 1024; i++)
            if (afmon_record_metric(monitor, "queue_depth", 3, fields, 1) != AFMON_OK)
                die("a sample was not recorded");
        rounds[r] = (double)(bench_ns() - began) / 1024;
        usleep(4000);
    }
    double median = bench_median(rounds, ROUNDS);
    printf("afmon_record_metric, one field    %6.1f ns  %5.2f clock reads\n", median, median / clock_ns);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("give an empty folder");
    double clock_ns = clock_read_ns();
    printf("clock_gettime(CLOCK_REALTIME)     %6.1f ns\n", clock_ns);
    for (int count = 1; count <= 4; count *= 2) {
        char folder[512];
        snprintf(folder, sizeof folder, "%s/p%d", argv[1], count);
        afmon_monitor *monitor = open_here(folder);
        double cpu_ns;
        double median = producers_median(monitor, count, &cpu_ns);
        printf("afmon_record, %d producer%-9s %6.1f ns  %5.2f clock reads  (%.1f ns of its core)%s\n", count,
               count == 1 ? "" : "s at once", median, median / clock_ns, cpu_ns,
               count == 1 ? "   (must: <= 2)" : "   (must: no more of its core than one alone)");
        if (count == 1) {
            tail(monitor, clock_ns);
            track(monitor, clock_ns);
            named(monitor, clock_ns);
        }
        afmon_monitor_close(monitor, NULL);
    }
    return 0;
}
