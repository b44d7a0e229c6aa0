/* A chunk: up to AFMON_CHUNK_SAMPLES samples of one series, in columns, in one piece of memory.
 *
 * Chunks are counted references. The store's owner adds samples; a sample, once added, never changes. Who holds a
 * reference and was told a count under the store's lock reads that many samples without the lock: the owner only writes
 * beyond them. A chunk without room is replaced by a larger copy. */
#ifndef AFMON_STORE_CHUNK_H
#define AFMON_STORE_CHUNK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "catalog/sets.h"
#include "store/item_ids.h"
#include "store/store.h"

struct afmon_series_data;

struct afmon_chunk {
    _Atomic uint32_t references;
    uint32_t count;
    uint32_t capacity;
    uint32_t set_count;
    uint32_t set_capacity; /* with 1 there is no set_index: every sample has sets[0] */
    bool items_fitted;     /* the column of items is one of item_column.h, which takes no more of them */
    int64_t base_us;       /* wall time of the first sample */
    double *values;
    struct afmon_set **sets; /* the different sets of the samples, NULL for no metadata; each referred to once */
    int32_t *offsets;        /* microseconds from base_us */
    uint16_t *set_index;
    uint16_t *set_table;                     /* hash of a chunk with many sets: index + 1, 0 where free; NULL for few */
    uint16_t *items;                         /* where the sample's item id stands; NULL: no sample is of an item */
    struct afmon_item_block *item_blocks[2]; /* in these two; each referred to once */
    size_t bytes;
    /* Of the store's owner, under the lock: the queue that the chunk is in. */
    struct afmon_series_data *series;
    struct afmon_chunk *older;
    struct afmon_chunk *newer;
};

#define AFMON_CHUNK_FIRST 8 /* samples that the first chunk of a series has room for */

/* What a chunk has room for. Capacities are at least 1. */
struct afmon_chunk_room {
    uint32_t samples;
    uint32_t sets;
    bool items;          /* a column for the items of samples */
    size_t fitted_items; /* bytes for what it came to, in its place; of a copy that takes no more samples */
};
static inline struct afmon_chunk_room afmon_chunk_room(const struct afmon_chunk *chunk)
{
    return (struct afmon_chunk_room){chunk->capacity, chunk->set_capacity, chunk->items != NULL, 0};
}

/* An empty chunk with one reference; NULL: no memory. */
struct afmon_chunk *afmon_chunk_new(struct afmon_chunk_room room, int64_t base_us);

/* A chunk with the same samples and other room, which must be enough; it refers to sets and blocks for itself. */
struct afmon_chunk *afmon_chunk_copy(const struct afmon_chunk *chunk, struct afmon_chunk_room room);

/* A copy that takes no more samples, and no more memory than it needs; NULL: that would save too little, or there is no
 * memory. */
struct afmon_chunk *afmon_chunk_fitted(const struct afmon_chunk *chunk);

void afmon_chunk_hold(struct afmon_chunk *chunk);
void afmon_chunk_release(struct afmon_chunk *chunk); /* any thread; NULL is fine */

/* Index of a set in the chunk's list, which it joins where it is new (then the chunk refers to it); -1: no room. */
int32_t afmon_chunk_set(struct afmon_chunk *chunk, struct afmon_set *set);

/* Room for sets that a chunk with too little of it should grow to. */
uint32_t afmon_chunk_more_sets(uint32_t set_capacity);

/* The set of a sample. */
static inline struct afmon_set *afmon_chunk_set_of(const struct afmon_chunk *chunk, size_t index)
{
    return chunk->sets[chunk->set_index == NULL ? 0 : chunk->set_index[index]];
}

/* What the column holds for an item; the chunk refers to its block from then on. 0: there is no item; -1: the chunk has
 * no column, or refers to two other blocks already. */
int32_t afmon_chunk_item(struct afmon_chunk *chunk, struct afmon_item_place item);

/* Where the id of a sample's item stands; unit 0: it is of none. */
struct afmon_item_place afmon_chunk_item_place(const struct afmon_chunk *chunk, size_t index);

/* The id of a sample's item; of length 0 where there is none. */
struct afmon_item_id afmon_chunk_item_of(const struct afmon_chunk *chunk, size_t index);

/* A span of offsets, both ends included; empty where first > last. */
struct afmon_chunk_span {
    int32_t first;
    int32_t last;
};

/* The offsets of a chunk that lie in a span of wall times. */
struct afmon_chunk_span afmon_chunk_span(const struct afmon_chunk *chunk, int64_t since_us, int64_t until_us);

static inline bool afmon_chunk_in_span(const struct afmon_chunk *chunk, struct afmon_chunk_span span, size_t index)
{
    return chunk->offsets[index] >= span.first && chunk->offsets[index] <= span.last;
}

/* Copies those of the first count values whose time lies in the span; out has room for count. Returns how many. */
size_t afmon_chunk_values_in(const struct afmon_chunk *chunk, size_t count, struct afmon_chunk_span span, double *out);

/* Smallest and greatest wall time of the samples from..count-1; from < count. */
void afmon_chunk_times(const struct afmon_chunk *chunk, size_t from, size_t count, int64_t *min_us, int64_t *max_us);

#endif
