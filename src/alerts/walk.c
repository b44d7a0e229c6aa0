#include "alerts/walk.h"

#include <math.h>

#include "base/clock.h"

static int tell(const struct afmon_walk *walk, const struct afmon_finding *finding, const struct afmon_rule_step *step,
                int64_t pass, uint64_t repeated, uint64_t told)
{
    const struct afmon_rule_state *state = &walk->state->rule;
    if (!step->judged && !step->fires && !step->resolved)
        return 0;
    const struct afmon_walk_pass message = {
        .time_ns = walk->time_of(walk->user, pass),
        .repeated = repeated,
        .told = told,
        .began_ns = state->began_ns,
        .fired_ns = state->fired_wall_ns,
        .finding = finding,
        .step = *step,
    };
    return walk->tell(walk->user, &message);
}

static struct afmon_rule_step step_to(const struct afmon_walk *walk, const struct afmon_finding *finding, int64_t pass)
{
    int64_t time_ns = walk->time_of(walk->user, pass);
    struct afmon_rule_step step = afmon_rule_step(walk->rule, &walk->state->rule, finding, time_ns, time_ns);
    if (step.told)
        walk->state->told_pass = pass;
    return step;
}

static int judge(const struct afmon_walk *walk, int64_t pass)
{
    struct afmon_finding finding = {0};
    walk->find(walk->user, pass, &finding);
    struct afmon_rule_step step = step_to(walk, &finding, pass);
    return tell(walk, &finding, &step, pass, 0, step.told);
}

/* Passes between two that tell of a rule that goes on firing; INT64_MAX: none tells. */
static int64_t passes_between(const struct afmon_walk *walk)
{
    double renotify_s = walk->rule->renotify_s;
    if (!isfinite(renotify_s))
        return INT64_MAX;
    uint64_t renotify = (uint64_t)afmon_seconds_to_ns(renotify_s);
    uint64_t passes = renotify / walk->interval_ns + (renotify % walk->interval_ns > 0);
    return passes > 0 ? (int64_t)passes : 1;
}

/* The rule fires and will in every pass from `from` to before `until`, none of them the last of all: all at once. */
static int skip_firing(const struct afmon_walk *walk, const struct afmon_finding *finding, struct afmon_rule_step step,
                       int64_t from, int64_t until)
{
    struct afmon_walk_state *state = walk->state;
    int64_t period = passes_between(walk);
    uint64_t told = 0;
    if (period < until - state->told_pass) {
        int64_t due = state->told_pass + period; /* not before `from`: the pass before it was judged */
        told = (uint64_t)((until - 1 - due) / period) + 1;
        state->told_pass = due + (int64_t)(told - 1) * period;
        state->rule.told_ns = walk->time_of(walk->user, state->told_pass);
    }
    step.state = AFMON_ALERT_FIRING;
    step.told = told > 0;
    return tell(walk, finding, &step, until - 1, (uint64_t)(until - 1 - from), told);
}

/* Passes from `from` to before `until`, in none of which there is a sample. What a rule makes of nothing is always the
 * same: once it has settled, the rest goes at once. */
static int judge_nothing(const struct afmon_walk *walk, int64_t from, int64_t until)
{
    static const struct afmon_finding nothing;
    for (int64_t pass = from; pass < until; pass++) {
        struct afmon_rule_step step = step_to(walk, &nothing, pass);
        int stop = tell(walk, &nothing, &step, pass, 0, step.told);
        if (stop != 0)
            return stop;
        int64_t rest = until <= walk->last_of_all ? until : walk->last_of_all;
        if (pass + 1 >= rest)
            continue;
        if (!step.beyond && !step.fires) {
            step.resolved = false; /* that was this pass */
            stop = tell(walk, &nothing, &step, rest - 1, (uint64_t)(rest - pass - 2), 0);
        } else if (step.beyond && step.fires) {
            stop = skip_firing(walk, &nothing, step, pass + 1, rest);
        } else {
            continue;
        }
        if (stop != 0)
            return stop;
        pass = rest - 1;
    }
    return 0;
}

bool afmon_walk_passes(const struct afmon_walk *walk, int64_t begin, int64_t last)
{
    int stop = 0;
    for (int64_t pass = begin; pass <= last && stop == 0; pass++) {
        int64_t next = walk->next(walk->user, pass);
        int64_t until = next <= last ? next : last + 1;
        if (until > pass)
            stop = judge_nothing(walk, pass, until);
        pass = until;
        if (stop == 0 && next <= last)
            stop = judge(walk, pass);
    }
    return stop == 0;
}
