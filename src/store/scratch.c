#include "store/scratch.h"

#include <stdlib.h>

/* More than this is not kept. */
#define KEPT_BYTES ((size_t)1 << 20)

struct afmon_scratch *afmon_scratch_take(struct afmon_store *store)
{
    struct afmon_scratch *scratch = atomic_exchange(&store->scratch, NULL);
    if (scratch != NULL)
        return scratch;
    scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL)
        return NULL;
    scratch->search = afmon_search_new();
    if (scratch->search == NULL) {
        free(scratch);
        return NULL;
    }
    return scratch;
}

void afmon_scratch_free(struct afmon_scratch *scratch)
{
    if (scratch == NULL)
        return;
    afmon_values_free(&scratch->values);
    afmon_search_free(scratch->search);
    free(scratch);
}

void afmon_scratch_give_back(struct afmon_store *store, struct afmon_scratch *scratch)
{
    size_t bytes = afmon_search_bytes(scratch->search) + scratch->values.capacity * sizeof *scratch->values.values;
    struct afmon_scratch *none = NULL;
    scratch->values.count = 0;
    if (bytes > KEPT_BYTES || !atomic_compare_exchange_strong(&store->scratch, &none, scratch))
        afmon_scratch_free(scratch);
}
