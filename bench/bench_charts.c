/* What a chart costs above reading the run: milliseconds for each of the five and for a metric, of 20,000 and of a
 * million generations, and the peak of memory above the view.
 *     bench_charts FOLDER      an empty folder for the run's files */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <afmon/afmon.h>

#include "timing.h"

#define ROUNDS 5

static int drop(void *user, const void *data, size_t size)
{
    (void)data;
    *(size_t *)user = size;
    return 0;
}

static afmon_view *record(const char *folder, const char *name, int generations)
{
    char path[512];
    afmon_options options;
    afmon_monitor *monitor;
    afmon_view *view = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    afmon_options_init(&options);
    options.log_dir = path;
    options.log_handler_count = 0;
    options.max_memory = (size_t)2 << 30;
    if (afmon_monitor_open(&options, &monitor, NULL) != AFMON_OK)
        return NULL;
    for (int i = 0; i < generations; i++) {
        afmon_generation call = {.duration_s = 1 + i % 1009 / 400.0,
                                 .success = i % 23 != 0,
                                 .error = i % 23 == 0 ? "late" : NULL,
                                 .model_name = "m",
                                 .prompt_token_count = AFMON_GIVEN(100 + i % 501),
                                 .completion_token_count = AFMON_GIVEN(50 + i % 301)};
        afmon_track_generation(monitor, &call);
        afmon_record_metric(monitor, "evaluation_score_good", i % 1000 / 1000.0, NULL, 0);
        afmon_record_metric(monitor, "evaluation_time", i % 503 / 300.0, NULL, 0);
    }
    if (afmon_monitor_flush(monitor, 600, NULL) != AFMON_OK || afmon_monitor_view(monitor, &view, NULL) != AFMON_OK)
        view = NULL;
    (void)afmon_monitor_close(monitor, NULL);
    return view;
}

static long peak_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static afmon_status draw(afmon_view *view, int chart, const afmon_plot_options *options, size_t *size)
{
    return chart < AFMON_CHARTS ? afmon_plot_chart(view, (afmon_chart)chart, options, drop, size, NULL)
                                : afmon_plot_metric_to(view, "generation_time", options, drop, size, NULL);
}

static int measure(afmon_view *view, int chart, const char *format)
{
    double ms[ROUNDS];
    size_t size = 0;
    afmon_plot_options options;
    afmon_plot_options_init(&options);
    options.format = format;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t begin = bench_ns();
        if (draw(view, chart, &options, &size) != AFMON_OK)
            return 1;
        ms[i] = (double)(bench_ns() - begin) / 1e6;
    }
    const char *name = chart < AFMON_CHARTS ? afmon_chart_name((afmon_chart)chart) : "metric generation_time";
    printf("  %-24s %s %8.1f ms %8zu bytes\n", name, format, bench_median(ms, ROUNDS), size);
    return 0;
}

static int measure_run(const char *folder, const char *name, int generations)
{
    afmon_view *view = record(folder, name, generations);
    int failed = view == NULL;
    long before = peak_kib();
    printf("%d generations\n", generations);
    for (int chart = 0; chart <= AFMON_CHARTS && !failed; chart++)
        failed = measure(view, chart, "png") || measure(view, chart, "svg");
    printf("  peak of memory above the view: %.1f MiB\n", (double)(peak_kib() - before) / 1024);
    afmon_view_close(view);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench_charts FOLDER\n");
        return 2;
    }
    return measure_run(argv[1], "small", 20000) || measure_run(argv[1], "large", 1000000);
}
