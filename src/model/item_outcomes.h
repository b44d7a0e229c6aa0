/* When items ended, and how: each item once, by its latest outcome. */
#ifndef AFMON_MODEL_ITEM_OUTCOMES_H
#define AFMON_MODEL_ITEM_OUTCOMES_H

#include "model/items.h"

struct afmon_model;

typedef void (*afmon_outcome_visit)(void *user, int64_t ended_ns, enum afmon_item_outcome outcome);

/* In no order. */
void afmon_model_each_outcome(const struct afmon_model *model, afmon_outcome_visit visit, void *user);

/* The same of a window of a view, from the samples that tell of items alone. */
afmon_status afmon_view_each_outcome(afmon_view *view, afmon_window window, afmon_outcome_visit visit, void *user);

#endif
