/* Aggregates over the samples of a window whose metadata is of a kind: the window's chunks are held under the lock, and
 * looked at sample by sample without it. Of a chunk that is full and wholly in the window the sums are kept in the
 * memo: the next window, which is a little later, has most of them, too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/batch.h"
#include "base/order.h"
#include "base/quantile.h"
#include "store/filtered.h"
#include "store/select.h"
#include "store/store_internal.h"
#include "store/window.h"

struct held_entry {
    struct afmon_entry entry; /* with a reference to its chunk */
    uint64_t first;           /* how many samples of the series came before it: the same as long as the series lives */
    bool settled;             /* full, and wholly in the window */
};

struct held {
    struct held_entry *entries;
    size_t count;
    bool known;
    bool partial;
};

static void release(struct held *held)
{
    for (size_t i = 0; i < held->count; i++)
        afmon_chunk_release(held->entries[i].entry.chunk);
    free(held->entries);
}

static void hold(struct held *held, const struct afmon_entry *entry, uint64_t first, bool full,
                 struct afmon_times steady)
{
    enum afmon_cover cover = afmon_entry_cover_steady(entry, steady);
    if (cover == AFMON_COVER_NONE)
        return;
    afmon_chunk_hold(entry->chunk);
    held->entries[held->count++] =
        (struct held_entry){.entry = *entry, .first = first, .settled = full && cover == AFMON_COVER_WHOLE};
}

/* Under the lock. */
static bool hold_series(struct held *held, const struct afmon_series_data *series, struct afmon_times steady)
{
    held->known = afmon_series_total(series) > 0;
    held->partial = series->evicted.count > 0 && steady.since_us <= series->evicted.latest_steady_us;
    held->entries = malloc((series->end_entry - series->first_entry + 1) * sizeof *held->entries);
    if (held->entries == NULL)
        return false;
    uint64_t first = series->evicted.count;
    for (uint32_t i = series->first_entry; i < series->end_entry; first += series->entries[i].count, i++)
        hold(held, &series->entries[i], first, true, steady);
    if (series->growing != NULL) {
        struct afmon_entry growing;
        afmon_series_growing(series, &growing);
        hold(held, &growing, first, false, steady);
    }
    return true;
}

/* ---- Without the lock ---- */

enum { UNKNOWN = 0, WANTED, UNWANTED }; /* a set of the chunk */

static bool is_wanted(const struct afmon_chunk *chunk, size_t index, const struct afmon_filter *filter,
                      unsigned char *sets)
{
    uint16_t number = chunk->set_index == NULL ? 0 : chunk->set_index[index];
    if (sets[number] == UNKNOWN)
        sets[number] = filter->wants(filter->user, chunk->sets[number]) ? WANTED : UNWANTED;
    return sets[number] == WANTED;
}

/* Each set of the chunk is asked for once. */
bool afmon_gather_wanted(const struct afmon_entry *entry, struct afmon_times wall, const struct afmon_filter *filter,
                         struct afmon_values *values)
{
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, wall.since_us, wall.until_us);
    unsigned char *sets = calloc(chunk->set_capacity, sizeof *sets);
    if (sets == NULL || !afmon_values_reserve(values, entry->count)) {
        free(sets);
        return false;
    }
    for (size_t i = 0; i < entry->count; i++)
        if (afmon_chunk_in_span(chunk, span, i) && is_wanted(chunk, i, filter, sets))
            values->values[values->count++] = chunk->values[i];
    free(sets);
    return true;
}

/* Reorders the values. */
static void find_quantiles(struct afmon_values *values, const double *q, size_t q_count, double *quantiles)
{
    uint64_t *keys;
    size_t count = afmon_values_to_keys(values, &keys);
    if (count == 0)
        return;
    struct afmon_selector selector;
    afmon_select_begin(&selector, keys, count);
    for (size_t i = 0; i < q_count; i++) {
        struct afmon_quantile_place place = afmon_quantile_place(q[i], count);
        uint64_t pair[2];
        afmon_select_pair(&selector, (size_t)place.rank, pair);
        quantiles[i] = afmon_quantile_between(afmon_order_value(pair[0]), afmon_order_value(pair[1]), place.fraction);
    }
}

static bool gather_held(const struct held_entry *held, struct afmon_times steady, const struct afmon_filter *filter,
                        struct afmon_values *values)
{
    return afmon_gather_wanted(&held->entry, afmon_times_at_wall(steady, held->entry.wall_delta_us), filter, values);
}

static afmon_status sum_up_with_quantiles(const struct held *held, struct afmon_times steady,
                                          const struct afmon_filter *filter, const double *q, size_t q_count,
                                          afmon_aggregate *aggregate, double *quantiles)
{
    struct afmon_values values = {0};
    struct afmon_summary summary;
    bool good = true;
    for (size_t i = 0; i < held->count && good; i++)
        good = gather_held(&held->entries[i], steady, filter, &values);
    if (good) {
        afmon_summary_of(&summary, values.values, values.count);
        afmon_summary_aggregate(&summary, aggregate);
        find_quantiles(&values, q, q_count, quantiles);
    }
    afmon_values_free(&values);
    return good ? AFMON_OK : AFMON_E_NO_MEMORY;
}

/* ---- Parts, and what is remembered of them ---- */

struct afmon_filter_part {
    uint64_t first; /* of the chunk */
    struct afmon_summary sum;
};

void afmon_filter_memo_free(struct afmon_filter_memo *memo)
{
    free(memo->parts);
    *memo = (struct afmon_filter_memo){0};
}

/* The part of a chunk, from `from` on, for both lists are in the order of the samples; NULL: it is not known. */
static const struct afmon_filter_part *recall(const struct afmon_filter_memo *memo, size_t *from, uint64_t first)
{
    while (memo != NULL && *from < memo->count && memo->parts[*from].first < first)
        ++*from;
    bool known = memo != NULL && *from < memo->count && memo->parts[*from].first == first;
    return known ? &memo->parts[*from] : NULL;
}

static bool make_part(const struct held_entry *held, struct afmon_times steady, const struct afmon_filter *filter,
                      struct afmon_values *values, struct afmon_filter_part *part)
{
    values->count = 0;
    if (!gather_held(held, steady, filter, values))
        return false;
    part->first = held->first;
    afmon_summary_of(&part->sum, values->values, values->count);
    return true;
}

static bool make_parts(const struct held *held, struct afmon_times steady, const struct afmon_filter *filter,
                       struct afmon_filter_part *parts)
{
    struct afmon_values values = {0};
    size_t from = 0;
    bool good = true;
    for (size_t i = 0; i < held->count && good; i++) {
        const struct held_entry *entry = &held->entries[i];
        const struct afmon_filter_part *known = entry->settled ? recall(filter->memo, &from, entry->first) : NULL;
        if (known != NULL)
            parts[i] = *known;
        else
            good = make_part(entry, steady, filter, &values, &parts[i]);
    }
    afmon_values_free(&values);
    return good;
}

static void pool(const struct afmon_filter_part *parts, size_t count, afmon_aggregate *aggregate)
{
    struct afmon_summary_pool all = {0};
    for (size_t i = 0; i < count; i++)
        afmon_summary_pool_take(&all, &parts[i].sum);
    afmon_summary_pool_centre(&all);
    for (size_t i = 0; i < count; i++)
        afmon_summary_pool_spread(&all, &parts[i].sum);
    if (!isfinite(all.sum.sum)) { /* out of a double's range: the long way */
        all.sum = (struct afmon_summary){0};
        for (size_t i = 0; i < count; i++)
            afmon_summary_merge(&all.sum, &parts[i].sum);
    }
    afmon_summary_aggregate(&all.sum, aggregate);
}

/* Takes the parts over: those of the chunks that will be the same the next time. */
static void remember(struct afmon_filter_memo *memo, const struct held *held, struct afmon_filter_part *parts)
{
    if (memo == NULL) {
        free(parts);
        return;
    }
    free(memo->parts);
    memo->count = 0;
    memo->parts = parts;
    for (size_t i = 0; i < held->count; i++)
        if (held->entries[i].settled)
            parts[memo->count++] = parts[i];
}

static afmon_status sum_up(const struct held *held, struct afmon_times steady, const struct afmon_filter *filter,
                           afmon_aggregate *aggregate)
{
    struct afmon_filter_part *parts = malloc((held->count + 1) * sizeof *parts);
    if (parts == NULL || !make_parts(held, steady, filter, parts)) {
        free(parts);
        return AFMON_E_NO_MEMORY;
    }
    pool(parts, held->count, aggregate);
    remember(filter->memo, held, parts);
    return AFMON_OK;
}

afmon_status afmon_store_wanted(struct afmon_store *store, const char *name, size_t length, struct afmon_times steady,
                                const struct afmon_filter *filter, const double *q, size_t q_count,
                                afmon_aggregate *aggregate, double *values)
{
    struct held held = {0};
    bool all_held = true;
    memset(aggregate, 0, sizeof *aggregate);
    afmon_turn_take(&store->turn);
    const struct afmon_series_data *series = afmon_store_find(store, name, length);
    if (series != NULL)
        all_held = hold_series(&held, series, steady);
    afmon_turn_leave(&store->turn);
    afmon_status status = AFMON_E_NO_MEMORY;
    if (all_held && q_count == 0)
        status = sum_up(&held, steady, filter, aggregate);
    else if (all_held)
        status = sum_up_with_quantiles(&held, steady, filter, q, q_count, aggregate, values);
    aggregate->known = held.known;
    aggregate->partial = held.partial;
    release(&held);
    return status;
}
