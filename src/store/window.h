/* Which part of a series a window takes, and sums over it. Both edges belong to a window. */
#ifndef AFMON_STORE_WINDOW_H
#define AFMON_STORE_WINDOW_H

#include "store/batch.h"
#include "store/series.h"

struct afmon_times {
    int64_t since_us;
    int64_t until_us;
};

enum afmon_cover { AFMON_COVER_NONE, AFMON_COVER_PART, AFMON_COVER_WHOLE };

/* A window of steady times in the wall time of samples that were taken with this wall_delta. The ends of all time stay.
 */
struct afmon_times afmon_times_at_wall(struct afmon_times steady, int64_t wall_delta_us);

/* How much of samples from min to max lies in a window: all, none, or some (or, rarely, none). */
static inline enum afmon_cover afmon_cover_of(int64_t min_us, int64_t max_us, struct afmon_times times)
{
    if (min_us >= times.since_us && max_us <= times.until_us)
        return AFMON_COVER_WHOLE;
    return max_us < times.since_us || min_us > times.until_us ? AFMON_COVER_NONE : AFMON_COVER_PART;
}

/* The same of a chunk and a window of wall times. */
static inline enum afmon_cover afmon_entry_cover(const struct afmon_entry *entry, struct afmon_times wall)
{
    return afmon_cover_of(entry->min_us, entry->max_us, wall);
}

/* The same of a chunk and a window of steady times. */
static inline enum afmon_cover afmon_entry_cover_steady(const struct afmon_entry *entry, struct afmon_times steady)
{
    return afmon_cover_of(entry->min_us - entry->wall_delta_us, entry->max_us - entry->wall_delta_us, steady);
}

/* Values that are gathered; a growing array. */
struct afmon_values {
    double *values;
    size_t count;
    size_t capacity;
};

bool afmon_values_reserve(struct afmon_values *values, size_t more); /* false: no memory */
void afmon_values_free(struct afmon_values *values);

/* Adds those values of a chunk that lie in a window of wall times. False: no memory. */
bool afmon_values_add_part(struct afmon_values *values, const struct afmon_entry *entry, struct afmon_times wall);

/* Turns the finite values into keys (base/order.h), in place. Returns how many there are. */
size_t afmon_values_to_keys(struct afmon_values *values, uint64_t **keys);

/* Merges many summaries without a division each, for a window has many chunks: first take() each of them, then
 * centre(), then spread() each. */
struct afmon_summary_pool {
    struct afmon_summary sum;
};

static inline void afmon_summary_pool_take(struct afmon_summary_pool *pool, const struct afmon_summary *summary)
{
    struct afmon_summary *sum = &pool->sum;
    sum->not_finite += summary->not_finite;
    if (summary->count == 0)
        return;
    sum->min = sum->count == 0 || summary->min < sum->min ? summary->min : sum->min;
    sum->max = sum->count == 0 || summary->max > sum->max ? summary->max : sum->max;
    sum->sum += summary->sum;
    sum->count += summary->count;
}

static inline void afmon_summary_pool_centre(struct afmon_summary_pool *pool)
{
    struct afmon_summary *sum = &pool->sum;
    if (sum->count > 0)
        sum->mean = afmon_between(sum->min, sum->sum / (double)sum->count, sum->max);
}

static inline void afmon_summary_pool_spread(struct afmon_summary_pool *pool, const struct afmon_summary *summary)
{
    double difference = summary->mean - pool->sum.mean;
    pool->sum.m2 += summary->m2 + (double)summary->count * difference * difference;
}

#endif
