#include "alerts/values.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_CAPACITY 1024

void afmon_replay_values_free(struct afmon_replay_values *values)
{
    free(values->values);
    *values = (struct afmon_replay_values){0};
}

void afmon_replay_values_begin(struct afmon_replay_values *values, int64_t base, int64_t last)
{
    values->count = 0;
    values->base = base;
    values->last = last;
}

static int compare_passes(const void *left, const void *right)
{
    int64_t a = ((const struct afmon_replay_value *)left)->lo;
    int64_t b = ((const struct afmon_replay_value *)right)->lo;
    return (a > b) - (a < b);
}

static void give_up_half(struct afmon_replay_values *values)
{
    qsort(values->values, values->count, sizeof *values->values, compare_passes);
    values->last = values->values[values->count / 2].lo - 1;
    while (values->count > 0 && values->values[values->count - 1].lo > values->last)
        values->count--;
}

/* Room for one more, or its pass given up. False: no memory. */
static bool make_room(struct afmon_replay_values *values)
{
    if (values->count < values->capacity)
        return true;
    if (values->count >= values->most) {
        give_up_half(values);
        return true;
    }
    size_t capacity = values->capacity > 0 ? values->capacity * 2 : FIRST_CAPACITY;
    struct afmon_replay_value *larger = realloc(values->values, capacity * sizeof *larger);
    if (larger == NULL)
        return false;
    values->values = larger;
    values->capacity = capacity;
    return true;
}

void afmon_replay_values_add(struct afmon_replay_values *values, size_t rule, struct afmon_pass_range range,
                             double value)
{
    if (!isfinite(value) || range.hi < range.lo || range.hi < values->base || range.lo > values->last)
        return;
    if (!make_room(values)) {
        values->failed = true;
        return;
    }
    if (range.lo <= values->last)
        values->values[values->count++] =
            (struct afmon_replay_value){.value = value, .lo = range.lo, .hi = range.hi, .rule = (uint32_t)rule};
}

/* In time order within a rule: lo and hi both grow with time. */
static int compare_rules(const void *left, const void *right)
{
    const struct afmon_replay_value *a = left;
    const struct afmon_replay_value *b = right;
    if (a->rule != b->rule)
        return a->rule > b->rule ? 1 : -1;
    if (a->lo != b->lo)
        return a->lo > b->lo ? 1 : -1;
    return (a->hi > b->hi) - (a->hi < b->hi);
}

void afmon_replay_values_sort(struct afmon_replay_values *values)
{
    if (values->count > 0)
        qsort(values->values, values->count, sizeof *values->values, compare_rules);
}

static size_t begin_of(const struct afmon_replay_values *values, size_t rule)
{
    size_t low = 0;
    size_t high = values->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values->values[middle].rule < rule)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct afmon_replay_value *afmon_replay_values_of_rule(const struct afmon_replay_values *values, size_t rule,
                                                             size_t *count)
{
    size_t begin = begin_of(values, rule);
    *count = begin_of(values, rule + 1) - begin;
    return *count > 0 ? values->values + begin : NULL;
}
