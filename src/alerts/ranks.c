#include <stdlib.h>
#include <string.h>

#include "alerts/values.h"
#include "base/quantile.h"

struct ranked {
    double value;
    uint32_t place;
};

static int compare_values(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

static bool rank_all(struct afmon_ranks *ranks)
{
    struct ranked *ranked = malloc((ranks->count + 1) * sizeof *ranked);
    if (ranked == NULL)
        return false;
    for (size_t i = 0; i < ranks->count; i++)
        ranked[i] = (struct ranked){.value = ranks->values[i].value, .place = (uint32_t)i};
    qsort(ranked, ranks->count, sizeof *ranked, compare_values);
    for (size_t i = 0; i < ranks->count; i++) {
        ranks->sorted[i] = ranked[i].value;
        ranks->rank_of[ranked[i].place] = (uint32_t)i;
    }
    free(ranked);
    return true;
}

bool afmon_ranks_init(struct afmon_ranks *ranks, const struct afmon_replay_value *values, size_t count)
{
    *ranks = (struct afmon_ranks){.values = values, .count = count};
    ranks->sorted = malloc((count + 1) * sizeof *ranks->sorted);
    ranks->rank_of = malloc((count + 1) * sizeof *ranks->rank_of);
    ranks->tree = calloc(count + 1, sizeof *ranks->tree);
    if (ranks->sorted != NULL && ranks->rank_of != NULL && ranks->tree != NULL && rank_all(ranks))
        return true;
    afmon_ranks_free(ranks);
    return false;
}

void afmon_ranks_free(struct afmon_ranks *ranks)
{
    free(ranks->sorted);
    free(ranks->rank_of);
    free(ranks->tree);
    *ranks = (struct afmon_ranks){0};
}

static void change(struct afmon_ranks *ranks, size_t place, uint32_t by)
{
    for (size_t i = (size_t)ranks->rank_of[place] + 1; i <= ranks->count; i += i & (~i + 1))
        ranks->tree[i] += by; /* minus one is plus 2^32 - 1 */
}

void afmon_ranks_to(struct afmon_ranks *ranks, int64_t pass)
{
    while (ranks->end < ranks->count && ranks->values[ranks->end].lo <= pass)
        change(ranks, ranks->end++, 1);
    while (ranks->begin < ranks->end && ranks->values[ranks->begin].hi < pass)
        change(ranks, ranks->begin++, UINT32_MAX);
}

/* The value at rank (from 0) of those in the window. */
static double value_at(const struct afmon_ranks *ranks, uint64_t rank)
{
    size_t step = 1;
    while (step <= ranks->count / 2)
        step *= 2;
    size_t at = 0;
    for (; step > 0; step /= 2)
        if (at + step <= ranks->count && ranks->tree[at + step] <= rank) {
            at += step;
            rank -= ranks->tree[at];
        }
    return ranks->sorted[at];
}

double afmon_ranks_quantile(const struct afmon_ranks *ranks, double q)
{
    uint64_t count = ranks->end - ranks->begin;
    if (count == 0)
        return 0;
    struct afmon_quantile_place place = afmon_quantile_place(q, count);
    uint64_t next = place.rank + 1 < count ? place.rank + 1 : place.rank;
    return afmon_quantile_between(value_at(ranks, place.rank), value_at(ranks, next), place.fraction);
}
