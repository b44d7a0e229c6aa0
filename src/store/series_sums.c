/* What a series comes to: of its growing chunk, and of all time. */
#include "store/batch.h"
#include "store/store_internal.h"

void afmon_series_growing(const struct afmon_series_data *series, struct afmon_entry *entry)
{
    const struct afmon_running *running = series->running;
    struct afmon_chunk *chunk = series->growing;
    uint32_t flushed = running == NULL ? 0 : running->flushed;
    *entry = (struct afmon_entry){.chunk = chunk, .count = chunk->count, .wall_delta_us = series->wall_delta_us};
    if (running != NULL) {
        entry->summary = running->summary;
        entry->min_us = running->min_us;
        entry->max_us = running->max_us;
        entry->checkpoint = running->checkpoint;
        entry->indexed = running->index != NULL;
    }
    if (flushed == chunk->count)
        return;
    struct afmon_summary rest;
    int64_t low;
    int64_t high;
    afmon_summary_of(&rest, chunk->values + flushed, chunk->count - flushed);
    afmon_summary_merge(&entry->summary, &rest);
    afmon_chunk_times(chunk, flushed, chunk->count, &low, &high);
    afmon_widen_times(&entry->min_us, &entry->max_us, flushed == 0, low, high);
}

uint64_t afmon_series_total(const struct afmon_series_data *series)
{
    return series->settled.count + series->settled.not_finite + (series->growing == NULL ? 0 : series->growing->count);
}

void afmon_series_all_time(const struct afmon_series_data *series, struct afmon_summary *summary)
{
    *summary = series->settled;
    if (series->growing == NULL)
        return;
    struct afmon_entry growing;
    afmon_series_growing(series, &growing);
    afmon_summary_merge(summary, &growing.summary);
}
