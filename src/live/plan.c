/* How far a run is that says what it means to do. */
#include <math.h>

#include "base/clamp.h"
#include "live/live_internal.h"

#define LATELY_S 60.0
#define FEW 20 /* calls, of which a rate is not yet told */

/* Calls a second: of the last minute, or of the whole run where that is shorter or calls are few. */
static double rate_of(const afmon_live_info *info, uint64_t calls, double lately)
{
    double seconds = afmon_seconds_between(info->first_ns, info->now_ns);
    if (lately * LATELY_S < FEW || seconds < LATELY_S)
        return seconds > 0 ? (double)calls / seconds : 0;
    return lately;
}

void afmon_live_get_plan(const afmon_live *live, afmon_live_plan *plan)
{
    const struct afmon_run_plan *told = &live->run_log.plan;
    afmon_live_info info;
    *plan = (afmon_live_plan){.known = told->known, .planned = told->total, .eta_s = (double)NAN};
    if (!told->known || live->model == NULL)
        return;
    afmon_live_look(live, &info);
    double lately;
    uint64_t calls = afmon_model_done(live->model, told->operation, told->operation_length,
                                      afmon_live_lately(live, LATELY_S), &lately);
    /* What was made before the plan was told is in its own figure: a resumed run has both in its files. */
    uint64_t finished;
    bool told_items =
        afmon_model_items_since(live->model, told->operation, told->operation_length, told->told_ns, &finished);
    plan->done = told->done + (told_items ? finished : calls);
    plan->per_s = rate_of(&info, calls, lately);
    uint64_t left = plan->planned > plan->done ? plan->planned - plan->done : 0;
    if (left == 0)
        plan->eta_s = 0;
    else if (plan->per_s > 0 && info.state != AFMON_LIVE_ENDED)
        plan->eta_s = (double)left / plan->per_s;
}
