/* Keeping a store within its bound: the oldest sealed chunk of all goes first. */
#include "store/store_internal.h"

/* Names and sketches cannot be given back. Where they alone come near the bound, an eighth of it is left for samples
 * all the same: else every sample would be evicted at once, at many times the cost. */
static bool is_over(const struct afmon_store *store)
{
    size_t least = store->fixed_bytes + store->max_memory / 8;
    size_t limit = store->max_memory > least ? store->max_memory : least;
    return store->bytes + store->sets_bytes + store->item_bytes > limit;
}

/* The chunk that goes next, sealed; NULL: there is none, or no memory to seal one. */
static struct afmon_chunk *next_to_go(struct afmon_store *store)
{
    struct afmon_chunk *growing = store->growing.oldest;
    if (store->sealed.oldest == NULL && growing != NULL && !afmon_series_seal(store, growing->series))
        afmon_series_forget_all(store, growing->series);
    return store->sealed.oldest;
}

/* The sketch is made without the lock: only the owner changes what it is made from. */
static void evict_chunk(struct afmon_store *store, const struct afmon_chunk *chunk)
{
    struct afmon_series_data *series = chunk->series;
    afmon_turn_leave(&store->turn);
    struct afmon_shared_sketch *sketch = afmon_shared_sketch_with(series->evicted.sketch, chunk->values, chunk->count);
    afmon_turn_take(&store->turn);
    afmon_series_forget(store, series, sketch);
}

static void sweep(struct afmon_store *store)
{
    size_t freed = afmon_sets_sweep(store->sets);
    store->sets_bytes = freed > 0 ? afmon_sets_bytes(store->sets) : store->sets_bytes;
    if (store->item_ids == NULL)
        return;
    afmon_item_ids_sweep(store->item_ids);
    store->item_bytes = afmon_item_ids_bytes(store->item_ids);
}

void afmon_store_evict(struct afmon_store *store)
{
    while (is_over(store)) {
        if (store->sealed.oldest == NULL && store->growing.oldest == NULL)
            return;
        const struct afmon_chunk *chunk = next_to_go(store);
        if (chunk != NULL)
            evict_chunk(store, chunk);
        sweep(store);
        afmon_turn_give_way(&store->turn);
    }
}
