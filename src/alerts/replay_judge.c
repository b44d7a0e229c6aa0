#include "alerts/replay_internal.h"

#include "alerts/slide.h"
#include "base/status.h"

/* One rule on its way through the passes of a round. */
struct way {
    struct afmon_replay_run *run;
    struct afmon_replay_rule *rule;
    struct afmon_slide slide;
    struct afmon_ranks ranks;
};

static int64_t time_of(void *user, int64_t pass)
{
    const struct way *way = user;
    return afmon_pass_time(&way->run->passes, (uint64_t)pass);
}

static int64_t next(void *user, int64_t pass)
{
    struct way *way = user;
    return afmon_slide_to(&way->slide, pass);
}

static void find(void *user, int64_t pass, struct afmon_finding *finding)
{
    struct way *way = user;
    struct afmon_summary sum = afmon_slide_sum(&way->slide);
    afmon_summary_aggregate(&sum, &finding->data);
    finding->data.known = true;
    if (way->rule->rule->aggregate == AFMON_RULE_QUANTILE) {
        afmon_ranks_to(&way->ranks, pass);
        finding->quantile = afmon_ranks_quantile(&way->ranks, way->rule->rule->quantile);
    }
}

static int tell(void *user, const struct afmon_walk_pass *pass)
{
    const struct way *way = user;
    return way->run->options->judged(way->run->options->user, way->rule->index, pass);
}

static bool go(struct way *way, int64_t begin, int64_t last)
{
    const struct afmon_walk walk = {.rule = way->rule->rule,
                                    .state = &way->rule->state,
                                    .interval_ns = way->run->passes.interval_ns,
                                    .last_of_all = (int64_t)way->run->passes.count - 1,
                                    .time_of = time_of,
                                    .next = next,
                                    .find = find,
                                    .tell = tell,
                                    .user = way};
    return afmon_walk_passes(&walk, begin, last);
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
    bool done = go(&way, begin, last);
    if (has_ranks)
        afmon_ranks_free(&way.ranks);
    return done ? AFMON_OK : afmon_fail(error, AFMON_E_CANCELLED, "cancelled");
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
