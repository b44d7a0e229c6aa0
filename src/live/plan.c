/* How far a run is that says what it means to do. */
#include <math.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "catalog/operations.h"
#include "live/live_internal.h"
#include "model/work.h"

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

/* The kind of its items; NULL: none is known. */
static const char *kind_of(const struct afmon_run_plan *told)
{
    return told->kind[0] != '\0' ? told->kind : afmon_item_kind_of(told->operation, told->operation_length);
}

static struct work of_operation(const struct afmon_live *live, const struct afmon_run_plan *told)
{
    struct work work = {0};
    const char *kind = kind_of(told);
    work.counted = afmon_model_done(live->model, told->operation, told->operation_length,
                                    afmon_live_lately(live, LATELY_S), &work.lately);
    if (kind == NULL || !afmon_model_items_since(live->model, kind, false, told->told_ns, &work.done))
        work.done = work.counted;
    return work;
}

/* ---- The time that it takes yet ---- */

#define REFRESH_NS AFMON_NS_PER_S
#define COST_TIMES 100 /* what took long to tell is told again after so many times that */

static void wait_for(const struct afmon_work_items *items, int64_t now_ns, struct afmon_live_left *left)
{
    left->open = items->open_count;
    left->oldest_s = items->open_count > 0 ? fmax(0, afmon_seconds_between(items->oldest_ns, now_ns)) : (double)NAN;
}

static bool tell(const struct afmon_live *live, uint64_t missing, int64_t now_ns, struct afmon_live_left *left)
{
    const struct afmon_run_plan *told = &live->run_log.plan;
    const struct afmon_model_facts facts = afmon_live_facts(live);
    struct afmon_work_items items;
    if (!afmon_model_work(live->model, &facts, kind_of(told), told->accepted, &items))
        return false;
    const struct afmon_work work = {
        .made = items.made,
        .made_count = items.made_count,
        .open_ns = items.open_ns,
        .open_count = items.open_count,
        .sessions_ns = items.sessions_ns,
        .session_count = items.session_count,
        .left = missing,
        .now_ns = now_ns,
    };
    bool ok = afmon_time_left(&work, &left->time);
    wait_for(&items, now_ns, left);
    afmon_work_items_free(&items);
    return ok;
}

/* The same for a second, whoever asks. False: no memory. */
static bool left_of(const struct afmon_live *live, uint64_t missing, int64_t now_ns)
{
    struct afmon_live_left *left = live->left;
    int64_t before_ns = afmon_boot_ns();
    const struct afmon_run_plan *told = &live->run_log.plan;
    bool same = left->plan_ns == told->told_ns && left->planned == told->total;
    if (before_ns < left->again_ns && same && isfinite(left->time.p50_s))
        return true;
    if (!tell(live, missing, now_ns, left))
        return false;
    left->plan_ns = told->told_ns;
    left->planned = told->total;
    int64_t cost_ns = COST_TIMES * (afmon_boot_ns() - before_ns);
    left->again_ns = before_ns + (cost_ns > REFRESH_NS ? cost_ns : REFRESH_NS);
    return true;
}

/* By the items; where the run tells of none, in proportion to what was made. */
static void say_left(const struct afmon_live *live, uint64_t missing, int64_t now_ns, afmon_live_plan *plan)
{
    if (plan->per_s > 0)
        plan->eta_s = (double)missing / plan->per_s;
    if (kind_of(&live->run_log.plan) == NULL || !left_of(live, missing, now_ns))
        return;
    plan->open = live->left->open;
    plan->oldest_s = live->left->oldest_s;
    if (!isfinite(live->left->time.p50_s))
        return;
    plan->eta_p10_s = live->left->time.p10_s;
    plan->eta_s = live->left->time.p50_s;
    plan->eta_p90_s = live->left->time.p90_s;
}

void afmon_live_get_plan(const afmon_live *live, afmon_live_plan *plan)
{
    const struct afmon_run_plan *told = &live->run_log.plan;
    const double nan = (double)NAN;
    afmon_live_info info;
    *plan = (afmon_live_plan){.known = told->known,
                              .planned = told->total,
                              .eta_s = nan,
                              .eta_p10_s = nan,
                              .eta_p90_s = nan,
                              .oldest_s = nan};
    if (!told->known || live->model == NULL)
        return;
    afmon_live_look(live, &info);
    const struct work work = told->kind[0] != '\0' ? of_kind(live, told, &info) : of_operation(live, told);
    plan->done = told->done + work.done;
    plan->per_s = rate_of(&info, work.counted, work.lately);
    uint64_t left = plan->planned > plan->done ? plan->planned - plan->done : 0;
    if (left == 0)
        plan->eta_s = plan->eta_p10_s = plan->eta_p90_s = 0;
    else if (info.state != AFMON_LIVE_ENDED)
        say_left(live, left, info.now_ns, plan);
}
