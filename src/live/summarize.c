/* What the run comes to so far. */
#include "base/status.h"
#include "live/live.h"
#include "live/live_internal.h"
#include "money/ledger.h"

/* Nobody writes any more: what files end with is all that there will be of a call. */
static void settle_all(struct afmon_live *live)
{
    for (size_t i = 0; i < live->tail_count; i++)
        if (!live->tails[i]->log)
            afmon_feed_settle(live->model, live->meters, &live->tails[i]->source);
}

struct afmon_model_facts afmon_live_facts(const struct afmon_live *live)
{
    afmon_live_info info;
    afmon_live_look(live, &info);
    bool writes = live->sessions.living > 0; /* as a view has it */
    size_t known = live->sessions.living > AFMON_LIVING_MAX ? AFMON_LIVING_MAX : live->sessions.living;
    return (struct afmon_model_facts){.log = &live->run_log,
                                      .file_count = info.file_count,
                                      .unreadable_lines = info.problem_count,
                                      .live = writes,
                                      .living = live->sessions.serials,
                                      .living_count = known,
                                      .living_left_out = live->sessions.living > known,
                                      .stalled = writes && info.state == AFMON_LIVE_STALLED && !live->stands_still,
                                      .now_ns = info.now_ns};
}

afmon_status afmon_live_summarize(afmon_live *live, afmon_run_summary **summary, afmon_error *error)
{
    if (summary == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a summary needs a place");
    *summary = NULL;
    if (live == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no follower was given");
    if (live->model == NULL) /* begun anew, and nothing read yet */
        return afmon_fail_memory(error);
    if (live->sessions.living == 0)
        settle_all(live);
    struct afmon_model_facts facts = afmon_live_facts(live);
    afmon_budget budget;
    bool found;
    if (afmon_ledger_look(live->folder, &budget, &found, NULL) == AFMON_OK && found)
        facts.budget = &budget;
    *summary = afmon_model_summarize(live->model, &facts);
    return *summary != NULL ? AFMON_OK : afmon_fail_memory(error);
}

void afmon_live_each_outcome(const afmon_live *live, afmon_outcome_visit visit, void *user)
{
    if (live->model != NULL)
        afmon_model_each_outcome(live->model, visit, user);
}

struct afmon_meters *afmon_live_meters(afmon_live *live)
{
    return live->meters;
}

struct afmon_meters *afmon_live_take_meters(afmon_live *live)
{
    struct afmon_meters *meters = live->meters;
    if (meters != NULL)
        afmon_live_settle_calls(live);
    live->meters = NULL;
    live->options.meters = false;
    return meters;
}
