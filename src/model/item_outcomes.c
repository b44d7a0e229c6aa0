#include "model/item_outcomes.h"

#include "catalog/metrics.h"
#include "model/model_internal.h"

static void each(const struct afmon_model_items *items, afmon_outcome_visit visit, void *user)
{
    for (uint32_t i = 0; i < items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&items->items, i);
        if (afmon_model_item_has_outcome(item))
            visit(user, item->ended_ns, (enum afmon_item_outcome)item->outcome);
    }
}

void afmon_model_each_outcome(const struct afmon_model *model, afmon_outcome_visit visit, void *user)
{
    each(&model->items, visit, user);
}

static const struct afmon_sketch_limits times_are_not_wanted = {.exact_max = 1};

static int take(void *user, const afmon_sample *sample)
{
    struct afmon_model_items *items = user;
    struct afmon_sample_facts facts;
    afmon_sample_look(sample, &facts);
    struct afmon_item_sample of = {.facts = &facts, .time_ns = sample->timestamp_ns, .value = sample->value};
    char digits[24];
    (void)afmon_item_id_find(sample->fields, sample->field_count, &of.id, digits); /* else it is among the facts */
    return !(facts.kind == AFMON_METRIC_ITEM_TIME ? afmon_model_item_ended(items, &of, &times_are_not_wanted)
                                                  : afmon_model_item_started(items, &of));
}

afmon_status afmon_view_each_outcome(afmon_view *view, afmon_window window, afmon_outcome_visit visit, void *user)
{
    static const enum afmon_metric_id metrics[] = {AFMON_METRIC_ITEM_STARTED, AFMON_METRIC_ITEM_TIME};
    struct afmon_model_items items;
    afmon_status status = AFMON_OK;
    afmon_model_items_init(&items, 0);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0] && status == AFMON_OK; i++)
        status = afmon_view_each(view, afmon_metric_name(metrics[i]), window, take, &items);
    if (status == AFMON_OK)
        each(&items, visit, user);
    afmon_model_items_free(&items, &times_are_not_wanted);
    return status == AFMON_E_CANCELLED ? AFMON_E_NO_MEMORY : status; /* what stops it */
}
