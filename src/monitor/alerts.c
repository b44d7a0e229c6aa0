/* Passes of the alert rules. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alerts/message.h"
#include "base/clock.h"
#include "base/text.h"
#include "monitor/dispatches.h"
#include "monitor/family.h"

struct pass {
    struct afmon_core *core;
    int64_t now_us; /* steady */
};

static afmon_status find(void *user, const afmon_alert_rule *rule, struct afmon_finding *finding)
{
    const struct pass *pass = user;
    struct afmon_store *store = afmon_family_store(pass->core);
    size_t length = strlen(rule->metric);
    int64_t window_us = afmon_seconds_to_ns(rule->window_s) / 1000;
    bool wants_quantile = rule->aggregate == AFMON_RULE_QUANTILE;
    if (rule->where_count > 0) {
        const struct afmon_filter filter = {.wants = afmon_rule_wants_set,
                                            .user = (void *)(uintptr_t)rule,
                                            .memo = &pass->core->filter_memos[rule - pass->core->watch.rules]};
        return afmon_store_filtered(store, rule->metric, length, pass->now_us, window_us, &filter, &rule->quantile,
                                    wants_quantile ? 1 : 0, &finding->data, &finding->quantile);
    }
    afmon_status status =
        afmon_store_aggregate(store, rule->metric, length, pass->now_us, window_us, false, &finding->data);
    if (status != AFMON_OK || !wants_quantile || finding->data.count == 0)
        return status;
    return afmon_store_quantiles(store, rule->metric, length, pass->now_us, window_us, &rule->quantile, 1,
                                 &finding->quantile);
}

/* Seconds after which the log has another line while the rule goes on firing. */
static afmon_field again_field(const struct afmon_core *core, const afmon_alert_rule *rule)
{
    double between_passes_s = core->monitor->options.metrics_interval_s;
    if (!isfinite(rule->renotify_s))
        return afmon_null("renotify");
    return afmon_double("renotify", fmax(rule->renotify_s, between_passes_s));
}

static void log_alert(struct afmon_core *core, const struct afmon_logged_alert *logged)
{
    const afmon_alert *alert = &logged->alert;
    char message[sizeof alert->message + 32];
    char since[AFMON_TIMESTAMP_SIZE];
    char session[17];
    char timestamp[AFMON_TIMESTAMP_SIZE];
    size_t since_length = afmon_format_timestamp(since, alert->since_ns);
    size_t timestamp_length = afmon_format_timestamp(timestamp, alert->timestamp_ns);
    snprintf(message, sizeof message, "%s: %s", alert->state == AFMON_ALERT_RESOLVED ? "Alert resolved" : "Alert",
             alert->message);
    snprintf(session, sizeof session, "%016" PRIx64, core->first_serial);
    const afmon_field fields[] = {
        afmon_string("alert", alert->name),
        afmon_string("metric", alert->metric),
        afmon_double("mean", alert->data.mean),
        afmon_double("limit", alert->limit),
        afmon_int("count", (int64_t)alert->data.count),
        afmon_string("aggregate", alert->aggregate),
        afmon_double("value", alert->value),
        afmon_string("comparison", afmon_comparison_text(alert->comparison)),
        afmon_string("state", afmon_alert_state_name(alert->state)),
        afmon_string_n("since", since, since_length),
        again_field(core, logged->rule),
        afmon_bool("resolves", afmon_rule_logs_end(logged->rule)),
        afmon_string_n("timestamp", timestamp, timestamp_length),
        afmon_int("passes", (int64_t)core->watch.passes),
        afmon_string("session", session),
    };
    size_t count = sizeof fields / sizeof fields[0] - (core->has_session ? 0 : 1);
    afmon_core_log(core, alert->level, message, fields, count);
}

/* Under the lock of the watch. */
static void run_pass(struct afmon_core *core)
{
    struct pass pass = {.core = core, .now_us = afmon_core_steady_us(core)};
    struct afmon_alert_watch *watch = &core->watch;
    int64_t boot = afmon_boot_ns();
    int64_t wall = boot + atomic_load_explicit(&core->wall_offset_ns, memory_order_relaxed);
    afmon_alert_watch_pass(watch, find, &pass, boot, wall);
    if (core->meters != NULL)
        afmon_meters_set_alerts(core->meters, watch->firing, watch->firing_count);
    for (size_t i = 0; i < watch->logged_count; i++)
        log_alert(core, &watch->logged[i]);
    size_t count;
    struct afmon_dispatch **dispatches = afmon_dispatches_of(core, AFMON_HANDLER_ALERT, &count);
    for (size_t i = 0; i < count && watch->told_count > 0; i++)
        afmon_dispatch_push_alerts(dispatches[i], watch->told, watch->told_count, boot);
}

size_t afmon_core_check_alerts(struct afmon_core *core, afmon_alert *alerts, size_t capacity)
{
    pthread_mutex_lock(&core->watch_lock);
    run_pass(core);
    size_t count = core->watch.firing_count;
    size_t taken = count < capacity ? count : capacity;
    if (taken > 0)
        memcpy(alerts, core->watch.firing, taken * sizeof *alerts);
    pthread_mutex_unlock(&core->watch_lock);
    return count;
}

/* Another thread's pass, which may wait for room in its queue, must not hold up the thread that makes room. It has just
 * judged what would be judged here. */
void afmon_core_periodic_alerts(struct afmon_core *core)
{
    if (pthread_mutex_trylock(&core->watch_lock) != 0)
        return;
    run_pass(core);
    pthread_mutex_unlock(&core->watch_lock);
}

void afmon_item_alert_tell(struct afmon_core *core, const char *name, const char *aggregate, double value, double limit,
                           const char *message)
{
    size_t count = 0;
    afmon_alert alert = {.metric = "item_time",
                         .level = AFMON_WARNING,
                         .state = AFMON_ALERT_FIRING,
                         .comparison = AFMON_RULE_AT_LEAST,
                         .value = value,
                         .limit = limit,
                         .timestamp_ns = afmon_wall_ns()};
    if (!core->monitor->options.item_alerts)
        return;
    alert.since_ns = alert.timestamp_ns;
    (void)snprintf(alert.name, sizeof alert.name, "%s", name);
    (void)snprintf(alert.aggregate, sizeof alert.aggregate, "%s", aggregate);
    (void)snprintf(alert.message, sizeof alert.message, "%.*s", (int)sizeof alert.message - 1, message);
    struct afmon_dispatch **dispatches = afmon_dispatches_of(core, AFMON_HANDLER_ALERT, &count);
    for (size_t i = 0; i < count; i++)
        afmon_dispatch_push_alerts(dispatches[i], &alert, 1, afmon_boot_ns());
}
