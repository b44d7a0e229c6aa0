/* What became of the items of a run: a row for each that is finished. */
#ifndef AFMON_COMPARE_OUTCOMES_H
#define AFMON_COMPARE_OUTCOMES_H

#include "compare/gather.h"
#include "model/items.h"

/* Where the names stand in the groups of a row. Its value is the number of the outcome (enum afmon_item_outcome). */
enum { AFMON_OUTCOME_KIND, AFMON_OUTCOME_REASON, AFMON_OUTCOME_ERROR };

/* Adds the rows, by item_started and item_time: an item's latest outcome counts, and none that is made again. */
afmon_status afmon_gather_outcomes(struct afmon_gatherer *gatherer, struct afmon_compare_rows *rows,
                                   afmon_error *error);

#endif
