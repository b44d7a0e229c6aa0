/* The periodic pass of the alert rules. */
#include "alerts/rules.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "monitor/core.h"

struct pass {
    struct afmon_core *core;
    int64_t now_us; /* steady */
};

static afmon_status mean_of(void *user, const char *metric, afmon_aggregate *aggregate)
{
    const struct pass *pass = user;
    return afmon_store_aggregate(pass->core->store, metric, strlen(metric), pass->now_us, AFMON_ALERT_WINDOW_US, false,
                                 aggregate);
}

static void log_alert(struct afmon_core *core, const afmon_alert *alert)
{
    char message[sizeof alert->message + 8];
    snprintf(message, sizeof message, "Alert: %s", alert->message);
    afmon_core_log(core, alert->level, message,
                   (afmon_field[]){afmon_string("alert", alert->name), afmon_string("metric", alert->metric),
                                   afmon_double("mean", alert->data.mean), afmon_double("limit", alert->limit),
                                   afmon_int("count", (int64_t)alert->data.count)},
                   5);
}

size_t afmon_core_check_alerts(struct afmon_core *core, afmon_alert *alerts)
{
    struct pass pass = {.core = core, .now_us = afmon_core_steady_us(core)};
    int64_t boot = afmon_boot_ns();
    int64_t wall = boot + atomic_load_explicit(&core->wall_offset_ns, memory_order_relaxed);
    size_t count = afmon_alerts_evaluate(&core->monitor->options.limits, mean_of, &pass, wall, alerts);
    for (size_t i = 0; i < count; i++)
        log_alert(core, &alerts[i]);
    for (size_t i = 0; i < core->alert_count && count > 0; i++)
        afmon_dispatch_push_alerts(core->alert_dispatches[i], alerts, count, boot);
    return count;
}
