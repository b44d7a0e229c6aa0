/* A handle for a value that is recorded often, a handler for alerts, and questions to a monitor that is running.
 *
 *     ./handlers RUN_FOLDER */
#include <afmon/afmon.h>
#include <stdio.h>

/* Called from a thread of its own, one call at a time. 0: taken. */
static int print_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    (void)error;
    (void)size;
    printf("alert %s (%s): %s\n", alert->name, afmon_level_name(alert->level), alert->message);
    ++*(int *)user;
    return 0;
}

static void record(afmon_monitor *monitor)
{
    afmon_metric *depth;
    afmon_field fields[] = {afmon_string("queue", "prompts")};
    if (afmon_metric_resolve(monitor, "queue_depth", fields, 1, &depth) == AFMON_OK)
        for (int i = 0; i < 1000; i++)
            afmon_record(depth, i % 10);
    for (int i = 0; i < 10; i++) {
        afmon_generation call = {.duration_s = 0.5 + 0.1 * i, .success = i % 2 == 0};
        afmon_track_generation(monitor, &call);
    }
}

static void ask(afmon_monitor *monitor)
{
    afmon_aggregate depth;
    if (afmon_get_metrics(monitor, "queue_depth", 300, &depth) == AFMON_OK)
        printf("queue_depth: %llu samples, mean %.2f, p90 %.2f\n", (unsigned long long)depth.count, depth.mean,
               depth.p90);
}

int main(int argc, char **argv)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error;
    int fired = 0;
    afmon_alert_handler handler = {.name = "print", .handle = print_alert, .user = &fired};

    afmon_options_init(&options);
    options.log_dir = argc > 1 ? argv[1] : NULL;
    options.alert_handlers = &handler;
    options.alert_handler_count = 1;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    record(monitor);
    ask(monitor);
    afmon_check_alerts(monitor, NULL, 0, NULL); /* the rules run every metrics_interval_s, and whenever asked */
    if (afmon_monitor_close(monitor, NULL) != AFMON_OK)
        return 1;
    return fired == 1 ? 0 : 1; /* half of the calls failed: low_success_rate */
}
