#include "store/select.h"

#include <stdbool.h>
#include <string.h>

#define SORT_BELOW 48

static void insertion_sort(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

static size_t bin_of(const struct afmon_selector *selector, uint64_t key)
{
    return (size_t)((key - selector->low) >> selector->shift);
}

/* The shift that brings differences up to range into the bins. */
static unsigned shift_for(uint64_t range)
{
    unsigned shift = 0;
    while ((range >> shift) >= AFMON_SELECT_BINS)
        shift++;
    return shift;
}

static void count_bins(struct afmon_selector *selector)
{
    memset(selector->bins, 0, sizeof selector->bins);
    for (size_t i = 0; i < selector->count; i++)
        selector->bins[bin_of(selector, selector->keys[i])]++;
}

void afmon_select_begin(struct afmon_selector *selector, uint64_t *keys, size_t count)
{
    uint64_t low = keys[0];
    uint64_t high = keys[0];
    for (size_t i = 1; i < count; i++) {
        low = keys[i] < low ? keys[i] : low;
        high = keys[i] > high ? keys[i] : high;
    }
    selector->keys = keys;
    selector->count = count;
    selector->low = low;
    selector->shift = shift_for(high - low);
    count_bins(selector);
}

void afmon_select_begin_within(struct afmon_selector *selector, uint64_t *keys, size_t count, unsigned bits)
{
    selector->keys = keys;
    selector->count = count;
    selector->low = bits < 64 ? keys[0] >> bits << bits : 0;
    selector->shift = bits > AFMON_SELECT_BIN_BITS ? bits - AFMON_SELECT_BIN_BITS : 0;
    count_bins(selector);
}

/* Brings the keys of a bin to the front; returns how many there are. */
static size_t bring_forward(struct afmon_selector *selector, size_t bin)
{
    uint64_t *keys = selector->keys;
    size_t found = 0;
    for (size_t i = 0; found < selector->bins[bin]; i++) {
        if (bin_of(selector, keys[i]) == bin) {
            uint64_t key = keys[i];
            keys[i] = keys[found];
            keys[found++] = key;
        }
    }
    return found;
}

/* The greatest key of a bin, and the smallest beyond it (the same where there is none). */
static void pair_at_edge(const struct afmon_selector *selector, size_t bin, uint64_t pair[2])
{
    uint64_t last = 0;
    uint64_t next = UINT64_MAX;
    bool beyond = false;
    for (size_t i = 0; i < selector->count; i++) {
        uint64_t key = selector->keys[i];
        size_t at = bin_of(selector, key);
        if (at == bin && key > last)
            last = key;
        if (at > bin && key <= next) {
            next = key;
            beyond = true;
        }
    }
    pair[0] = last;
    pair[1] = beyond ? next : last;
}

static void pair_of_few(uint64_t *keys, size_t count, size_t rank, uint64_t pair[2])
{
    insertion_sort(keys, count);
    pair[0] = keys[rank];
    pair[1] = keys[rank + 1 < count ? rank + 1 : rank];
}

void afmon_select_pair(struct afmon_selector *selector, size_t rank, uint64_t pair[2])
{
    struct afmon_selector inner;
    for (;;) {
        size_t bin = 0;
        while (rank >= selector->bins[bin])
            rank -= selector->bins[bin++];
        if (rank + 1 >= selector->bins[bin]) {
            pair_at_edge(selector, bin, pair);
            return;
        }
        if (selector->shift == 0) { /* a bin of equal keys */
            pair[0] = pair[1] = selector->low + bin;
            return;
        }
        size_t count = bring_forward(selector, bin);
        if (count <= SORT_BELOW) {
            pair_of_few(selector->keys, count, rank, pair);
            return;
        }
        afmon_select_begin(&inner, selector->keys, count);
        selector = &inner;
    }
}

/* ---- Keys and weights together ---- */

static size_t count_below(const uint64_t *keys, size_t count, uint64_t limit)
{
    size_t below = 0;
    for (size_t i = 0; i < count; i++)
        below += keys[i] < limit;
    return below;
}

static uint64_t select_one(uint64_t *keys, size_t count, size_t rank)
{
    struct afmon_selector selector;
    uint64_t pair[2];
    afmon_select_begin(&selector, keys, count);
    afmon_select_pair(&selector, rank, pair);
    return pair[0];
}

/* What the weights before the one at index hold. */
static uint64_t weight_before(const struct afmon_weight *weights, size_t index)
{
    uint64_t before = 0;
    for (size_t i = 0; i < index; i++)
        before += weights[i].count;
    return before;
}

uint64_t afmon_select_weighted(uint64_t *keys, size_t count, const struct afmon_weight *weights, size_t weight_count,
                               uint64_t rank)
{
    /* In the order of all, a weight stands before the keys that equal it; so the places of the weights are sorted.
     * Look for the first one whose place is beyond rank. */
    size_t low = 0;
    size_t high = weight_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t place = weight_before(weights, middle) + count_below(keys, count, weights[middle].key);
        if (place <= rank)
            low = middle + 1;
        else
            high = middle;
    }
    uint64_t before = weight_before(weights, low);
    if (low > 0) {
        uint64_t below = count_below(keys, count, weights[low - 1].key);
        if (rank < before + below)
            return weights[low - 1].key;
    }
    return select_one(keys, count, (size_t)(rank - before));
}
