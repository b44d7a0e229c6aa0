/* Asking a live monitor: afmon_get_metrics over the last five minutes of 10 million samples, idle and while producers
 * record; memory a sample; and memory that stays flat once max_memory is reached. */
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

#define SAMPLES 10000000
#define SMALL_SAMPLES 5000000
#define SMALL_MEMORY ((size_t)32 << 20)
#define LARGE_MEMORY ((size_t)4 << 30)
#define CALLS 1000
#define WINDOW_S 300.0
#define PAUSE_US 500 /* between two questions */

struct producer {
    pthread_t thread;
    afmon_metric *metric;
    uint64_t state;
    long count;             /* samples to record; -1: until stop */
    unsigned pause_us;      /* after each 100 samples; 0: as fast as it goes */
    const atomic_int *stop; /* NULL: none */
};

static void *produce(void *user)
{
    struct producer *producer = user;
    for (long i = 0; i != producer->count; i++) {
        if (afmon_record(producer->metric, bench_duration_s(&producer->state)) != AFMON_OK)
            bench_die("a record failed");
        if (i % 100 != 99)
            continue;
        if (producer->stop != NULL && atomic_load(producer->stop))
            break;
        if (producer->pause_us > 0)
            usleep(producer->pause_us);
    }
    return NULL;
}

static void start(struct producer *producer)
{
    if (pthread_create(&producer->thread, NULL, produce, producer) != 0)
        bench_die("no thread");
}

/* From a thread of its own: a thread that has recorded would wait, when it asks, for what it recorded. */
static void fill(afmon_monitor *monitor, afmon_metric *metric, long count)
{
    struct producer producer = {.metric = metric, .state = 88172645463325252u, .count = count};
    start(&producer);
    pthread_join(producer.thread, NULL);
    if (afmon_monitor_flush(monitor, 600, NULL) != AFMON_OK)
        bench_die("cannot flush");
}

static afmon_metric *resolve(afmon_monitor *monitor)
{
    afmon_metric *metric = NULL;
    if (afmon_metric_resolve(monitor, "duration", NULL, 0, &metric) != AFMON_OK)
        bench_die("cannot resolve");
    return metric;
}

/* ---- Asking ---- */

static void ask(afmon_monitor *monitor, const char *when, double clock_ns)
{
    static double each[CALLS];
    afmon_aggregate aggregate;
    for (int i = 0; i < CALLS; i++) {
        int64_t began = bench_ns();
        if (afmon_get_metrics(monitor, "duration", WINDOW_S, &aggregate) != AFMON_OK)
            bench_die("cannot ask");
        each[i] = (double)(bench_ns() - began) / 1e3;
        usleep(PAUSE_US);
    }
    bench_sort(each, CALLS);
    printf("get_metrics, %-29s median %6.1f us  %5.0f clock reads  p99 %7.1f us  n %.1f million%s\n", when,
           each[CALLS / 2], each[CALLS / 2] * 1e3 / clock_ns, each[CALLS / 100 * 99], (double)aggregate.count / 1e6,
           "   (must: <= 50 us)");
    fflush(stdout);
}

static void ask_while(afmon_monitor *monitor, int count, unsigned pause_us, const char *when, double clock_ns)
{
    struct producer producers[2];
    atomic_int stop = 0;
    for (int i = 0; i < count; i++) {
        producers[i] = (struct producer){.metric = resolve(monitor),
                                         .state = 88172645463325252u + (unsigned)i,
                                         .count = -1,
                                         .pause_us = pause_us,
                                         .stop = &stop};
        start(&producers[i]);
    }
    ask(monitor, when, clock_ns);
    atomic_store(&stop, 1);
    for (int i = 0; i < count; i++)
        pthread_join(producers[i].thread, NULL);
}

static void large(const char *folder, double clock_ns)
{
    afmon_monitor *monitor = bench_open(folder, "large", LARGE_MEMORY);
    afmon_stats stats;
    fill(monitor, resolve(monitor), SAMPLES);
    afmon_monitor_stats(monitor, &stats);
    printf("memory, 10 million samples                 %.1f bytes a sample   (must: <= 32)\n",
           (double)stats.bytes_in_memory / (double)stats.samples_in_memory);
    ask(monitor, "idle", clock_ns);
    ask_while(monitor, 1, 500, "1 producer, some 150,000/s", clock_ns);
    ask_while(monitor, 2, 500, "2 producers, some 150,000/s", clock_ns);
    ask_while(monitor, 1, 0, "1 producer at full speed", clock_ns);
    ask_while(monitor, 2, 0, "2 producers at full speed", clock_ns);
    afmon_monitor_close(monitor, NULL);
}

/* ---- Memory ---- */

static void small(const char *folder)
{
    double before = bench_resident_mib();
    afmon_monitor *monitor = bench_open(folder, "small", SMALL_MEMORY);
    afmon_stats stats;
    printf("max_memory 32 MiB: MiB in memory (and resident beyond those before) after each million:");
    for (int million = 1; million <= SMALL_SAMPLES / 1000000; million++) {
        fill(monitor, resolve(monitor), 1000000);
        afmon_monitor_stats(monitor, &stats);
        printf(" %.1f (%.0f)", (double)stats.bytes_in_memory / (1 << 20), bench_resident_mib() - before);
    }
    printf("; %.1f million evicted   (must: flat)\n", (double)stats.samples_evicted / 1e6);
    afmon_monitor_close(monitor, NULL);
}

/* ---- Passes of alert rules ---- */

/* A pass over a million samples in the window, after passes that have seen most of them. */
static void measure_pass(const char *folder, const char *name, afmon_rule_aggregate aggregate, size_t where_count)
{
    enum { PASSES = 21, SAMPLES_OF_RULE = 1000000 };
    char path[512];
    double times[PASSES];
    afmon_options options;
    afmon_monitor *monitor;
    afmon_metric *metric = NULL;
    const afmon_field field = afmon_string("operation", "answer_generation");
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "bench";
    rule.metric = "generation_time";
    rule.aggregate = aggregate;
    rule.quantile = 0.99;
    rule.comparison = AFMON_RULE_ABOVE;
    rule.limit = 1e9;
    rule.window_s = 3600;
    rule.where = &field;
    rule.where_count = where_count;
    snprintf(path, sizeof path, "%s/rules-%s", folder, name);
    afmon_options_init(&options);
    options.log_dir = path;
    options.metrics_interval_s = 0;
    options.rules = &rule;
    options.rule_count = 1;
    if (afmon_monitor_open(&options, &monitor, NULL) != AFMON_OK ||
        afmon_metric_resolve(monitor, "generation_time", &field, 1, &metric) != AFMON_OK)
        bench_die("no monitor");
    fill(monitor, metric, SAMPLES_OF_RULE);
    afmon_check_alerts(monitor, NULL, 0, NULL);
    for (int i = 0; i < PASSES; i++) {
        fill(monitor, metric, 1000);
        int64_t began = bench_ns();
        afmon_check_alerts(monitor, NULL, 0, NULL);
        times[i] = (double)(bench_ns() - began) / 1e6;
    }
    printf("pass of a rule, 1 million samples: %-15s %.3f ms\n", name, bench_median(times, PASSES));
    afmon_monitor_close(monitor, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("give an empty folder");
    double clock_ns = bench_clock_read_ns();
    printf("clock_gettime(CLOCK_REALTIME)              %.1f ns\n", clock_ns);
    small(argv[1]);
    large(argv[1], clock_ns);
    measure_pass(argv[1], "mean", AFMON_RULE_MEAN, 0);
    measure_pass(argv[1], "filtered-mean", AFMON_RULE_MEAN, 1);
    measure_pass(argv[1], "p99", AFMON_RULE_QUANTILE, 0);
    measure_pass(argv[1], "filtered-p99", AFMON_RULE_QUANTILE, 1);
    return 0;
}
