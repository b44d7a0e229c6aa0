/* The store from the inside. Everything is under the lock, except what only the owner reads and writes. */
#ifndef AFMON_STORE_STORE_INTERNAL_H
#define AFMON_STORE_STORE_INTERNAL_H

#include "store/series.h"
#include "store/store.h"
#include "store/turn.h"

/* Chunks, oldest first, linked through themselves. */
struct afmon_chunk_queue {
    struct afmon_chunk *oldest;
    struct afmon_chunk *newest;
};

struct afmon_series_slot {
    uint32_t hash;
    uint32_t number; /* index + 1; 0: free */
};

struct afmon_scratch;

struct afmon_store {
    _Atomic unsigned references;
    struct afmon_turn turn;
    size_t max_memory;
    struct afmon_sets *sets;         /* owner only */
    size_t sets_bytes;               /* as the owner saw them last */
    struct afmon_item_ids *item_ids; /* owner only; NULL: no sample is of an item */
    size_t item_bytes;               /* as sets_bytes */
    size_t bytes;                    /* of all but the sets */
    size_t fixed_bytes;              /* of them: what eviction cannot give back (names, tables, sketches) */
    int64_t wall_delta_us;
    struct afmon_series_data **series; /* in order of creation */
    size_t series_count;
    size_t series_capacity;
    struct afmon_series_slot *slots; /* open addressing, a power of two */
    size_t slot_count;
    uint64_t seed;
    struct afmon_chunk_queue sealed;
    struct afmon_chunk_queue growing;
    struct afmon_tokens tokens;
    _Atomic(struct afmon_scratch *) scratch; /* memory that one question leaves for the next; NULL: none, or in use */
    uint64_t samples;
    uint64_t evicted;
    uint64_t lost;
    uint64_t not_finite;
};

/* Under the lock, any thread. NULL: there is no such series. */
struct afmon_series_data *afmon_store_find(const struct afmon_store *store, const char *name, size_t length);

void afmon_queue_add(struct afmon_chunk_queue *queue, struct afmon_chunk *chunk);
void afmon_queue_remove(struct afmon_chunk_queue *queue, struct afmon_chunk *chunk);
void afmon_queue_replace(struct afmon_chunk_queue *queue, struct afmon_chunk *chunk, struct afmon_chunk *by);

/* Owner, holding the lock (which it leaves now and then): takes chunks out of memory until the store is within its
 * bound. */
void afmon_store_evict(struct afmon_store *store);

#endif
