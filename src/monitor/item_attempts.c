#include "monitor/item_attempts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ingest/item.h"
#include "monitor/dispatches.h"

#define NAME "item_attempts"

static bool is_told(uint32_t attempt)
{
    while (attempt > AFMON_ITEM_ATTEMPTS_MANY && attempt % 2 == 0)
        attempt /= 2;
    return attempt == AFMON_ITEM_ATTEMPTS_MANY;
}

/* "conversation 17 is in attempt 10" */
static void write_message(const afmon_item *item, uint32_t attempt, char *text, size_t size)
{
    const afmon_field id = afmon_item_field(item);
    if (id.type == AFMON_INT)
        (void)snprintf(text, size, "%.60s %lld is in attempt %u", item->kind, (long long)id.as.integer,
                       (unsigned)attempt);
    else
        (void)snprintf(text, size, "%.60s %.*s is in attempt %u", item->kind, (int)id.as.text.length, id.as.text.data,
                       (unsigned)attempt);
}

static afmon_alert alert_of(uint32_t attempt, const char *message)
{
    afmon_alert alert = {.name = NAME,
                         .metric = "item_time",
                         .aggregate = "attempts",
                         .level = AFMON_WARNING,
                         .state = AFMON_ALERT_FIRING,
                         .comparison = AFMON_RULE_AT_LEAST,
                         .value = attempt,
                         .limit = AFMON_ITEM_ATTEMPTS_MANY,
                         .timestamp_ns = afmon_wall_ns()};
    alert.since_ns = alert.timestamp_ns;
    (void)snprintf(alert.message, sizeof alert.message, "%.*s", (int)sizeof alert.message - 1, message);
    return alert;
}

/* To whom asked for it (item_alerts): other handlers get what the rules fire, and nothing else. */
static void tell_handlers(afmon_monitor *monitor, uint32_t attempt, const char *message)
{
    afmon_status status;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    size_t count = 0;
    if (core == NULL)
        return;
    const afmon_alert alert = alert_of(attempt, message);
    struct afmon_dispatch **dispatches = afmon_dispatches_of(core, AFMON_HANDLER_ALERT, &count);
    for (size_t i = 0; i < count; i++)
        afmon_dispatch_push_alerts(dispatches[i], &alert, 1, afmon_boot_ns());
}

void afmon_item_attempt_begins(const afmon_item *item, uint32_t attempt)
{
    char message[AFMON_ITEM_ID_MAX + 128];
    if (!is_told(attempt))
        return;
    write_message(item, attempt, message, sizeof message);
    const afmon_field fields[] = {
        afmon_string("warning", NAME),
        afmon_string("kind", item->kind),
        afmon_int("attempt", attempt),
        afmon_item_field(item),
    };
    /* A log that cannot be written refuses it, and counts it as any other record. */
    (void)afmon_log_warning(item->monitor, message, fields, sizeof fields / sizeof fields[0]);
    if (item->monitor->options.item_alerts)
        tell_handlers(item->monitor, attempt, message);
}
