/* Exact selection: the k-th smallest of many keys (base/order.h) in two or three passes over them. */
#ifndef AFMON_STORE_SELECT_H
#define AFMON_STORE_SELECT_H

#include <stddef.h>
#include <stdint.h>

#define AFMON_SELECT_BIN_BITS 10
#define AFMON_SELECT_BINS (1U << AFMON_SELECT_BIN_BITS)

/* Several ranks of the same keys share the first pass. The keys are reordered, nothing else. */
struct afmon_selector {
    uint64_t *keys;
    size_t count;
    uint64_t low;
    unsigned shift;
    uint32_t bins[AFMON_SELECT_BINS];
};

/* count is at least 1 and below 2^32. The keys stay the caller's. */
void afmon_select_begin(struct afmon_selector *selector, uint64_t *keys, size_t count);

/* The same for keys that are known to agree in all but their last `bits` bits, which saves a pass. */
void afmon_select_begin_within(struct afmon_selector *selector, uint64_t *keys, size_t count, unsigned bits);

/* The keys at rank (from 0) and rank + 1; both the last one where rank is the last. */
void afmon_select_pair(struct afmon_selector *selector, size_t rank, uint64_t pair[2]);

/* A key that stands for `count` equal values. */
struct afmon_weight {
    uint64_t key;
    uint64_t count;
};

/* The key at rank of count keys (which are reordered) and the weights (sorted by key) together; rank is below the sum.
 */
uint64_t afmon_select_weighted(uint64_t *keys, size_t count, const struct afmon_weight *weights, size_t weight_count,
                               uint64_t rank);

#endif
