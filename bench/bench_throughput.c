/* End to end: 10 million samples from two producers, all in metrics.jsonl; beside write(2) of the same bytes. */
#include <afmon/afmon.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timing.h"

#define SAMPLES 10000000

static void die(const char *what)
{
    fprintf(stderr, "bench_throughput: %s\n", what);
    exit(1);
}

static void *produce(void *user)
{
    afmon_metric *handle = user;
    /* durations of whole nanoseconds, as clocks give them */
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < SAMPLES / 2; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if (afmon_record(handle, (double)(state % 3000000000u) / 1e9) != AFMON_OK)
            die("a record failed");
    }
    return NULL;
}

/* Seconds that write(2) takes for the file's bytes, in pieces of 140 KiB. */
static double plain_write(const char *file, const char *copy, off_t *size)
{
    static char piece[140 << 10];
    int in = open(file, O_RDONLY), out = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    struct stat status;
    if (in < 0 || out < 0 || fstat(in, &status) != 0 || read(in, piece, sizeof piece) <= 0)
        die("cannot copy");
    *size = status.st_size;
    int64_t began = bench_ns();
    for (off_t left = status.st_size; left > 0; left -= (off_t)sizeof piece)
        if (write(out, piece, left < (off_t)sizeof piece ? (size_t)left : sizeof piece) < 0)
            die("cannot write");
    double seconds = (double)(bench_ns() - began) / 1e9;
    close(in);
    close(out);
    unlink(copy);
    return seconds;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("give an empty folder");
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = argv[1];
    options.shutdown_timeout_s = 600;
    afmon_monitor *monitor;
    afmon_error error;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        die(error.message);
    afmon_metric *handles[2];
    pthread_t threads[2];
    afmon_metric_resolve(monitor, "first", NULL, 0, &handles[0]);
    afmon_metric_resolve(monitor, "second", NULL, 0, &handles[1]);
    int64_t began = bench_ns();
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, produce, handles[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    double recorded = (double)(bench_ns() - began) / 1e9;
    afmon_close_report report;
    afmon_monitor_shutdown(monitor, &report);
    double written = (double)(bench_ns() - began) / 1e9;
    afmon_stats stats;
    afmon_monitor_stats(monitor, &stats);
    char file[512], copy[512];
    snprintf(file, sizeof file, "%s/metrics.jsonl", argv[1]);
    snprintf(copy, sizeof copy, "%s/copy", argv[1]);
    off_t size;
    double plain = plain_write(file, copy, &size);
    printf("10,000,000 samples, 2 producers   recorded in %.2f s, all %llu written in %.2f s: %.2f million a second "
           "(must: >= 4)\n",
           recorded, (unsigned long long)report.samples_written, written, SAMPLES / written / 1e6);
    printf("write(2) of the same %.0f MB      %.2f s: end to end takes %.1f times that; the monitor's thread used %.2f "
           "s of a core\n",
           (double)size / 1e6, plain, written / plain, stats.cpu_time_s);
    printf("memory                            %.1f bytes a sample in memory, %llu samples evicted\n",
           (double)stats.bytes_in_memory / (double)stats.samples_in_memory, (unsigned long long)stats.samples_evicted);
    afmon_monitor_close(monitor, NULL);
    return report.samples_written == SAMPLES ? 0 : 1;
}
