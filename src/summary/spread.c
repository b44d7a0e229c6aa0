#include "summary/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "base/quantile.h"

#define MANTISSA_BITS 7
#define KEY_SHIFT (52 - MANTISSA_BITS)
#define FIRST_CAPACITY 8

static uint32_t key_of(const struct afmon_spread *spread, double value)
{
    return (uint32_t)(afmon_order_key(value) >> KEY_SHIFT) >> spread->shift;
}

/* The first class whose key is not below; class_count where there is none. */
static uint32_t place_of(const struct afmon_spread *spread, uint32_t key)
{
    uint32_t low = 0;
    uint32_t high = spread->class_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (spread->classes[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of two values, or two means, weighted: never outside of them, and exact where they are equal. */
static double mean_of(double a, double b, double share_of_b)
{
    return afmon_quantile_between(a, b, share_of_b);
}

static void merge_classes(struct afmon_spread *spread)
{
    uint32_t kept = 0;
    spread->shift++;
    for (uint32_t i = 0; i < spread->class_count; i++) {
        struct afmon_spread_class class = spread->classes[i];
        class.key >>= 1;
        struct afmon_spread_class *last = kept > 0 ? &spread->classes[kept - 1] : NULL;
        if (last != NULL && last->key == class.key) {
            last->mean = mean_of(last->mean, class.mean, (double)class.count / (double)(last->count + class.count));
            last->count += class.count;
        } else {
            spread->classes[kept++] = class;
        }
    }
    spread->class_count = kept;
}

/* Whether more classes may be kept than there is memory for now. */
static bool may_grow(const struct afmon_spread *spread, const size_t *room)
{
    if (spread->capacity == AFMON_SPREAD_MOST)
        return false;
    return spread->capacity == 0 || room == NULL || *room >= spread->capacity * sizeof *spread->classes;
}

static bool make_room(struct afmon_spread *spread, size_t *room)
{
    if (spread->class_count < spread->capacity)
        return true;
    if (!may_grow(spread, room)) {
        while (spread->class_count > spread->capacity / 4 * 3)
            merge_classes(spread);
        return true;
    }
    uint32_t capacity = spread->capacity == 0 ? FIRST_CAPACITY : spread->capacity * 2;
    struct afmon_spread_class *classes = realloc(spread->classes, capacity * sizeof *classes);
    if (classes == NULL)
        return false;
    if (room != NULL && spread->capacity > 0)
        *room -= spread->capacity * sizeof *classes;
    spread->classes = classes;
    spread->capacity = capacity;
    return true;
}

static void put(struct afmon_spread *spread, uint32_t place, double value)
{
    struct afmon_spread_class *class = &spread->classes[place];
    class->count++;
    class->mean = mean_of(class->mean, value, 1.0 / (double)class->count);
    spread->recent = place;
}

static void insert(struct afmon_spread *spread, uint32_t place, uint32_t key)
{
    struct afmon_spread_class *at = spread->classes + place;
    memmove(at + 1, at, (spread->class_count - place) * sizeof *at);
    *at = (struct afmon_spread_class){.key = key};
    spread->class_count++;
}

bool afmon_spread_add(struct afmon_spread *spread, double value, size_t *room)
{
    afmon_summary_add(&spread->sums, value);
    if (!afmon_order_is_finite(value))
        return true;
    uint32_t key = key_of(spread, value);
    if (spread->recent < spread->class_count && spread->classes[spread->recent].key == key) {
        put(spread, spread->recent, value);
        return true;
    }
    uint32_t place = place_of(spread, key);
    bool found = place < spread->class_count && spread->classes[place].key == key;
    bool kept = found || make_room(spread, room);
    if (!found && kept) {
        key = key_of(spread, value); /* classes may have been merged */
        place = place_of(spread, key);
        if (place == spread->class_count || spread->classes[place].key != key)
            insert(spread, place, key);
    }
    if (!kept && spread->class_count == 0)
        return false;
    put(spread, place < spread->class_count ? place : spread->class_count - 1, value);
    return kept;
}

/* ---- Reading ---- */

/* The value at a rank, from 0. */
static double at_rank(const struct afmon_spread *spread, uint64_t rank)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < spread->class_count; i++) {
        before += spread->classes[i].count;
        if (rank < before)
            return spread->classes[i].mean;
    }
    return spread->sums.max;
}

static double quantile(const struct afmon_spread *spread, double q)
{
    uint64_t count = spread->sums.count;
    struct afmon_quantile_place place = afmon_quantile_place(q, count);
    if (place.rank + 1 >= count)
        return spread->sums.max;
    double low = place.rank == 0 ? spread->sums.min : at_rank(spread, place.rank);
    double high = place.rank + 2 >= count ? spread->sums.max : at_rank(spread, place.rank + 1);
    return afmon_quantile_between(low, high, place.fraction);
}

void afmon_spread_distribution(const struct afmon_spread *spread, afmon_distribution *distribution)
{
    afmon_aggregate sums = {0};
    *distribution = (afmon_distribution){.not_finite = spread->sums.not_finite};
    if (spread->sums.count == 0)
        return;
    afmon_summary_aggregate(&spread->sums, &sums);
    distribution->count = sums.count;
    distribution->mean = sums.mean;
    distribution->min = sums.min;
    distribution->max = sums.max;
    distribution->p50 = quantile(spread, 0.5);
    distribution->p90 = quantile(spread, 0.9);
    distribution->p95 = quantile(spread, 0.95);
    distribution->p99 = quantile(spread, 0.99);
    /* Beyond 1 a class spans several powers of two. */
    distribution->quantile_error = ldexp(1.0, (int)spread->shift - MANTISSA_BITS);
}

void afmon_spread_free(struct afmon_spread *spread)
{
    free(spread->classes);
    *spread = (struct afmon_spread){0};
}
