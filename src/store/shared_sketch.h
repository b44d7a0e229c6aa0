/* What is remembered of values that have left memory, for quantiles over all time: how many of them lie in each class
 * of values that agree in sign, exponent and the first 9 bits of the mantissa (1/512 wide), and between which bounds
 * they lie in it. The middle of the bounds is within 1/1024 of each of them; where all are equal (and have no more than
 * 25 bits) it is exact.
 *
 * A sketch never changes; adding makes a new one. References are counted and may be given back from any thread. */
#ifndef AFMON_STORE_SHARED_SKETCH_H
#define AFMON_STORE_SHARED_SKETCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "store/select.h"

struct afmon_shared_sketch_class {
    uint32_t leading; /* the key's 21 leading bits */
    uint16_t low;     /* the 16 bits behind them, of the smallest and of the greatest value */
    uint16_t high;
    uint64_t count;
};

struct afmon_shared_sketch {
    _Atomic uint32_t references;
    uint32_t class_count;
    uint64_t total;
    struct afmon_shared_sketch_class classes[]; /* sorted */
};

/* A sketch of what sketch (NULL: nothing) holds and of count <= AFMON_CHUNK_SAMPLES values, of which those that are not
 * finite are passed over. NULL: no memory. */
struct afmon_shared_sketch *afmon_shared_sketch_with(const struct afmon_shared_sketch *sketch, const double *values,
                                                     size_t count);

void afmon_shared_sketch_hold(struct afmon_shared_sketch *sketch);
void afmon_shared_sketch_release(struct afmon_shared_sketch *sketch);       /* NULL is fine */
size_t afmon_shared_sketch_bytes(const struct afmon_shared_sketch *sketch); /* NULL: 0 */

/* The key that stands for the values of a class. */
uint64_t afmon_shared_sketch_key(const struct afmon_shared_sketch_class *class);

#endif
