/* Aggregates over the samples of a window whose metadata is of a kind: the window's chunks are held under the lock, and
 * looked at sample by sample without it. */
#include <stdlib.h>
#include <string.h>

#include "store/batch.h"
#include "store/order.h"
#include "store/quantile.h"
#include "store/select.h"
#include "store/store_internal.h"
#include "store/window.h"

struct held {
    struct afmon_entry *entries; /* a reference to each chunk */
    size_t count;
    bool known;
    bool partial;
};

static void release(struct held *held)
{
    for (size_t i = 0; i < held->count; i++)
        afmon_chunk_release(held->entries[i].chunk);
    free(held->entries);
}

static void hold(struct held *held, const struct afmon_entry *entry, struct afmon_times steady)
{
    if (afmon_entry_cover_steady(entry, steady) == AFMON_COVER_NONE)
        return;
    afmon_chunk_hold(entry->chunk);
    held->entries[held->count++] = *entry;
}

/* Under the lock. */
static bool hold_series(struct held *held, const struct afmon_series_data *series, struct afmon_times steady)
{
    held->known = afmon_series_total(series) > 0;
    held->partial = series->evicted.count > 0 && steady.since_us <= series->evicted.latest_steady_us;
    held->entries = malloc((series->end_entry - series->first_entry + 1) * sizeof *held->entries);
    if (held->entries == NULL)
        return false;
    for (uint32_t i = series->first_entry; i < series->end_entry; i++)
        hold(held, &series->entries[i], steady);
    if (series->growing != NULL) {
        struct afmon_entry growing;
        afmon_series_growing(series, &growing);
        hold(held, &growing, steady);
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
static bool gather(const struct afmon_entry *entry, struct afmon_times wall, const struct afmon_filter *filter,
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
static void find_quantile(struct afmon_values *values, double q, double *quantile)
{
    uint64_t *keys;
    size_t count = afmon_values_to_keys(values, &keys);
    if (count == 0)
        return;
    struct afmon_selector selector;
    struct afmon_quantile_place place = afmon_quantile_place(q, count);
    uint64_t pair[2];
    afmon_select_begin(&selector, keys, count);
    afmon_select_pair(&selector, (size_t)place.rank, pair);
    *quantile = afmon_quantile_between(afmon_order_value(pair[0]), afmon_order_value(pair[1]), place.fraction);
}

static afmon_status sum_up(const struct held *held, struct afmon_times steady, const struct afmon_filter *filter,
                           const double *q, afmon_aggregate *aggregate, double *quantile)
{
    struct afmon_values values = {0};
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < held->count && status == AFMON_OK; i++) {
        struct afmon_times wall = afmon_times_at_wall(steady, held->entries[i].wall_delta_us);
        if (!gather(&held->entries[i], wall, filter, &values))
            status = AFMON_E_NO_MEMORY;
    }
    if (status == AFMON_OK) {
        struct afmon_summary summary;
        afmon_summary_of(&summary, values.values, values.count);
        afmon_summary_aggregate(&summary, aggregate);
        if (q != NULL)
            find_quantile(&values, *q, quantile);
    }
    afmon_values_free(&values);
    return status;
}

afmon_status afmon_store_filtered(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                  int64_t window_us, const struct afmon_filter *filter, const double *q,
                                  afmon_aggregate *aggregate, double *quantile)
{
    struct afmon_times steady = {.since_us = INT64_MIN, .until_us = INT64_MAX};
    struct held held = {0};
    bool all_held = true;
    memset(aggregate, 0, sizeof *aggregate);
    if (q != NULL && !afmon_quantile_valid(*q))
        return AFMON_E_ARGUMENT;
    if (window_us != INT64_MAX && __builtin_sub_overflow(now_steady_us, window_us, &steady.since_us))
        steady.since_us = INT64_MIN;
    afmon_turn_take(&store->turn);
    const struct afmon_series_data *series = afmon_store_find(store, name, length);
    if (series != NULL)
        all_held = hold_series(&held, series, steady);
    afmon_turn_leave(&store->turn);
    afmon_status status = all_held ? sum_up(&held, steady, filter, q, aggregate, quantile) : AFMON_E_NO_MEMORY;
    aggregate->known = held.known;
    aggregate->partial = held.partial;
    release(&held);
    return status;
}
