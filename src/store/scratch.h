/* The memory that a question works in. The last one that was used is kept in the store: to get it from the system anew
 * would take longer than the answer. */
#ifndef AFMON_STORE_SCRATCH_H
#define AFMON_STORE_SCRATCH_H

#include "store/index_search.h"
#include "store/store_internal.h"
#include "store/window.h"

struct afmon_scratch {
    struct afmon_values values;
    struct afmon_search *search;
};

/* NULL: no memory. values is empty. Any thread. */
struct afmon_scratch *afmon_scratch_take(struct afmon_store *store);
void afmon_scratch_give_back(struct afmon_store *store, struct afmon_scratch *scratch);

void afmon_scratch_free(struct afmon_scratch *scratch); /* NULL is fine */

#endif
