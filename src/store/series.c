#include "store/series.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/bare.h"
#include "catalog/lines.h"
#include "store/batch.h"
#include "base/order.h"
#include "store/store_internal.h"

/* Samples of a growing chunk are summed up and put into the index so many at a time. */
#define FLUSH_SAMPLES 256

/* ---- Life ---- */

static size_t name_limit(size_t length)
{
    return length * 6 + 64; /* every byte escaped, and the words around it */
}

struct afmon_series_data *afmon_series_new(const char *name, size_t length, uint32_t index, size_t *bytes)
{
    struct afmon_buffer prefix;
    afmon_buffer_init(&prefix, name_limit(length));
    afmon_line_prefix(&prefix, name, length);
    *bytes = sizeof(struct afmon_series_data) + length + 1 + prefix.length;
    struct afmon_series_data *series = prefix.failed ? NULL : malloc(*bytes);
    if (series == NULL) {
        afmon_buffer_free(&prefix);
        return NULL;
    }
    memset(series, 0, sizeof *series);
    char *text = (char *)(series + 1);
    if (length > 0)
        memcpy(text, name, length);
    text[length] = '\0';
    memcpy(text + length + 1, prefix.data, prefix.length);
    series->public = (struct afmon_series){.name = text,
                                           .name_length = length,
                                           .prefix = text + length + 1,
                                           .prefix_length = prefix.length,
                                           .index = index};
    series->token_kind = (uint8_t)afmon_token_kind_of(name, length);
    series->derived = afmon_metric_is_derived(name, length);
    series->evicted.latest_steady_us = INT64_MIN;
    afmon_buffer_free(&prefix);
    return series;
}

void afmon_series_free(struct afmon_series_data *series)
{
    if (series->running != NULL) {
        afmon_index_free(series->running->index);
        free(series->running->checkpoint);
        free(series->running);
    }
    for (uint32_t i = series->first_entry; i < series->end_entry; i++) {
        afmon_chunk_release(series->entries[i].chunk);
        free(series->entries[i].checkpoint);
    }
    free(series->entries);
    afmon_chunk_release(series->growing);
    afmon_shared_sketch_release(series->evicted.sketch);
    free(series);
}

/* ---- The index ---- */

static bool add_to_index(struct afmon_store *store, struct afmon_series_data *series, const double *values,
                         size_t count)
{
    struct afmon_index *index = series->running->index;
    if (index == NULL)
        return false;
    size_t before = afmon_index_bytes(index);
    bool added = afmon_index_add(index, values, count);
    store->bytes += afmon_index_bytes(index) - before;
    if (!added)
        afmon_series_drop_index(store, series);
    return added;
}

static bool make_running(struct afmon_store *store, struct afmon_series_data *series)
{
    if (series->running != NULL)
        return true;
    series->running = calloc(1, sizeof *series->running);
    if (series->running == NULL)
        return false;
    store->bytes += sizeof *series->running + AFMON_STORE_MALLOC_BYTES;
    return true;
}

static uint64_t sealed_samples(const struct afmon_series_data *series)
{
    uint64_t samples = 0;
    for (uint32_t i = series->first_entry; i < series->end_entry; i++)
        samples += series->entries[i].count;
    return samples;
}

/* Begins an index with the chunk that was sealed just now and, where those are few, the ones before it. */
static void start_index(struct afmon_store *store, struct afmon_series_data *series)
{
    uint64_t samples = sealed_samples(series);
    if (samples < AFMON_CHUNK_SAMPLES || !make_running(store, series) || series->running->index != NULL)
        return;
    series->running->index = afmon_index_new();
    store->bytes += afmon_index_bytes(series->running->index);
    uint32_t from = samples <= (uint64_t)2 * AFMON_CHUNK_SAMPLES ? series->first_entry : series->end_entry - 1;
    for (uint32_t i = from; i < series->end_entry; i++) {
        struct afmon_entry *entry = &series->entries[i];
        if (!add_to_index(store, series, entry->chunk->values, entry->count))
            return;
        entry->indexed = true;
    }
    series->running->since_checkpoint = samples;
}

/* A checkpoint at the start of a chunk, as long as that takes at most 4 bytes for each sample since the last one. */
static void take_checkpoint(struct afmon_store *store, struct afmon_running *running)
{
    if (running == NULL || running->index == NULL ||
        running->since_checkpoint * 4 < afmon_index_checkpoint_bytes(running->index))
        return;
    running->checkpoint = afmon_index_checkpoint(running->index);
    store->bytes += afmon_checkpoint_cost(running->checkpoint);
    if (running->checkpoint != NULL)
        running->since_checkpoint = 0;
}

/* ---- The growing chunk ---- */

static void flush(struct afmon_store *store, struct afmon_series_data *series)
{
    struct afmon_running *running = series->running;
    const struct afmon_chunk *chunk = series->growing;
    if (running == NULL || running->flushed == chunk->count)
        return;
    const double *values = chunk->values + running->flushed;
    size_t count = chunk->count - running->flushed;
    struct afmon_summary summary;
    int64_t low;
    int64_t high;
    afmon_summary_of(&summary, values, count);
    afmon_summary_merge(&running->summary, &summary);
    afmon_chunk_times(chunk, running->flushed, chunk->count, &low, &high);
    afmon_widen_times(&running->min_us, &running->max_us, running->flushed == 0, low, high);
    add_to_index(store, series, values, count);
    running->flushed = chunk->count;
}

/* Room for one more entry; false: no memory. */
static bool reserve_entry(struct afmon_store *store, struct afmon_series_data *series)
{
    if (series->end_entry < series->entry_capacity)
        return true;
    uint32_t capacity = series->entry_capacity + series->entry_capacity / 2 + 1;
    struct afmon_entry *entries = realloc(series->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    store->bytes += (capacity - series->entry_capacity) * sizeof *entries;
    series->entries = entries;
    series->entry_capacity = capacity;
    return true;
}

/* Puts another chunk with the same samples in the place of the growing one. */
static void replace_growing(struct afmon_store *store, struct afmon_series_data *series, struct afmon_chunk *by)
{
    struct afmon_chunk *chunk = series->growing;
    by->series = series;
    afmon_queue_replace(&store->growing, chunk, by);
    store->bytes += afmon_chunk_cost(by);
    store->bytes -= afmon_chunk_cost(chunk);
    series->growing = by;
    afmon_chunk_release(chunk);
}

/* Gives back what a chunk has too much of that takes no more samples. */
static void fit_growing(struct afmon_store *store, struct afmon_series_data *series)
{
    struct afmon_chunk *fitted = afmon_chunk_fitted(series->growing);
    if (fitted != NULL)
        replace_growing(store, series, fitted);
}

static void reset_running(struct afmon_running *running, uint32_t sealed)
{
    if (running == NULL)
        return;
    running->checkpoint = NULL; /* the entry has it */
    running->since_checkpoint += sealed;
    running->summary = (struct afmon_summary){0};
    running->flushed = 0;
}

bool afmon_series_seal(struct afmon_store *store, struct afmon_series_data *series)
{
    if (series->growing == NULL)
        return true;
    if (!reserve_entry(store, series))
        return false;
    fit_growing(store, series);
    flush(store, series);
    struct afmon_entry *entry = &series->entries[series->end_entry++];
    afmon_series_growing(series, entry);
    reset_running(series->running, entry->count);
    afmon_summary_merge(&series->settled, &entry->summary);
    afmon_queue_remove(&store->growing, entry->chunk);
    afmon_queue_add(&store->sealed, entry->chunk);
    series->growing = NULL;
    start_index(store, series);
    return true;
}

/* ---- Appending ---- */

static bool offset_of(const struct afmon_chunk *chunk, int64_t wall_us, int32_t *offset)
{
    int64_t wide;
    if (__builtin_sub_overflow(wall_us, chunk->base_us, &wide) || wide < INT32_MIN || wide > INT32_MAX)
        return false;
    *offset = (int32_t)wide;
    return true;
}

/* A series that fills chunks gets whole ones, with room for as many sets as the last one had. */
static struct afmon_chunk *chunk_after(const struct afmon_series_data *series, const struct afmon_store_sample *first)
{
    struct afmon_chunk_room room = {AFMON_CHUNK_FIRST, 1, first->item.unit != 0, 0};
    if (series->end_entry > series->first_entry) {
        const struct afmon_entry *last = &series->entries[series->end_entry - 1];
        if (last->count >= AFMON_CHUNK_SAMPLES / 2)
            room.samples = AFMON_CHUNK_SAMPLES;
        while (room.sets < last->chunk->set_count && room.sets < room.samples)
            room.sets = afmon_chunk_more_sets(room.sets);
    }
    return afmon_chunk_new(room, first->wall_us);
}

static bool begin_chunk(struct afmon_store *store, struct afmon_series_data *series,
                        const struct afmon_store_sample *first)
{
    struct afmon_chunk *chunk = chunk_after(series, first);
    if (chunk == NULL)
        return false;
    take_checkpoint(store, series->running);
    chunk->series = series;
    series->growing = chunk;
    series->wall_delta_us = store->wall_delta_us;
    store->bytes += afmon_chunk_cost(chunk);
    afmon_queue_add(&store->growing, chunk);
    return true;
}

static bool enlarge(struct afmon_store *store, struct afmon_series_data *series, struct afmon_chunk_room room)
{
    struct afmon_chunk *larger = afmon_chunk_copy(series->growing, room);
    if (larger == NULL)
        return false;
    replace_growing(store, series, larger);
    return true;
}

/* Makes the sample's set the one that last_set and its companions stand for. */
static bool choose_set(struct afmon_store *store, struct afmon_series_data *series, struct afmon_set *set)
{
    int32_t index = afmon_chunk_set(series->growing, set);
    if (index < 0) {
        struct afmon_chunk_room room = afmon_chunk_room(series->growing);
        room.sets = afmon_chunk_more_sets(room.sets);
        if (!enlarge(store, series, room))
            return false;
        index = afmon_chunk_set(series->growing, set);
    }
    series->last_set = set;
    series->last_set_index = (uint16_t)index;
    if (series->derived && set != NULL && set->bare)
        series->has_bare = true;
    else if (series->derived)
        series->has_tracked = true;
    if (series->token_kind == AFMON_TOKENS_NONE)
        return true;
    size_t before = store->tokens.bytes;
    series->last_tokens = afmon_tokens_of(&store->tokens, set, (enum afmon_token_kind)series->token_kind);
    store->bytes += store->tokens.bytes - before;
    store->fixed_bytes += store->tokens.bytes - before;
    return true;
}

/* Brings about that the growing chunk can take the sample. False: no memory. */
static bool prepare(struct afmon_store *store, struct afmon_series_data *series,
                    const struct afmon_store_sample *sample)
{
    int32_t offset;
    struct afmon_chunk *chunk = series->growing;
    bool fits = chunk != NULL && series->wall_delta_us == store->wall_delta_us &&
                offset_of(chunk, sample->wall_us, &offset) && chunk->count < AFMON_CHUNK_SAMPLES &&
                (chunk->items == NULL || afmon_chunk_item(chunk, sample->item) >= 0);
    if (!fits && (!afmon_series_seal(store, series) || !begin_chunk(store, series, sample)))
        return false;
    struct afmon_chunk_room room = afmon_chunk_room(series->growing);
    bool full = series->growing->count == room.samples;
    room.samples *= full ? 2 : 1;
    bool lacks_items = sample->item.unit != 0 && !room.items;
    room.items = room.items || lacks_items;
    if ((full || lacks_items) && !enlarge(store, series, room))
        return false;
    return choose_set(store, series, sample->set);
}

static void put(struct afmon_store *store, struct afmon_series_data *series, double value, int32_t offset, int32_t item)
{
    struct afmon_chunk *chunk = series->growing;
    uint32_t at = chunk->count;
    chunk->values[at] = value;
    chunk->offsets[at] = offset;
    if (chunk->set_index != NULL)
        chunk->set_index[at] = series->last_set_index;
    if (chunk->items != NULL)
        chunk->items[at] = (uint16_t)item;
    if (series->token_kind != AFMON_TOKENS_NONE)
        *series->last_tokens += afmon_tokens_counted(value);
    chunk->count = at + 1;
    if (series->running != NULL && chunk->count - series->running->flushed >= FLUSH_SAMPLES)
        flush(store, series);
    if (chunk->count == AFMON_CHUNK_SAMPLES)
        afmon_series_seal(store, series); /* where that fails the next sample tries again */
}

void afmon_series_push(struct afmon_store *store, struct afmon_series_data *series,
                       const struct afmon_store_sample *sample)
{
    struct afmon_chunk *chunk = series->growing;
    int32_t offset;
    int32_t item = -1;
    store->samples++;
    store->not_finite += afmon_order_is_finite(sample->value) ? 0 : 1;
    if (chunk == NULL || chunk->count == chunk->capacity || sample->set != series->last_set ||
        series->wall_delta_us != store->wall_delta_us || !offset_of(chunk, sample->wall_us, &offset) ||
        (item = sample->item.unit == 0 ? 0 : afmon_chunk_item(chunk, sample->item)) < 0) {
        if (!prepare(store, series, sample)) {
            afmon_series_forget_all(store, series);
            if (!prepare(store, series, sample)) {
                afmon_series_lose(store, series, sample);
                return;
            }
        }
        item = afmon_chunk_item(series->growing, sample->item);
        if (!offset_of(series->growing, sample->wall_us, &offset) || item < 0)
            return; /* cannot be: prepare saw to it */
    }
    put(store, series, sample->value, offset, item);
}
