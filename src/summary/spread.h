/* How values are spread, in bounded memory and without any order: for quantiles of many small groups of samples at
 * once, while they come in. (store/shared_sketch.h is for what leaves memory chunk by chunk: it is ten times finer, and
 * may be large.)
 *
 * Values are counted in classes: those that agree in sign, exponent and the first 7 bits of the mantissa, 1/128 wide. A
 * class knows its count and the mean of its values. Where there are more than AFMON_SPREAD_MOST classes, two neighbours
 * become one, 1/64 wide, then 1/32 and so on (as UDDSketch does, Epicoco et al. 2020). A quantile is the mean of the
 * class that it lies in, so it is off by less than the width of a class. Where the values of a class are equal it is
 * exact. */
#ifndef AFMON_SUMMARY_SPREAD_H
#define AFMON_SUMMARY_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/summary.h"

#define AFMON_SPREAD_MOST 1024 /* classes: 24 KiB */

struct afmon_spread_class {
    uint64_t count;
    double mean;
    uint32_t key;
};

/* Begin with a zeroed one. */
struct afmon_spread {
    struct afmon_summary sums;
    struct afmon_spread_class *classes; /* sorted by key */
    uint32_t class_count;
    uint32_t capacity;
    uint32_t recent; /* where the last value went */
    unsigned shift;  /* how often classes were merged */
};

/* room, where not NULL: so many bytes may spreads still take; where there are too few, classes are merged earlier.
 * Some tens of nanoseconds. False: no memory for a further class; the value is then in the sums, and in the class that
 * is nearest. */
bool afmon_spread_add(struct afmon_spread *spread, double value, size_t *room);

/* Fills everything. */
void afmon_spread_distribution(const struct afmon_spread *spread, afmon_distribution *distribution);

void afmon_spread_free(struct afmon_spread *spread);

#endif
