/* Items as they are given: whether they are wanted, and copies that outlive what they were made of. */
#ifndef AFMON_ITEMS_FOUND_H
#define AFMON_ITEMS_FOUND_H

#include "items/held.h"

/* Fits all that the query says, but for the number of slowest ones and the cursor. */
bool afmon_item_fits(const afmon_item_query *query, const struct afmon_held_item *item, afmon_item_state state);

/* Memory that one item after the other is made in. Zeroed to begin with. */
struct afmon_item_made {
    afmon_found_item item;
    afmon_item_call *calls;
    size_t capacity;
};

/* Its texts are the held item's. every_life: with the calls of all its lives. False: no memory. */
bool afmon_item_make(struct afmon_item_made *found, const struct afmon_held_item *item, afmon_item_state state,
                     bool every_life);
void afmon_item_made_free(struct afmon_item_made *found);

/* A copy with texts of its own, without the text of the data set; free() it. NULL: no memory. */
afmon_found_item *afmon_item_copy(const afmon_found_item *item);

#endif
