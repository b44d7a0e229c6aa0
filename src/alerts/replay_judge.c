#include "alerts/replay_internal.h"

#include <math.h>

#include "alerts/slide.h"
#include "base/clock.h"
#include "base/status.h"

/* One rule on its way through the passes of a round. */
struct way {
    struct afmon_replay_run *run;
    struct afmon_replay_rule *rule;
    struct afmon_slide slide;
    struct afmon_ranks ranks;
};

static int tell(const struct way *way, const struct afmon_finding *finding, const struct afmon_rule_step *step,
                int64_t pass, uint64_t repeated, uint64_t told)
{
    const struct afmon_rule_state *state = &way->rule->state;
    if (!step->judged && !step->fires && !step->resolved)
        return 0;
    const struct afmon_replay_pass message = {
        .rule = way->rule->index,
        .time_ns = afmon_pass_time(&way->run->passes, (uint64_t)pass),
        .repeated = repeated,
        .told = told,
        .began_ns = state->began_ns,
        .fired_ns = state->fired_wall_ns,
        .finding = finding,
        .step = *step,
    };
    return way->run->options->judged(way->run->options->user, &message);
}

static struct afmon_rule_step step_to(struct way *way, const struct afmon_finding *finding, int64_t pass)
{
    int64_t time_ns = afmon_pass_time(&way->run->passes, (uint64_t)pass);
    return afmon_rule_step(way->rule->rule, &way->rule->state, finding, time_ns, time_ns);
}

static int judge_window(struct way *way, int64_t pass)
{
    struct afmon_finding finding = {0};
    struct afmon_summary sum = afmon_slide_sum(&way->slide);
    afmon_summary_aggregate(&sum, &finding.data);
    finding.data.known = true;
    if (way->rule->rule->aggregate == AFMON_RULE_QUANTILE) {
        afmon_ranks_to(&way->ranks, pass);
        finding.quantile = afmon_ranks_quantile(&way->ranks, way->rule->rule->quantile);
    }
    struct afmon_rule_step step = step_to(way, &finding, pass);
    return tell(way, &finding, &step, pass, 0, step.told);
}

/* ---- stretches without samples ---- */

/* Passes between two that tell of a rule that goes on firing; INT64_MAX: none tells. */
static int64_t passes_between(const struct way *way)
{
    double renotify_s = way->rule->rule->renotify_s;
    if (!isfinite(renotify_s))
        return INT64_MAX;
    uint64_t interval = way->run->passes.interval_ns;
    uint64_t renotify = (uint64_t)afmon_seconds_to_ns(renotify_s);
    uint64_t passes = renotify / interval + (renotify % interval > 0);
    return passes > 0 ? (int64_t)passes : 1;
}

/* The rule fires and will in every pass from `from` to before `until`, none of them the last of all: all at once. */
static int skip_firing(struct way *way, const struct afmon_finding *finding, struct afmon_rule_step step, int64_t from,
                       int64_t until)
{
    struct afmon_rule_state *state = &way->rule->state;
    const struct afmon_passes *passes = &way->run->passes;
    uint64_t since_first = (uint64_t)state->told_ns - (uint64_t)passes->first_ns;
    int64_t told_pass = (int64_t)(since_first / passes->interval_ns) - 1;
    int64_t period = passes_between(way);
    uint64_t told = 0;
    if (period < until - told_pass) {
        int64_t due = told_pass + period; /* not before `from`: the pass before it was judged */
        told = (uint64_t)((until - 1 - due) / period) + 1;
        state->told_ns = afmon_pass_time(passes, (uint64_t)(due + (int64_t)(told - 1) * period));
    }
    step.state = AFMON_ALERT_FIRING;
    step.told = told > 0;
    return tell(way, finding, &step, until - 1, (uint64_t)(until - 1 - from), told);
}

/* Passes from `from` to before `until`, in none of which there is a sample. What a rule makes of nothing is always the
 * same: once it has settled, the rest goes at once. */
static int judge_nothing(struct way *way, int64_t from, int64_t until)
{
    static const struct afmon_finding nothing;
    int64_t last_of_all = (int64_t)way->run->passes.count - 1;
    for (int64_t pass = from; pass < until; pass++) {
        struct afmon_rule_step step = step_to(way, &nothing, pass);
        int stop = tell(way, &nothing, &step, pass, 0, step.told);
        if (stop != 0)
            return stop;
        int64_t rest = until <= last_of_all ? until : last_of_all;
        if (pass + 1 >= rest)
            continue;
        if (!step.beyond && !step.fires) {
            step.resolved = false; /* that was this pass */
            stop = tell(way, &nothing, &step, rest - 1, (uint64_t)(rest - pass - 2), 0);
        } else if (step.beyond && step.fires) {
            stop = skip_firing(way, &nothing, step, pass + 1, rest);
        } else {
            continue;
        }
        if (stop != 0)
            return stop;
        pass = rest - 1;
    }
    return 0;
}

/* ---- a rule ---- */

static int go(struct way *way, int64_t begin, int64_t last)
{
    int stop = 0;
    for (int64_t pass = begin; pass <= last && stop == 0; pass++) {
        int64_t next = afmon_slide_to(&way->slide, pass);
        int64_t until = next <= last ? next : last + 1;
        if (until > pass)
            stop = judge_nothing(way, pass, until);
        pass = until;
        if (stop == 0 && next <= last)
            stop = judge_window(way, pass);
    }
    return stop;
}

static afmon_status judge_rule(struct afmon_replay_run *run, size_t number, int64_t begin, int64_t last,
                               afmon_error *error)
{
    struct way way = {.run = run, .rule = &run->rules[number]};
    bool has_ranks = way.rule->rule->aggregate == AFMON_RULE_QUANTILE;
    way.slide.entries = afmon_tally_of_rule(run->tally, number, &way.slide.count);
    if (has_ranks) {
        size_t count;
        const struct afmon_replay_value *values = afmon_replay_values_of_rule(&run->values, number, &count);
        if (!afmon_ranks_init(&way.ranks, values, count))
            return afmon_fail_memory(error);
    }
    int stop = go(&way, begin, last);
    if (has_ranks)
        afmon_ranks_free(&way.ranks);
    return stop == 0 ? AFMON_OK : afmon_fail(error, AFMON_E_CANCELLED, "cancelled");
}

afmon_status afmon_replay_judge(struct afmon_replay_run *run, int64_t begin, int64_t last, afmon_error *error)
{
    afmon_tally_sort(run->tally);
    afmon_replay_values_sort(&run->values);
    for (size_t i = 0; i < run->rule_count; i++) {
        afmon_status status = judge_rule(run, i, begin, last, error);
        if (status != AFMON_OK)
            return status;
    }
    return AFMON_OK;
}
