/* Following a run: the first frame of a large one (10 million samples, or as many as the second argument says), reading
 * all of it beside counting the newlines of the same bytes, an update with and without news, memory; and whether a
 * follower in another process changes what a record call costs.
 *
 *     bench_live FOLDER [SAMPLES]      FOLDER: an empty one */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <afmon/afmon.h>

#include "support.h"
#include "timing.h"

enum { PER_CALL = 5, COLUMNS = 200, ROUNDS = 3, PACED_S = 2, PACED_PER_S = 100000, BURST = 1000 };

static const char *const metrics[PER_CALL] = {"generation_time", "success_rate", "error_rate", "prompt_token_count",
                                              "completion_token_count"};

static void write_lines(const char *folder, long from, long count)
{
    char path[1024], at[32];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "ab");
    if (file == NULL)
        bench_die("the metrics file cannot be written");
    for (long i = from; i < from + count; i++) {
        long call = i / PER_CALL;
        time_t second = 1763888400 + call / 500;
        struct tm parts;
        if (i == from || call % 500 == 0)
            strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &parts));
        fprintf(file,
                "{\"metric\": \"%s\", \"value\": %ld.25, \"model_name\": \"model-%ld\", \"operation\": \"op-%ld\", "
                "\"timestamp\": \"%s.%06ld+00:00\"}\n",
                metrics[i % PER_CALL], i % PER_CALL == 0 ? call % 9 : call % 2, call % 3, call % 7, at,
                call % 500 * 2000);
    }
    if (fclose(file) != 0)
        bench_die("the metrics file cannot be written");
}

static double count_newlines_s(const char *folder)
{
    static char piece[1 << 18];
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t began = bench_ns();
    uint64_t lines = 0;
    for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0;)
        for (const char *at = piece; (at = memchr(at, '\n', (size_t)(piece + got - at))) != NULL; at++)
            lines++;
    close(fd);
    if (lines == 0)
        bench_die("no lines");
    return (double)(bench_ns() - began) * 1e-9;
}

static afmon_live *follow(const char *folder)
{
    afmon_live *live = NULL;
    if (afmon_live_open(folder, NULL, &live, NULL) != AFMON_OK)
        bench_die("the folder cannot be followed");
    return live;
}

static void update(afmon_live *live, double budget_s)
{
    afmon_error error;
    if (afmon_live_update(live, budget_s, &error) != AFMON_OK)
        bench_die(error.message);
}

/* What a frame asks. */
static void ask(afmon_live *live)
{
    afmon_bucket buckets[COLUMNS];
    afmon_live_rate rates[64];
    afmon_aggregate aggregate;
    size_t count;
    int64_t width_ns;
    for (int i = 0; i < PER_CALL; i++) {
        afmon_live_buckets(live, metrics[i], AFMON_WINDOW_ALL, COLUMNS, buckets, &count, &width_ns);
        afmon_live_aggregate(live, metrics[i], AFMON_WINDOW_ALL, &aggregate, NULL);
    }
    afmon_live_operations(live, 60, rates, 64, &count);
    afmon_live_models(live, 60, rates, 64, &count);
}

static double timed_update_ms(afmon_live *live, double budget_s)
{
    int64_t began = bench_ns();
    update(live, budget_s);
    ask(live);
    return (double)(bench_ns() - began) * 1e-6;
}

static void measure_large(const char *folder, long samples)
{
    enum { NEWS = 10000, IDLE = 20 };
    afmon_live_info info;
    double idle[IDLE];
    write_lines(folder, 0, samples);
    double newlines_s = count_newlines_s(folder);
    int64_t began = bench_ns();
    afmon_live *live = follow(folder);
    printf("%-44s %10.1f ms    must hold: 1,500 ms\n", "first frame", timed_update_ms(live, 0));
    do {
        update(live, 0.1);
        afmon_live_get_info(live, &info);
    } while (info.loaded < 1);
    double all_s = (double)(bench_ns() - began) * 1e-9;
    if (info.sample_count != (uint64_t)samples)
        bench_die("samples are missing");
    printf("%-44s %10.2f s     %.1f times finding the newlines\n", "all of it", all_s, all_s / newlines_s);
    for (int i = 0; i < IDLE; i++)
        idle[i] = timed_update_ms(live, 0.1);
    printf("%-44s %10.2f ms\n", "a frame without news", bench_median(idle, IDLE));
    write_lines(folder, samples, NEWS);
    printf("%-44s %10.2f ms\n", "a frame with 10,000 new samples", timed_update_ms(live, 1));
    printf("%-44s %10.1f MiB   must hold: 64 MiB\n", "memory", (double)info.memory_bytes / 1048576);
    afmon_live_close(live);
}

/* ---- A live run beside a follower ---- */

static pid_t start_follower(const char *folder)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    afmon_live *live = follow(folder);
    for (;;) {
        update(live, 0.1);
        ask(live);
        usleep(100000);
    }
}

/* Nanoseconds of a record call, at 100,000 samples a second. */
static double paced_ns(const char *folder, const char *name, bool followed)
{
    static double bursts[PACED_S * PACED_PER_S / BURST];
    char path[1024];
    size_t count = sizeof bursts / sizeof bursts[0];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    pid_t follower = followed ? start_follower(path) : -1;
    afmon_monitor *monitor = bench_open(folder, name, (size_t)64 << 20);
    afmon_metric *metric = NULL;
    if (afmon_metric_resolve(monitor, "generation_time", NULL, 0, &metric) != AFMON_OK)
        bench_die("no handle");
    int64_t begin = bench_ns();
    for (size_t i = 0; i < count; i++) {
        int64_t due = begin + (int64_t)i * BURST * (1000000000 / PACED_PER_S);
        while (bench_ns() < due)
            usleep(500);
        int64_t began = bench_ns();
        for (int k = 0; k < BURST; k++)
            afmon_record(metric, 0.25 * k);
        bursts[i] = (double)(bench_ns() - began) / BURST;
    }
    afmon_monitor_close(monitor, NULL);
    if (follower > 0) {
        kill(follower, SIGKILL);
        waitpid(follower, NULL, 0);
    }
    return bench_median(bursts, count);
}

static void measure_beside(const char *folder)
{
    double alone[ROUNDS], followed[ROUNDS];
    char name[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof name, "alone-%d", i);
        alone[i] = paced_ns(folder, name, false);
        snprintf(name, sizeof name, "followed-%d", i);
        followed[i] = paced_ns(folder, name, true);
    }
    double a = bench_median(alone, ROUNDS);
    double b = bench_median(followed, ROUNDS);
    printf("%-44s %10.1f ns\n", "a record call, 100,000 a second", a);
    printf("%-44s %10.1f ns    %.2f times\n", "the same, followed by another process", b, b / a);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        bench_die("usage: bench_live FOLDER [SAMPLES]");
    long samples = argc > 2 ? strtol(argv[2], NULL, 10) : 10000000;
    char folder[900];
    snprintf(folder, sizeof folder, "%s/large", argv[1]);
    if (mkdir(folder, 0777) != 0)
        bench_die("the folder cannot be made");
    measure_beside(argv[1]);
    fflush(stdout);
    measure_large(folder, samples > 0 ? samples : 1);
    return 0;
}
