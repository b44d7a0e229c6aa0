/* Aggregates of a live store. A window is one of steady time and has no end: what is newer than the asker's "now" was
 * recorded while the question was on its way, and belongs to it.
 *
 * A question goes through the summaries of the series' chunks. Chunks at the window's edge are looked at value by
 * value. For quantiles the index (store/index.h) answers for all chunks from some checkpoint on, and the values before
 * it that belong to the window are searched together with it; without an index all values are searched, and not under
 * the lock. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/batch.h"
#include "store/index_search.h"
#include "base/order.h"
#include "base/quantile.h"
#include "store/filtered.h"
#include "store/scratch.h"

/* With fewer values than this behind the checkpoint it is quicker to look at each of them. */
#define INDEX_MIN 4096

struct question {
    struct afmon_times times; /* steady */
    const double *quantiles;
    size_t quantile_count;
};

/* What is taken along from under the lock. */
struct answer {
    struct afmon_summary summary;
    struct afmon_scratch *scratch; /* its values: those to search beside the index */
    struct afmon_entry *held;      /* chunks to search without the lock; a reference to each */
    size_t held_count;
    struct afmon_shared_sketch *sketch; /* a reference; NULL: none */
    double *values;                     /* of the quantiles */
    bool known;
    bool partial;
    bool approximate;
    bool answered; /* the quantiles are filled in */
    bool mixed;    /* nothing is filled in: the series has samples that may not count (store/mixed.c) */
};

static bool is_all_time(const struct question *question)
{
    return question->times.since_us == INT64_MIN;
}

static void free_answer(struct answer *answer)
{
    for (size_t i = 0; i < answer->held_count; i++)
        afmon_chunk_release(answer->held[i].chunk);
    free(answer->held);
    afmon_shared_sketch_release(answer->sketch);
}

/* ---- The chunks of a series ---- */

/* The sealed ones, and the growing one behind them. */
struct chunks {
    const struct afmon_series_data *series;
    struct afmon_entry growing;
    size_t count;
};

static struct chunks chunks_of(const struct afmon_series_data *series)
{
    struct chunks chunks = {.series = series, .count = series->end_entry - series->first_entry};
    if (series->growing != NULL) {
        afmon_series_growing(series, &chunks.growing);
        chunks.count++;
    }
    return chunks;
}

static const struct afmon_entry *chunk_at(const struct chunks *chunks, size_t index)
{
    const struct afmon_series_data *series = chunks->series;
    size_t sealed = series->end_entry - series->first_entry;
    return index < sealed ? &series->entries[series->first_entry + index] : &chunks->growing;
}

static enum afmon_cover cover_of(const struct afmon_entry *entry, const struct question *question)
{
    return afmon_entry_cover_steady(entry, question->times);
}

static bool add_part(struct afmon_values *values, const struct afmon_entry *entry, const struct question *question)
{
    return afmon_values_add_part(values, entry, afmon_times_at_wall(question->times, entry->wall_delta_us));
}

/* ---- Summaries ---- */

/* The long way, for sums that are out of a double's range. */
static void merge_whole(const struct chunks *chunks, const struct question *question, struct afmon_summary *summary)
{
    *summary = (struct afmon_summary){0};
    for (size_t i = 0; i < chunks->count; i++) {
        const struct afmon_entry *entry = chunk_at(chunks, i);
        if (cover_of(entry, question) == AFMON_COVER_WHOLE)
            afmon_summary_merge(summary, &entry->summary);
    }
}

/* Sums up the whole chunks, and puts the values of those at the edge into the scratch. *whole_from: the first one of
 * those behind the last that is not whole. */
static afmon_status sum_window(const struct chunks *chunks, const struct question *question, struct answer *answer,
                               size_t *whole_from)
{
    struct afmon_summary_pool pool = {0};
    *whole_from = 0;
    for (size_t i = 0; i < chunks->count; i++) {
        const struct afmon_entry *entry = chunk_at(chunks, i);
        enum afmon_cover cover = cover_of(entry, question);
        if (cover == AFMON_COVER_WHOLE) {
            afmon_summary_pool_take(&pool, &entry->summary);
            continue;
        }
        *whole_from = i + 1;
        if (cover == AFMON_COVER_PART && !add_part(&answer->scratch->values, entry, question))
            return AFMON_E_NO_MEMORY;
    }
    afmon_summary_pool_centre(&pool);
    for (size_t i = 0; i < chunks->count; i++) {
        const struct afmon_entry *entry = chunk_at(chunks, i);
        if (cover_of(entry, question) == AFMON_COVER_WHOLE)
            afmon_summary_pool_spread(&pool, &entry->summary);
    }
    answer->summary = pool.sum;
    if (!isfinite(pool.sum.sum))
        merge_whole(chunks, question, &answer->summary);
    struct afmon_summary edge;
    afmon_summary_of(&edge, answer->scratch->values.values, answer->scratch->values.count);
    afmon_summary_merge(&answer->summary, &edge);
    return AFMON_OK;
}

/* ---- Quantiles ---- */

static afmon_status search_quantiles(const struct afmon_search_source *source, const struct question *question,
                                     struct answer *answer)
{
    struct afmon_search *search = answer->scratch->search;
    if (!afmon_search_begin(search, source))
        return AFMON_E_NO_MEMORY;
    afmon_status status = AFMON_OK;
    uint64_t count = afmon_search_count(search);
    for (size_t i = 0; count > 0 && i < question->quantile_count && status == AFMON_OK; i++) {
        struct afmon_quantile_place place = afmon_quantile_place(question->quantiles[i], count);
        uint64_t pair[2];
        status = afmon_search_pair(search, place.rank, pair);
        if (status == AFMON_OK)
            answer->values[i] =
                afmon_quantile_between(afmon_order_value(pair[0]), afmon_order_value(pair[1]), place.fraction);
    }
    answer->answered = true;
    return status;
}

/* The first chunk from which on the index can answer: at a checkpoint, or the oldest one that is in the index. */
static size_t index_from(const struct chunks *chunks, size_t whole_from)
{
    for (size_t i = whole_from; i < chunks->count; i++) {
        const struct afmon_entry *entry = chunk_at(chunks, i);
        bool oldest = entry->indexed && (i == 0 || !chunk_at(chunks, i - 1)->indexed);
        if (entry->indexed && (oldest || entry->checkpoint != NULL))
            return i;
    }
    return chunks->count;
}

static uint64_t samples_from(const struct chunks *chunks, size_t from)
{
    uint64_t samples = 0;
    for (size_t i = from; i < chunks->count; i++)
        samples += chunk_at(chunks, i)->count;
    return samples;
}

/* Adds the whole chunks before the index's part, and what of the growing chunk has not reached the index. */
static bool add_beside_index(const struct chunks *chunks, const struct question *question, struct answer *answer,
                             size_t from)
{
    for (size_t i = 0; i < from; i++) {
        const struct afmon_entry *entry = chunk_at(chunks, i);
        if (cover_of(entry, question) == AFMON_COVER_WHOLE && !add_part(&answer->scratch->values, entry, question))
            return false;
    }
    const struct afmon_chunk *growing = chunks->series->growing;
    size_t flushed = chunks->series->running->flushed;
    if (growing == NULL || growing->count == flushed)
        return true;
    size_t rest = growing->count - flushed;
    if (!afmon_values_reserve(&answer->scratch->values, rest))
        return false;
    memcpy(answer->scratch->values.values + answer->scratch->values.count, growing->values + flushed,
           rest * sizeof *growing->values);
    answer->scratch->values.count += rest;
    return true;
}

static afmon_status search_index(const struct chunks *chunks, const struct question *question, struct answer *answer,
                                 size_t from)
{
    if (!add_beside_index(chunks, question, answer, from))
        return AFMON_E_NO_MEMORY;
    uint64_t *keys;
    size_t key_count = afmon_values_to_keys(&answer->scratch->values, &keys);
    struct afmon_search_source source = {.index = chunks->series->running->index,
                                         .checkpoint = chunk_at(chunks, from)->checkpoint, /* NULL: the oldest */
                                         .keys = keys,
                                         .key_count = key_count,
                                         .sketch = answer->sketch};
    return search_quantiles(&source, question, answer);
}

/* Holds the window's chunks, to be searched when the lock is left. */
static afmon_status hold_chunks(const struct chunks *chunks, const struct question *question, struct answer *answer)
{
    answer->scratch->values.count = 0; /* the held ones are all */
    answer->held = malloc((chunks->count + 1) * sizeof *answer->held);
    if (answer->held == NULL)
        return AFMON_E_NO_MEMORY;
    for (size_t i = 0; i < chunks->count; i++) {
        const struct afmon_entry *entry = chunk_at(chunks, i);
        if (cover_of(entry, question) == AFMON_COVER_NONE)
            continue;
        afmon_chunk_hold(entry->chunk);
        answer->held[answer->held_count++] = *entry;
    }
    return AFMON_OK;
}

static afmon_status search_held(const struct question *question, struct answer *answer)
{
    for (size_t i = 0; i < answer->held_count; i++) {
        if (!add_part(&answer->scratch->values, &answer->held[i], question))
            return AFMON_E_NO_MEMORY;
    }
    uint64_t *keys;
    size_t key_count = afmon_values_to_keys(&answer->scratch->values, &keys);
    struct afmon_search_source source = {.keys = keys, .key_count = key_count, .sketch = answer->sketch};
    return search_quantiles(&source, question, answer);
}

static afmon_status begin_quantiles(const struct chunks *chunks, const struct question *question, struct answer *answer,
                                    size_t whole_from)
{
    if (answer->approximate && chunks->series->evicted.sketch != NULL) {
        answer->sketch = chunks->series->evicted.sketch;
        afmon_shared_sketch_hold(answer->sketch);
    }
    size_t from = index_from(chunks, whole_from);
    if (samples_from(chunks, from) >= INDEX_MIN)
        return search_index(chunks, question, answer, from);
    return hold_chunks(chunks, question, answer);
}

/* ---- Both ---- */

/* Under the lock. */
static afmon_status look(const struct afmon_series_data *series, const struct question *question, struct answer *answer)
{
    const struct afmon_evicted *evicted = &series->evicted;
    struct chunks chunks = chunks_of(series);
    size_t whole_from;
    answer->known = afmon_series_total(series) > 0;
    answer->approximate = evicted->count > 0 && is_all_time(question);
    answer->partial =
        evicted->count > 0 && !is_all_time(question) && question->times.since_us <= evicted->latest_steady_us;
    afmon_status status = sum_window(&chunks, question, answer, &whole_from);
    if (status == AFMON_OK && question->quantile_count > 0)
        status = begin_quantiles(&chunks, question, answer, whole_from);
    if (is_all_time(question))
        afmon_series_all_time(series, &answer->summary);
    return status;
}

static afmon_status ask(struct afmon_store *store, const char *name, size_t length, const struct question *question,
                        struct answer *answer)
{
    afmon_status status = AFMON_OK;
    answer->scratch = afmon_scratch_take(store);
    if (answer->scratch == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_turn_take(&store->turn);
    const struct afmon_series_data *series = afmon_store_find(store, name, length);
    answer->mixed = series != NULL && afmon_series_is_mixed(series);
    if (series != NULL && !answer->mixed)
        status = look(series, question, answer);
    afmon_turn_leave(&store->turn);
    if (status == AFMON_OK && series != NULL && !answer->mixed && question->quantile_count > 0 && !answer->answered)
        status = search_held(question, answer);
    afmon_scratch_give_back(store, answer->scratch);
    free_answer(answer);
    return status;
}

static struct afmon_times window_of(int64_t now_steady_us, int64_t window_us)
{
    struct afmon_times times = {.since_us = INT64_MIN, .until_us = INT64_MAX};
    if (window_us != INT64_MAX && __builtin_sub_overflow(now_steady_us, window_us, &times.since_us))
        times.since_us = INT64_MIN;
    return times;
}

afmon_status afmon_store_aggregate(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                   int64_t window_us, bool quantiles, afmon_aggregate *aggregate)
{
    static const double standard[] = {0.5, 0.9, 0.99};
    double values[3] = {0};
    struct question question = {
        .times = window_of(now_steady_us, window_us), .quantiles = standard, .quantile_count = quantiles ? 3 : 0};
    struct answer answer = {.values = values};
    memset(aggregate, 0, sizeof *aggregate);
    afmon_status status = ask(store, name, length, &question, &answer);
    if (status != AFMON_OK)
        return status;
    if (answer.mixed) {
        status = afmon_store_mixed(store, name, length, question.times, NULL, standard, question.quantile_count,
                                   aggregate, values);
        aggregate->p50 = values[0];
        aggregate->p90 = values[1];
        aggregate->p99 = values[2];
        return status;
    }
    afmon_summary_aggregate(&answer.summary, aggregate);
    aggregate->p50 = values[0];
    aggregate->p90 = values[1];
    aggregate->p99 = values[2];
    aggregate->known = answer.known;
    aggregate->partial = answer.partial;
    aggregate->approximate = answer.approximate;
    return AFMON_OK;
}

afmon_status afmon_store_quantiles(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                   int64_t window_us, const double *q, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++) {
        if (!afmon_quantile_valid(q[i]))
            return AFMON_E_ARGUMENT;
    }
    struct question question = {.times = window_of(now_steady_us, window_us), .quantiles = q, .quantile_count = count};
    struct answer answer = {.values = values};
    afmon_status status = ask(store, name, length, &question, &answer);
    if (status != AFMON_OK)
        return status;
    if (answer.mixed) {
        afmon_aggregate aggregate;
        status = afmon_store_mixed(store, name, length, question.times, NULL, q, count, &aggregate, values);
        return status != AFMON_OK || aggregate.count > 0 ? status : AFMON_E_NO_DATA;
    }
    return answer.summary.count > 0 ? AFMON_OK : AFMON_E_NO_DATA;
}
