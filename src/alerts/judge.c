#include "alerts/judge.h"

#include <math.h>
#include <stdio.h>

#include "alerts/message.h"
#include "base/clock.h"

double afmon_alert_mean(const afmon_aggregate *aggregate)
{
    if (!isfinite(aggregate->sum)) /* beyond a double's range, which the mean is not */
        return aggregate->mean;
    /* Equal values have that mean, however their sum is rounded. */
    return fmax(aggregate->min, fmin(aggregate->max, aggregate->sum / (double)aggregate->count));
}

double afmon_rule_value(const afmon_alert_rule *rule, const struct afmon_finding *finding)
{
    const afmon_aggregate *data = &finding->data;
    switch (rule->aggregate) {
    case AFMON_RULE_MEAN:
        return afmon_alert_mean(data);
    case AFMON_RULE_MIN:
        return data->min;
    case AFMON_RULE_MAX:
        return data->max;
    case AFMON_RULE_SUM:
        return data->sum;
    case AFMON_RULE_COUNT:
        return (double)data->count;
    case AFMON_RULE_RATE:
        return (double)data->count / rule->window_s;
    case AFMON_RULE_STDDEV:
        return data->stddev;
    case AFMON_RULE_QUANTILE:
        break;
    }
    return finding->quantile;
}

static bool is_beyond(const afmon_alert_rule *rule, double value, double limit)
{
    switch (rule->comparison) {
    case AFMON_RULE_BELOW:
        return value < limit;
    case AFMON_RULE_ABOVE:
        return value > limit;
    case AFMON_RULE_AT_MOST:
        return value <= limit;
    case AFMON_RULE_AT_LEAST:
        break;
    }
    return value >= limit;
}

double afmon_rule_distance(const afmon_alert_rule *rule, double value)
{
    bool low = rule->comparison == AFMON_RULE_BELOW || rule->comparison == AFMON_RULE_AT_MOST;
    return low ? rule->limit - value : value - rule->limit;
}

/* ---- the states ---- */

/* Whether a duration is over; `then` is not after `now`, but they may be farther apart than an int64_t holds. */
static bool is_over(int64_t then, int64_t now, double duration_s)
{
    if (!isfinite(duration_s))
        return false;
    return (uint64_t)now - (uint64_t)then >= (uint64_t)afmon_seconds_to_ns(duration_s);
}

static void begin_firing(struct afmon_rule_state *state, struct afmon_rule_step *step, int64_t now_ns, int64_t wall_ns)
{
    state->phase = AFMON_RULE_FIRING;
    state->cleared = false;
    state->told_ns = now_ns;
    state->fired_wall_ns = wall_ns;
    step->fires = true;
    step->told = true;
    step->state = AFMON_ALERT_FIRED;
}

static void step_quiet(const afmon_alert_rule *rule, struct afmon_rule_state *state, struct afmon_rule_step *step,
                       int64_t now_ns, int64_t wall_ns)
{
    if (!step->beyond) {
        state->phase = AFMON_RULE_QUIET;
        return;
    }
    if (state->phase == AFMON_RULE_QUIET) {
        state->phase = AFMON_RULE_PENDING;
        state->began_ns = now_ns;
    }
    if (is_over(state->began_ns, now_ns, rule->for_s))
        begin_firing(state, step, now_ns, wall_ns);
}

static void step_firing(const afmon_alert_rule *rule, struct afmon_rule_state *state, struct afmon_rule_step *step,
                        int64_t now_ns)
{
    step->fires = true;
    step->state = AFMON_ALERT_FIRING;
    if (step->beyond) {
        state->cleared = false;
        step->told = is_over(state->told_ns, now_ns, rule->renotify_s);
        state->told_ns = step->told ? now_ns : state->told_ns;
        return;
    }
    if (!state->cleared)
        state->cleared_ns = now_ns;
    state->cleared = true;
    if (!is_over(state->cleared_ns, now_ns, rule->keep_firing_for_s))
        return;
    state->phase = AFMON_RULE_QUIET;
    step->fires = false;
    step->resolved = true;
    step->told = rule->send_resolved;
    step->state = AFMON_ALERT_RESOLVED;
}

struct afmon_rule_step afmon_rule_step(const afmon_alert_rule *rule, struct afmon_rule_state *state,
                                       const struct afmon_finding *finding, int64_t now_ns, int64_t wall_ns)
{
    struct afmon_rule_step step = {.judged = finding->data.count >= rule->min_samples};
    bool firing = state->phase == AFMON_RULE_FIRING;
    if (step.judged) {
        step.value = afmon_rule_value(rule, finding);
        step.beyond = is_beyond(rule, step.value, firing && rule->clear.given ? rule->clear.value : rule->limit);
    }
    if (firing)
        step_firing(rule, state, &step, now_ns);
    else
        step_quiet(rule, state, &step, now_ns, wall_ns);
    return step;
}

bool afmon_rule_logs_end(const afmon_alert_rule *rule)
{
    return rule->send_resolved || rule->renotify_s > 0 || rule->keep_firing_for_s > 0;
}

void afmon_alert_fill(const afmon_alert_rule *rule, const struct afmon_finding *finding,
                      const struct afmon_rule_step *step, int64_t wall_ns, int64_t since_ns, afmon_alert *alert)
{
    *alert = (afmon_alert){.level = rule->level,
                           .state = step->state,
                           .resolves = rule->send_resolved,
                           .timestamp_ns = wall_ns,
                           .since_ns = since_ns,
                           .comparison = rule->comparison,
                           .value = step->value,
                           .limit = rule->limit,
                           .data = finding->data};
    if (alert->data.count > 0)
        alert->data.mean = afmon_alert_mean(&finding->data);
    alert->data.p50 = alert->data.p90 = alert->data.p99 = 0;
    (void)snprintf(alert->name, sizeof alert->name, "%s", rule->name);
    (void)snprintf(alert->metric, sizeof alert->metric, "%s", rule->metric);
    afmon_aggregate_text(rule, alert->aggregate, sizeof alert->aggregate);
    afmon_message_write(rule, step->judged, alert);
}
