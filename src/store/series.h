/* A series from the inside: sealed chunks with their summaries, the chunk that grows, what has left memory. */
#ifndef AFMON_STORE_SERIES_H
#define AFMON_STORE_SERIES_H

#include "store/chunk.h"
#include "store/index.h"
#include "store/shared_sketch.h"
#include "store/summary.h"
#include "store/tokens.h"

/* A chunk of a series. Times are wall times of its first `count` samples. */
struct afmon_entry {
    struct afmon_chunk *chunk;
    struct afmon_checkpoint *checkpoint; /* of the index at the chunk's start; NULL: none was taken */
    struct afmon_summary summary;
    int64_t min_us;
    int64_t max_us;
    int64_t wall_delta_us;
    uint32_t count;
    bool indexed; /* its values are in the index */
};

/* What a series with many samples keeps besides: the index, and the state of the growing chunk, in which the first
 * `flushed` samples are summed up and in the index. */
struct afmon_running {
    struct afmon_index *index;           /* NULL: no memory for it; questions then look at every value */
    struct afmon_checkpoint *checkpoint; /* of the growing chunk */
    uint64_t since_checkpoint;           /* samples sealed since the last one was taken */
    struct afmon_summary summary;
    int64_t min_us;
    int64_t max_us;
    uint32_t flushed;
};

/* Samples that are no longer in memory: they are the first ones of their series. */
struct afmon_evicted {
    uint64_t count;
    int64_t min_us; /* of their wall times */
    int64_t max_us;
    int64_t latest_steady_us;
    struct afmon_shared_sketch *sketch; /* of their values; NULL: empty */
};

struct afmon_series_data {
    struct afmon_series public;       /* must be first */
    struct afmon_chunk *growing;      /* NULL: none */
    const struct afmon_set *last_set; /* of the growing chunk's last sample */
    double *last_tokens;              /* what that one was added to */
    struct afmon_entry *entries;      /* the sealed ones are first_entry..end_entry - 1 */
    uint32_t first_entry;
    uint32_t end_entry;
    uint32_t entry_capacity;
    uint16_t last_set_index;
    uint8_t token_kind;
    bool derived;                  /* tracked calls derive its name: its bare samples are marked */
    bool has_bare;                 /* of such a name: marked samples were among them */
    bool has_tracked;              /* likewise: others */
    int64_t wall_delta_us;         /* of the growing chunk */
    struct afmon_running *running; /* NULL until a chunk was full */
    struct afmon_summary settled;  /* of all samples that are not in the growing chunk */
    struct afmon_evicted evicted;
};

struct afmon_store;

/* What malloc adds to a piece of memory, about. */
#define AFMON_STORE_MALLOC_BYTES 16

static inline size_t afmon_chunk_cost(const struct afmon_chunk *chunk)
{
    return chunk->bytes + AFMON_STORE_MALLOC_BYTES;
}

static inline size_t afmon_checkpoint_cost(const struct afmon_checkpoint *checkpoint)
{
    return checkpoint == NULL ? 0 : afmon_checkpoint_bytes(checkpoint) + AFMON_STORE_MALLOC_BYTES;
}

/* Widens a span of times by another one; the first one is taken as it is. */
static inline void afmon_widen_times(int64_t *min_us, int64_t *max_us, bool first, int64_t low, int64_t high)
{
    *min_us = first || low < *min_us ? low : *min_us;
    *max_us = first || high > *max_us ? high : *max_us;
}

/* All of these: owner only, under the lock. */

/* A series with nothing in it; NULL: no memory. bytes: what it takes. */
struct afmon_series_data *afmon_series_new(const char *name, size_t length, uint32_t index, size_t *bytes);
void afmon_series_free(struct afmon_series_data *series);

void afmon_series_push(struct afmon_store *store, struct afmon_series_data *series,
                       const struct afmon_store_sample *sample);

/* Ends the growing chunk (if there is one). False: no memory, nothing has changed. */
bool afmon_series_seal(struct afmon_store *store, struct afmon_series_data *series);

/* Takes the oldest sealed chunk, which there is, out of memory. sketch: with its values, or NULL where there was no
 * memory for one. */
void afmon_series_forget(struct afmon_store *store, struct afmon_series_data *series,
                         struct afmon_shared_sketch *sketch);

/* In want of memory: takes all samples of the series out of it. */
void afmon_series_forget_all(struct afmon_store *store, struct afmon_series_data *series);

/* A sample that cannot be kept in memory counts as evicted. All before it must be evicted, too, for evicted samples are
 * the first ones of their series. */
void afmon_series_lose(struct afmon_store *store, struct afmon_series_data *series,
                       const struct afmon_store_sample *sample);

/* Goes on without an index; series->running is there. */
void afmon_series_drop_index(struct afmon_store *store, struct afmon_series_data *series);

/* Under the lock, any thread: */

/* True where marked samples and others are in it: then the marked ones count only where a window has none of the
 * others. */
static inline bool afmon_series_is_mixed(const struct afmon_series_data *series)
{
    return series->has_bare && series->has_tracked;
}

/* Describes the growing chunk, which there is, as if it were sealed now. */
void afmon_series_growing(const struct afmon_series_data *series, struct afmon_entry *entry);

/* All samples that the series ever got, those that are not finite included. */
uint64_t afmon_series_total(const struct afmon_series_data *series);

/* The summary of all of them. */
void afmon_series_all_time(const struct afmon_series_data *series, struct afmon_summary *summary);

#endif
