/* The dashboard: what 20 of them cost beside a run that records 100,000 samples a second, its producers included; and
 * the first picture of a run of 10 million samples (or as many as the second argument says), from the start of the
 * command on.
 *
 *     bench_serve FOLDER [SAMPLES]            FOLDER: an empty one; the command is taken from the same build
 *     bench_serve --write FOLDER [SAMPLES]    writes the large run to FOLDER/run, and nothing else (bench_paint.py) */
#include <sys/stat.h>

#include "web.h"

enum { METRICS = 5, DASHBOARDS = 20, ROUNDS = 3, ROUND_S = 4, PER_S = 100000, BURST = 1000, PICTURE = 1 << 20 };

static const char *const names[METRICS] = {"generation_time", "success_rate", "error_rate", "prompt_token_count",
                                           "completion_token_count"};

struct recorder {
    afmon_monitor *monitor;
    afmon_metric *metrics[METRICS * 3]; /* for three models */
    uint64_t state;
};

static struct recorder open_recorder(const char *folder, const char *name)
{
    struct recorder recorder = {.monitor = bench_open(folder, name, (size_t)64 << 20), .state = 88172645463325252u};
    for (int i = 0; i < METRICS * 3; i++) {
        char model[16];
        snprintf(model, sizeof model, "model-%d", i / METRICS);
        afmon_field fields[] = {{.key = "model_name", .type = AFMON_STRING, .as.text = {model, strlen(model)}},
                                {.key = "operation", .type = AFMON_STRING, .as.text = {"answer_generation", 17}}};
        if (afmon_metric_resolve(recorder.monitor, names[i % METRICS], fields, 2, &recorder.metrics[i]) != AFMON_OK)
            bench_die("no handle");
    }
    return recorder;
}

static void record(struct recorder *recorder, long from, long count)
{
    for (long i = from; i < from + count; i++) {
        int metric = (int)(i % METRICS);
        double value = metric == 1   ? 1.0
                       : metric == 2 ? 0.0
                                     : bench_duration_s(&recorder->state) * (metric > 2 ? 100 : 1);
        afmon_record(recorder->metrics[i / METRICS % 3 * METRICS + metric], value);
    }
}

/* Nanoseconds of a record call at 100,000 a second: the median of bursts. */
static double paced_ns(struct recorder *recorder)
{
    static double bursts[ROUND_S * PER_S / BURST];
    size_t count = sizeof bursts / sizeof bursts[0];
    int64_t begin = bench_ns();
    for (size_t i = 0; i < count; i++) {
        int64_t due = begin + (int64_t)i * BURST * (1000000000 / PER_S);
        while (bench_ns() < due)
            usleep(500);
        int64_t began = bench_ns();
        record(recorder, (long)i * BURST, BURST);
        bursts[i] = (double)(bench_ns() - began) / BURST;
    }
    return bench_median(bursts, count);
}

/* All that was recorded must be seen, soon. */
static void check_seen(const struct bench_server *server, const char *path, long samples)
{
    static char kept[PICTURE];
    char text[64];
    int fd = bench_ask(server, path);
    snprintf(text, sizeof text, "\"samples\":%ld,", samples);
    alarm(30);
    if (!bench_wait_for(fd, text, kept, sizeof kept))
        bench_die("samples are missing");
    alarm(0);
    close(fd);
}

/* Alone and served in turns, so that what else the machine does meets both. */
static void measure_live(const char *folder)
{
    double alone[ROUNDS], served[ROUNDS], cpu_s = 0;
    char path[100], runs[1000];
    struct recorder beside = open_recorder(folder, "alone/run");
    struct recorder recorder = open_recorder(folder, "live/run");
    record(&recorder, 0, BURST);
    snprintf(runs, sizeof runs, "%s/live", folder);
    struct bench_server server = bench_serve(runs);
    bench_stream_path(&server, path, sizeof path);
    for (int i = 0; i < ROUNDS; i++) {
        alone[i] = paced_ns(&beside);
        pid_t dashboards = bench_dashboards(&server, path, DASHBOARDS);
        sleep(1);
        double before_s = bench_cpu_s(server.pid);
        served[i] = paced_ns(&recorder);
        cpu_s += bench_cpu_s(server.pid) - before_s;
        bench_dashboards_end(dashboards);
    }
    check_seen(&server, path, (long)ROUNDS * ROUND_S * PER_S + BURST);
    double a = bench_median(alone, ROUNDS), b = bench_median(served, ROUNDS);
    printf("%-48s %10.1f ns\n", "a record call, 100,000 a second", a);
    printf("%-48s %10.1f ns    %.2f times\n", "the same with 20 dashboards open", b, b / a);
    printf("%-48s %10.1f %%     must hold: 10 %%\n", "the server, of one core", 100 * cpu_s / (ROUNDS * ROUND_S));
    printf("%-48s %10.1f MiB   must hold: 64 MiB\n", "its memory at most", bench_peak_mib(server.pid));
    bench_serve_end(&server);
    afmon_monitor_close(beside.monitor, NULL);
    afmon_monitor_close(recorder.monitor, NULL);
}

static void write_run(const char *folder, const char *name, long samples)
{
    struct recorder recorder = open_recorder(folder, name);
    record(&recorder, 0, samples);
    afmon_monitor_close(recorder.monitor, NULL);
}

static void measure_large(const char *folder, long samples)
{
    static char kept[PICTURE];
    char path[100], runs[1000];
    write_run(folder, "large/run", samples);
    snprintf(runs, sizeof runs, "%s/large", folder);
    struct bench_server server = bench_serve(runs);
    bench_stream_path(&server, path, sizeof path);
    int fd = bench_ask(&server, path);
    if (!bench_wait_for(fd, "\"verdict\":\"", kept, sizeof kept))
        bench_die("no picture");
    printf("%-48s %10.1f ms    must hold: 1,500 ms\n", "from the start to the first picture of a large run",
           (double)(bench_ns() - server.began_ns) * 1e-6);
    pid_t dashboards = bench_dashboards(&server, path, DASHBOARDS);
    if (!bench_wait_for(fd, "\"loaded\":1.0,", kept, sizeof kept))
        bench_die("it is not read to its end");
    check_seen(&server, path, samples);
    printf("%-48s %10.2f s\n", "to the picture of all of it", (double)(bench_ns() - server.began_ns) * 1e-9);
    printf("%-48s %10.1f MiB   must hold: 64 MiB\n", "memory at most, with 20 dashboards", bench_peak_mib(server.pid));
    close(fd);
    bench_dashboards_end(dashboards);
    bench_serve_end(&server);
}

int main(int argc, char **argv)
{
    bool only_writes = argc > 2 && strcmp(argv[1], "--write") == 0;
    if (argc < 2)
        bench_die("usage: bench_serve [--write] FOLDER [SAMPLES]");
    const char *folder = argv[1 + only_writes];
    long samples = argc > 2 + only_writes ? strtol(argv[2 + only_writes], NULL, 10) : 10000000;
    if (samples < 1)
        samples = 1;
    if (only_writes) {
        write_run(folder, "run", samples);
        return 0;
    }
    measure_live(folder);
    fflush(stdout);
    measure_large(folder, samples);
    return 0;
}
