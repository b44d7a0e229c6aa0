/* The store: series of samples in columns, bounded in memory.
 *
 * A store has one owner thread, which appends (a monitor's own thread, or a reader of files), and any number of threads
 * that ask. The lock is held for at most some tens of microseconds at a time on either side, and one who asks is let in
 * between two stretches of appending.
 *
 * Times. A sample's wall time is in microseconds, as in the files. A live store also keeps `wall_delta`: how far the
 * system's clock has been set since the monitor opened; steady time = wall time - wall_delta never steps. It is kept a
 * chunk (a chunk is sealed when it changes). Windows of live queries are in steady time, windows of views in wall time.
 * A recorded run has wall_delta 0.
 *
 * Chunks. A series is a list of chunks of up to AFMON_CHUNK_SAMPLES: int32 microseconds from the chunk's base, double
 * values, and, only where the chunk has more than one metadata set, uint16 indexes into the chunk's own list of sets
 * (each referred to once a chunk), and, only where samples of it are of items, uint16 places of their ids. A chunk that
 * is growing starts small and doubles (a new one is made and the old one released, so that a view that holds it stays
 * right). Samples of a chunk never change; a reader that holds a chunk and knows a count may read that many without the
 * lock.
 *
 * Eviction. Where bytes exceed max_memory, sealed chunks leave, oldest first over all series (when none is sealed,
 * growing ones are sealed); their samples remain in the series' all-time summary and quantile sketch, and in the files.
 */
#ifndef AFMON_STORE_STORE_H
#define AFMON_STORE_STORE_H

#include <afmon/afmon.h>

#include "catalog/sets.h"
#include "store/item_ids.h"

#define AFMON_CHUNK_SAMPLES 8192

struct afmon_store;

/* A series of a store; lives as long as the store. What is here never changes, so any thread may read it. */
struct afmon_series {
    const char *name; /* may hold NUL bytes; NUL ended besides */
    size_t name_length;
    const char *prefix; /* afmon_line_prefix of the name */
    size_t prefix_length;
    uint32_t index; /* 0, 1, 2 ... in order of creation */
};

/* One sample on its way in. set: NULL for no metadata; the store takes a reference of its own. */
struct afmon_store_sample {
    struct afmon_series *series;
    struct afmon_set *set;
    double value;
    int64_t wall_us;
    struct afmon_item_place item; /* afmon_store_item; zeroed: the sample is of no item */
};

/* NULL: no memory. The creator holds one reference; views hold further ones. */
struct afmon_store *afmon_store_new(size_t max_memory);
void afmon_store_hold(struct afmon_store *store);
void afmon_store_release(struct afmon_store *store); /* any thread; frees with the last reference */

/* Owner only. Find or make a series (NULL: no memory). Repeated look-ups of the same name are quick (hash; names may be
 * untrusted, the hash is seeded). */
struct afmon_series *afmon_store_series(struct afmon_store *store, const char *name, size_t length);

/* Owner only. The store's table of sets: intern into it with afmon_sets_intern. The store sweeps it when it evicts. */
struct afmon_sets *afmon_store_sets(struct afmon_store *store);

/* Owner only. Where an item's id stands, for samples that are appended before many more ids: the next 64 KiB of them.
 * False: no memory. */
bool afmon_store_item(struct afmon_store *store, const struct afmon_item_id *id, struct afmon_item_place *place);

/* Owner only. From now on appended samples were taken with the system's clock set forward by this much since the
 * beginning. */
void afmon_store_set_wall_delta(struct afmon_store *store, int64_t wall_delta_us);

/* Owner only. Appends samples in order. Where memory is short, what cannot be kept in memory is counted in `lost` of
 * afmon_store_stats and is in the files all the same; totals stay right. */
void afmon_store_append(struct afmon_store *store, const struct afmon_store_sample *samples, size_t count);

/* Of a metric with marked samples and others (catalog/bare.h) all questions look at the others alone, where the window
 * holds any, and cost as much as a filter does; of all time they reach what is in memory (`partial`). */

/* Any thread. The aggregate of the last window_us microseconds of steady time before now_steady_us (INT64_MAX: all
 * time); quantiles too where quantiles is true. At most 50 us for 10 million samples in the window, quantiles included.
 */
afmon_status afmon_store_aggregate(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                   int64_t window_us, bool quantiles, afmon_aggregate *aggregate);
afmon_status afmon_store_quantiles(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                   int64_t window_us, const double *q, size_t count, double *values);

/* What earlier questions of one filter about one metric found in chunks that do not change any more. Begins zeroed;
 * released with afmon_filter_memo_free. */
struct afmon_filter_memo {
    struct afmon_filter_part *parts; /* in the order of the samples */
    size_t count;
    bool mixed; /* they are of a series with marked samples (catalog/bare.h), and without those */
};
void afmon_filter_memo_free(struct afmon_filter_memo *memo);

/* Any thread; one at a time with the same memo. The same over those samples of the window whose metadata set (NULL:
 * none) is wanted: the cost is that of the window's samples, and one call of wants a set and chunk, from the caller's
 * thread. With a memo (NULL: none), and without a quantile, it is that of the samples that came since, and of two
 * chunks. The aggregate's quantiles are left 0; quantiles[i] is the one at q[i], where there is a finite sample. */
struct afmon_filter {
    bool (*wants)(void *user, const struct afmon_set *set);
    void *user;
    struct afmon_filter_memo *memo;
};
afmon_status afmon_store_filtered(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                  int64_t window_us, const struct afmon_filter *filter, const double *q, size_t q_count,
                                  afmon_aggregate *aggregate, double *quantiles);

/* Any thread. Token usage over the series prompt_token_count, completion_token_count, total_token_count by their sets'
 * model. All time: totals that are kept, evicted samples included. */
afmon_status afmon_store_token_usage(struct afmon_store *store, int64_t now_steady_us, int64_t window_us,
                                     afmon_token_usage *usage);

struct afmon_store_stats {
    uint64_t series;
    uint64_t samples_in_memory;
    uint64_t samples_evicted;
    uint64_t samples_total;
    uint64_t bytes;
    uint64_t not_finite;
    uint64_t lost; /* could not be kept in memory, for lack of it */
};
void afmon_store_get_stats(struct afmon_store *store, struct afmon_store_stats *stats); /* any thread */

#endif
