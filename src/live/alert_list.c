/* The alerts of a run, from its log or as the follower's rules find them. */
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "live/live_internal.h"

#define LEAST_GAP_NS (3 * AFMON_NS_PER_S)

/* Two and a half times what is usually between two lines. */
static int64_t longest_gap(int64_t usual_ns)
{
    return usual_ns > INT64_MAX / 5 ? INT64_MAX : usual_ns * 5 / 2;
}

/* Without a line that tells the end: as long as the lines that should have come did. */
static bool goes_on(const struct afmon_live_span *span, int64_t now_ns)
{
    const afmon_live_alert *alert = &span->alert;
    int64_t gap = AFMON_LIVE_GAP_NS;
    if (alert->passes > 1)
        gap = longest_gap(afmon_clamp_sub(alert->last_ns, alert->first_ns) / (int64_t)(alert->passes - 1));
    if (gap < longest_gap(span->renotify_ns))
        gap = longest_gap(span->renotify_ns);
    return afmon_clamp_sub(now_ns, alert->last_ns) <= (gap < LEAST_GAP_NS ? LEAST_GAP_NS : gap);
}

/* Where no process writes any more it cannot be asked which session was the last. */
static bool fired_again(const struct afmon_live_log *log, const struct afmon_live_span *span)
{
    for (size_t i = 0; i < log->alert_count; i++) {
        const struct afmon_live_span *other = &log->alerts[i];
        if (strcmp(other->alert.name, span->alert.name) == 0 && other->session != span->session &&
            other->alert.first_ns > span->alert.last_ns)
            return true;
    }
    return false;
}

/* Whoever would tell the end of it lives, or did until the run ended. */
static bool will_be_told(const afmon_live *live, const struct afmon_live_span *span)
{
    if (live->options.replay || live->sessions.living == 0)
        return !fired_again(&live->log, span);
    return span->session == 0 || afmon_live_session_may_live(&live->sessions, span->session);
}

static bool is_firing(const afmon_live *live, const struct afmon_live_span *span, int64_t now_ns)
{
    if (span->alert.resolved_ns != 0)
        return false;
    return span->resolves ? will_be_told(live, span) : goes_on(span, now_ns);
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
        alerts[i] = live->log.alerts[i].alert;
        alerts[i].firing = is_firing(live, &live->log.alerts[i], now_ns);
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
