/* How samples leave memory: what stays of them are their sums, their sketch, and the run's files. */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

static void free_checkpoint(struct afmon_store *store, struct afmon_checkpoint **checkpoint)
{
    store->bytes -= afmon_checkpoint_cost(*checkpoint);
    free(*checkpoint);
    *checkpoint = NULL;
}

void afmon_series_drop_index(struct afmon_store *store, struct afmon_series_data *series)
{
    struct afmon_running *running = series->running;
    store->bytes -= afmon_index_bytes(running->index);
    afmon_index_free(running->index);
    running->index = NULL;
    free_checkpoint(store, &running->checkpoint);
    for (uint32_t i = series->first_entry; i < series->end_entry; i++) {
        series->entries[i].indexed = false;
        free_checkpoint(store, &series->entries[i].checkpoint);
    }
}

static void forget_in_index(struct afmon_store *store, struct afmon_series_data *series)
{
    const struct afmon_entry *entry = &series->entries[series->first_entry];
    if (!entry->indexed)
        return;
    struct afmon_running *running = series->running;
    size_t before = afmon_index_bytes(running->index);
    bool last = series->first_entry + 1 == series->end_entry;
    const struct afmon_checkpoint *next =
        last ? running->checkpoint : series->entries[series->first_entry + 1].checkpoint;
    if (next != NULL || (last && series->growing == NULL))
        afmon_index_remove_before(running->index, next);
    else
        afmon_index_remove_oldest(running->index, entry->chunk->values, entry->count);
    store->bytes += afmon_index_bytes(running->index);
    store->bytes -= before;
}

static void note_evicted(struct afmon_store *store, struct afmon_evicted *evicted, int64_t min_us, int64_t max_us,
                         int64_t wall_delta_us, uint64_t count)
{
    int64_t steady_us = max_us - wall_delta_us;
    afmon_widen_times(&evicted->min_us, &evicted->max_us, evicted->count == 0, min_us, max_us);
    evicted->latest_steady_us = steady_us > evicted->latest_steady_us ? steady_us : evicted->latest_steady_us;
    evicted->count += count;
    store->evicted += count;
}

static void swap_sketch(struct afmon_store *store, struct afmon_evicted *evicted, struct afmon_shared_sketch *sketch)
{
    if (sketch == NULL)
        return;
    size_t before = afmon_shared_sketch_bytes(evicted->sketch);
    afmon_shared_sketch_release(evicted->sketch);
    evicted->sketch = sketch;
    store->bytes += afmon_shared_sketch_bytes(sketch) - before;
    store->fixed_bytes += afmon_shared_sketch_bytes(sketch) - before;
}

static void resize_entries(struct afmon_store *store, struct afmon_series_data *series, uint32_t capacity)
{
    struct afmon_entry *entries = NULL;
    if (capacity == 0)
        free(series->entries);
    else
        entries = realloc(series->entries, capacity * sizeof *entries);
    if (entries == NULL && capacity > 0)
        return; /* it stays larger than it need be */
    store->bytes -= (series->entry_capacity - capacity) * sizeof *entries;
    series->entries = entries;
    series->entry_capacity = capacity;
}

/* Closes the gap at the front of the entries, now and then, and gives back what they have too much of. */
static void drop_first_entry(struct afmon_store *store, struct afmon_series_data *series)
{
    series->first_entry++;
    uint32_t left = series->end_entry - series->first_entry;
    if (left > 0 && series->first_entry < left / 4)
        return;
    if (left > 0)
        memmove(series->entries, series->entries + series->first_entry, left * sizeof *series->entries);
    series->first_entry = 0;
    series->end_entry = left;
    if (left == 0 || series->entry_capacity / 2 > left)
        resize_entries(store, series, left);
}

void afmon_series_forget(struct afmon_store *store, struct afmon_series_data *series,
                         struct afmon_shared_sketch *sketch)
{
    struct afmon_entry *entry = &series->entries[series->first_entry];
    forget_in_index(store, series);
    note_evicted(store, &series->evicted, entry->min_us, entry->max_us, entry->wall_delta_us, entry->count);
    swap_sketch(store, &series->evicted, sketch);
    free_checkpoint(store, &entry->checkpoint);
    afmon_queue_remove(&store->sealed, entry->chunk);
    store->bytes -= afmon_chunk_cost(entry->chunk);
    afmon_chunk_release(entry->chunk);
    drop_first_entry(store, series);
}

/* Without sealing it: that would need memory. */
static void forget_growing(struct afmon_store *store, struct afmon_series_data *series)
{
    struct afmon_entry entry;
    afmon_series_growing(series, &entry);
    if (series->running != NULL) {
        afmon_series_drop_index(store, series);
        *series->running = (struct afmon_running){0};
    }
    afmon_summary_merge(&series->settled, &entry.summary);
    note_evicted(store, &series->evicted, entry.min_us, entry.max_us, entry.wall_delta_us, entry.count);
    swap_sketch(store, &series->evicted,
                afmon_shared_sketch_with(series->evicted.sketch, entry.chunk->values, entry.count));
    afmon_queue_remove(&store->growing, entry.chunk);
    store->bytes -= afmon_chunk_cost(entry.chunk);
    series->growing = NULL;
    afmon_chunk_release(entry.chunk);
}

void afmon_series_forget_all(struct afmon_store *store, struct afmon_series_data *series)
{
    while (series->first_entry < series->end_entry) {
        const struct afmon_entry *entry = &series->entries[series->first_entry];
        afmon_series_forget(store, series,
                            afmon_shared_sketch_with(series->evicted.sketch, entry->chunk->values, entry->count));
    }
    if (series->growing != NULL)
        forget_growing(store, series);
}

void afmon_series_lose(struct afmon_store *store, struct afmon_series_data *series,
                       const struct afmon_store_sample *sample)
{
    store->lost++;
    afmon_summary_add(&series->settled, sample->value);
    note_evicted(store, &series->evicted, sample->wall_us, sample->wall_us, store->wall_delta_us, 1);
    if (series->token_kind != AFMON_TOKENS_NONE)
        *afmon_tokens_of(&store->tokens, sample->set, (enum afmon_token_kind)series->token_kind) +=
            afmon_tokens_counted(sample->value);
    swap_sketch(store, &series->evicted, afmon_shared_sketch_with(series->evicted.sketch, &sample->value, 1));
}
