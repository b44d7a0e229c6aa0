/* What the run comes to so far. */
#include "base/status.h"
#include "live/live.h"
#include "live/live_internal.h"

afmon_status afmon_live_summarize(afmon_live *live, afmon_run_summary **summary, afmon_error *error)
{
    if (summary == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a summary needs a place");
    *summary = NULL;
    if (live == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no follower was given");
    if (live->tally == NULL) /* begun anew, and nothing read yet */
        return afmon_fail_memory(error);
    afmon_live_info info;
    afmon_live_look(live, &info);
    struct afmon_run_facts facts = {.metric_count = info.metric_count,
                                    .file_count = info.file_count,
                                    .problem_count = info.problem_count,
                                    .recovered = info.recovered,
                                    .dropped = live->dropped,
                                    .live = !live->options.replay && live->sessions.living > 0};
    *summary = afmon_run_tally_read(live->tally, &facts);
    return *summary != NULL ? AFMON_OK : afmon_fail_memory(error);
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
