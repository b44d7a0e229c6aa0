/* The alerts of a run, from its log or as the follower's rules find them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/live_internal.h"

#define LEAST_GAP_NS (3 * AFMON_NS_PER_S)

/* An alert is over where the log says so, or where passes that should have come have not. */
static void judge(afmon_live_alert *alert, int64_t now_ns)
{
    int64_t gap = AFMON_LIVE_GAP_NS;
    if (alert->passes > 1)
        gap = (alert->last_ns - alert->first_ns) / (int64_t)(alert->passes - 1) * 5 / 2;
    gap = gap < LEAST_GAP_NS ? LEAST_GAP_NS : gap;
    alert->firing = alert->resolved_ns == 0 && now_ns - alert->last_ns <= gap;
}

static int compare(const void *left, const void *right)
{
    const afmon_live_alert *a = left;
    const afmon_live_alert *b = right;
    if (a->firing != b->firing)
        return a->firing ? -1 : 1;
    if (a->last_ns != b->last_ns)
        return a->last_ns < b->last_ns ? 1 : -1;
    return strcmp(a->name, b->name);
}

static size_t from_log(const afmon_live *live, int64_t now_ns, afmon_live_alert *alerts)
{
    for (size_t i = 0; i < live->log.alert_count; i++) {
        alerts[i] = live->log.alerts[i];
        judge(&alerts[i], now_ns);
    }
    return live->log.alert_count;
}

static afmon_status from_rules(afmon_live *live, const afmon_live_info *info, afmon_live_alert *alerts, size_t *count)
{
    struct afmon_live_moment moment = {.first_ns = info->first_ns,
                                       .last_ns = info->last_ns,
                                       .now_ns = info->now_ns,
                                       .ended = info->state == AFMON_LIVE_ENDED,
                                       .whole = info->loaded >= 1};
    afmon_status status = AFMON_OK;
    if (info->sample_count > 0)
        status = afmon_live_rules_judge(live->rules, live->table, &moment);
    *count = status == AFMON_OK ? afmon_live_rules_alerts(live->rules, alerts) : 0;
    return status;
}

afmon_status afmon_live_alerts(afmon_live *live, afmon_live_alert *alerts, size_t capacity, size_t *count)
{
    afmon_live_info info;
    if (live == NULL || count == NULL || (alerts == NULL && capacity > 0))
        return AFMON_E_ARGUMENT;
    *count = 0;
    afmon_live_alert *sorted = malloc((AFMON_LIVE_ALERTS + AFMON_LIVE_RULES) * sizeof *sorted);
    if (sorted == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_live_look(live, &info);
    afmon_status status = AFMON_OK;
    if (live->rules->given || live->log.alert_count == 0)
        status = from_rules(live, &info, sorted, count);
    else
        *count = from_log(live, info.now_ns, sorted);
    if (*count > 1)
        qsort(sorted, *count, sizeof *sorted, compare);
    if (capacity > 0 && *count > 0)
        memcpy(alerts, sorted, (*count < capacity ? *count : capacity) * sizeof *alerts);
    free(sorted);
    return status;
}
