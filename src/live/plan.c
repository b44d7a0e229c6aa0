/* How far a run is that says what it means to do. */
#include <math.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "catalog/operations.h"
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

struct work {
    uint64_t done;    /* since the plan was told */
    uint64_t counted; /* in all, for a rate */
    double lately;    /* a second */
};

/* What was made before the plan was told is in its own figure: a resumed run has both in its files. */
static struct work of_kind(const struct afmon_live *live, const struct afmon_run_plan *told,
                           const afmon_live_info *info)
{
    struct work work = {0};
    uint64_t lately;
    int64_t since_ns = afmon_clamp_sub(info->now_ns, afmon_seconds_to_ns(LATELY_S));
    if (!afmon_model_items_since(live->model, told->kind, told->accepted, told->told_ns, &work.done)) {
        work.done = afmon_model_inferred(live->model, told->kind, afmon_live_lately(live, LATELY_S), &work.lately);
        work.counted = work.done;
        return work;
    }
    (void)afmon_model_items_since(live->model, told->kind, told->accepted, INT64_MIN, &work.counted);
    (void)afmon_model_items_since(live->model, told->kind, told->accepted, since_ns, &lately);
    work.lately = (double)lately / LATELY_S;
    return work;
}

static struct work of_operation(const struct afmon_live *live, const struct afmon_run_plan *told)
{
    struct work work = {0};
    const char *kind = afmon_item_kind_of(told->operation, told->operation_length);
    work.counted = afmon_model_done(live->model, told->operation, told->operation_length,
                                    afmon_live_lately(live, LATELY_S), &work.lately);
    if (kind == NULL || !afmon_model_items_since(live->model, kind, false, told->told_ns, &work.done))
        work.done = work.counted;
    return work;
}

void afmon_live_get_plan(const afmon_live *live, afmon_live_plan *plan)
{
    const struct afmon_run_plan *told = &live->run_log.plan;
    afmon_live_info info;
    *plan = (afmon_live_plan){.known = told->known, .planned = told->total, .eta_s = (double)NAN};
    if (!told->known || live->model == NULL)
        return;
    afmon_live_look(live, &info);
    const struct work work = told->kind[0] != '\0' ? of_kind(live, told, &info) : of_operation(live, told);
    plan->done = told->done + work.done;
    plan->per_s = rate_of(&info, work.counted, work.lately);
    uint64_t left = plan->planned > plan->done ? plan->planned - plan->done : 0;
    if (left == 0)
        plan->eta_s = 0;
    else if (plan->per_s > 0 && info.state != AFMON_LIVE_ENDED)
        plan->eta_s = (double)left / plan->per_s;
}
