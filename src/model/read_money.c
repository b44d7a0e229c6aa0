/* What a run cost, and what it will have cost at the end of its plan. */
#include <math.h>
#include <string.h>

#include "catalog/operations.h"
#include "model/model_internal.h"

/* NULL: the plan is of pieces of work that make no item. */
static const char *planned_kind(const struct afmon_run_plan *plan)
{
    return plan->kind[0] != '\0' ? plan->kind : afmon_item_kind_of(plan->operation, plan->operation_length);
}

static const afmon_item_summary *items_of(const afmon_run_summary *summary, const char *kind)
{
    for (size_t i = 0; kind != NULL && i < summary->item_count; i++)
        if (strcmp(summary->items[i].kind, kind) == 0)
            return &summary->items[i];
    return NULL;
}

/* What was made before the plan was told is in its own figure: a resumed run has both in its files. */
static uint64_t items_left(const struct afmon_model *model, const struct afmon_run_plan *plan,
                           const afmon_item_summary *items)
{
    uint64_t done;
    if (!afmon_model_items_since(model, items->kind, plan->accepted, plan->told_ns, &done))
        done = plan->accepted ? items->accepted : items->finished;
    done += plan->done;
    return plan->total > done ? plan->total - done : 0;
}

static double zero_or(double value)
{
    return isnan(value) ? 0 : value;
}

/* What open items cost by now is no price of one, and is not spent twice: they are among those that are missing. What
 * calls cost that name no item is shared out; items of other kinds are no part of the plan. */
static void project(const struct afmon_run_summary *summary, const afmon_item_summary *items, bool accepted,
                    afmon_cost_summary *cost)
{
    uint64_t counted = accepted ? items->accepted : items->finished;
    double open = zero_or(items->cost_usd - items->accepted_cost_usd - items->wasted_cost_usd);
    double others = 0;
    for (size_t i = 0; i < summary->item_count; i++)
        others += &summary->items[i] != items ? zero_or(summary->items[i].cost_usd) : 0;
    if (counted > 0)
        cost->projected_usd =
            cost->total_usd - open + (cost->total_usd - open - others) / (double)counted * (double)cost->items_left;
    if (cost->items_left == 0)
        cost->projected_usd = cost->total_usd;
}

void afmon_read_money(const struct afmon_model_reading *reading)
{
    const struct afmon_model *model = reading->model;
    const struct afmon_run_log *log = reading->facts->log;
    afmon_run_summary *summary = reading->summary;
    summary->has_budget = reading->facts->budget != NULL;
    if (summary->has_budget)
        summary->budget = *reading->facts->budget;
    summary->cost_known = model->priced > 0 || summary->has_budget || (log != NULL && log->has_prices);
    summary->cost = (afmon_cost_summary){.priced_calls = model->priced,
                                         .unpriced_calls = model->unjoined ? 0 : model->unpriced,
                                         .unpriced_tokens = model->unjoined ? 0 : model->unpriced_tokens,
                                         .total_usd = afmon_read_cost(&model->cost, model->priced),
                                         .projected_usd = (double)NAN};
    const struct afmon_run_plan *plan = log != NULL && log->plan.known ? &log->plan : NULL;
    const afmon_item_summary *items = plan != NULL ? items_of(summary, planned_kind(plan)) : NULL;
    if (items == NULL || model->priced == 0)
        return;
    summary->cost.items_left = items_left(model, plan, items);
    project(summary, items, plan->accepted, &summary->cost);
}
