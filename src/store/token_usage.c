/* Token usage of a live store: all time from the totals that are kept, a window from the chunks that it touches. Those
 * are held under the lock and added up without it. */
#include <stdlib.h>
#include <string.h>

#include "catalog/metrics.h"
#include "store/store_internal.h"
#include "store/token_usage.h"
#include "store/window.h"

/* ---- Adding up chunks ---- */

static bool in_whole(const struct afmon_entry *entry, struct afmon_times wall)
{
    return afmon_entry_cover(entry, wall) == AFMON_COVER_WHOLE;
}

/* One set for all samples, as for a run with one model. */
static void add_one_set(struct afmon_tokens *tokens, enum afmon_token_kind kind, const struct afmon_entry *entry,
                        struct afmon_times wall)
{
    const struct afmon_chunk *chunk = entry->chunk;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, wall.since_us, wall.until_us);
    double sum = 0;
    bool any = false;
    if (in_whole(entry, wall) && entry->summary.min >= 0 && entry->summary.count > 0) {
        sum = entry->summary.sum;
        any = true;
    } else {
        for (size_t i = 0; i < entry->count; i++) {
            if (afmon_chunk_in_span(chunk, span, i)) {
                sum += afmon_tokens_counted(chunk->values[i]);
                any = true;
            }
        }
    }
    if (any)
        *afmon_tokens_of(tokens, chunk->sets[0], kind) += sum;
}

bool afmon_tokens_add_chunk(struct afmon_tokens *tokens, enum afmon_token_kind kind, const struct afmon_entry *entry,
                            struct afmon_times wall)
{
    const struct afmon_chunk *chunk = entry->chunk;
    if (afmon_entry_cover(entry, wall) == AFMON_COVER_NONE)
        return true;
    if (chunk->set_index == NULL) {
        add_one_set(tokens, kind, entry, wall);
        return true;
    }
    /* By the chunk's own numbers of sets first: a look-up a set, not one a sample. */
    double **sums = calloc(chunk->set_capacity, sizeof *sums);
    if (sums == NULL)
        return false;
    struct afmon_chunk_span span = afmon_chunk_span(chunk, wall.since_us, wall.until_us);
    for (size_t i = 0; i < entry->count; i++) {
        if (!afmon_chunk_in_span(chunk, span, i))
            continue;
        uint16_t set = chunk->set_index[i];
        if (sums[set] == NULL)
            sums[set] = afmon_tokens_of(tokens, chunk->sets[set], kind);
        *sums[set] += afmon_tokens_counted(chunk->values[i]);
    }
    free(sums);
    return true;
}

/* ---- A live store ---- */

struct held_chunk {
    struct afmon_entry entry;
    enum afmon_token_kind kind;
};

struct held {
    struct held_chunk *chunks;
    size_t count;
    size_t capacity;
};

static void release_held(struct held *held)
{
    for (size_t i = 0; i < held->count; i++)
        afmon_chunk_release(held->chunks[i].entry.chunk);
    free(held->chunks);
}

static void hold(struct held *held, const struct afmon_series_data *series, const struct afmon_entry *entry,
                 struct afmon_times steady)
{
    if (afmon_entry_cover(entry, afmon_times_at_wall(steady, entry->wall_delta_us)) == AFMON_COVER_NONE)
        return;
    afmon_chunk_hold(entry->chunk);
    held->chunks[held->count++] = (struct held_chunk){*entry, (enum afmon_token_kind)series->token_kind};
}

static bool reserve_held(struct held *held, size_t more)
{
    struct held_chunk *larger = realloc(held->chunks, (held->count + more) * sizeof *larger);
    if (larger == NULL)
        return false;
    held->chunks = larger;
    return true;
}

/* Under the lock. */
static bool hold_series(struct held *held, const struct afmon_series_data *series, struct afmon_times steady)
{
    if (!reserve_held(held, series->end_entry - series->first_entry + 1))
        return false;
    for (uint32_t i = series->first_entry; i < series->end_entry; i++)
        hold(held, series, &series->entries[i], steady);
    if (series->growing != NULL) {
        struct afmon_entry growing;
        afmon_series_growing(series, &growing);
        hold(held, series, &growing, steady);
    }
    return true;
}

static afmon_status hold_window(struct afmon_store *store, struct afmon_times steady, struct held *held)
{
    static const enum afmon_metric_id counted[] = {AFMON_METRIC_PROMPT, AFMON_METRIC_COMPLETION, AFMON_METRIC_TOTAL};
    bool held_all = true;
    afmon_turn_take(&store->turn);
    for (size_t i = 0; i < sizeof counted / sizeof counted[0] && held_all; i++) {
        const struct afmon_metric_row *metric = afmon_metric_row(counted[i]);
        const struct afmon_series_data *series = afmon_store_find(store, metric->info.name, metric->length);
        held_all = series == NULL || hold_series(held, series, steady);
    }
    afmon_turn_leave(&store->turn);
    return held_all ? AFMON_OK : AFMON_E_NO_MEMORY;
}

static afmon_status usage_of_window(struct afmon_store *store, struct afmon_times steady, afmon_token_usage *usage)
{
    struct held held = {0};
    struct afmon_tokens tokens;
    afmon_tokens_init(&tokens);
    afmon_status status = hold_window(store, steady, &held);
    for (size_t i = 0; i < held.count && status == AFMON_OK; i++) {
        const struct afmon_entry *entry = &held.chunks[i].entry;
        struct afmon_times wall = afmon_times_at_wall(steady, entry->wall_delta_us);
        if (!afmon_tokens_add_chunk(&tokens, held.chunks[i].kind, entry, wall))
            status = AFMON_E_NO_MEMORY;
    }
    if (status == AFMON_OK)
        status = afmon_tokens_report(&tokens, usage);
    afmon_tokens_free(&tokens);
    release_held(&held);
    return status;
}

static afmon_status usage_of_all_time(struct afmon_store *store, afmon_token_usage *usage)
{
    afmon_turn_take(&store->turn);
    afmon_status status = afmon_tokens_report(&store->tokens, usage);
    afmon_turn_leave(&store->turn);
    return status;
}

afmon_status afmon_store_token_usage(struct afmon_store *store, int64_t now_steady_us, int64_t window_us,
                                     afmon_token_usage *usage)
{
    memset(usage, 0, sizeof *usage);
    struct afmon_times steady = {.since_us = INT64_MIN, .until_us = INT64_MAX};
    if (window_us == INT64_MAX || __builtin_sub_overflow(now_steady_us, window_us, &steady.since_us))
        return usage_of_all_time(store, usage);
    return usage_of_window(store, steady, usage);
}
