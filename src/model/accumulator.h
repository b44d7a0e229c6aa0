/* Values of one kind: count, exact sum, bounds, and a sketch for quantiles. What it holds does not depend on the order
 * in which values were added or merged. */
#ifndef AFMON_MODEL_ACCUMULATOR_H
#define AFMON_MODEL_ACCUMULATOR_H

#include <afmon/afmon.h>

#include "base/exact_sum.h"
#include "base/sketch.h"

/* Begin with a zeroed one. */
struct afmon_accumulator {
    uint64_t count; /* finite ones */
    uint64_t not_finite;
    double min;
    double max;
    struct afmon_exact_sum sum;
    struct afmon_sketch sketch;
};

/* limits NULL: no quantiles are kept. False: no memory; the value counts in everything but the quantiles. */
bool afmon_accumulator_add(struct afmon_accumulator *values, double value, const struct afmon_sketch_limits *limits);
bool afmon_accumulator_merge(struct afmon_accumulator *into, const struct afmon_accumulator *from,
                             const struct afmon_sketch_limits *limits);

/* Fills everything; quantiles are 0 where none are kept. May put the sketch's values in order. */
void afmon_accumulator_distribution(struct afmon_accumulator *values, afmon_distribution *distribution);

/* limits: whose room gets back what the sketch took; NULL: none. */
void afmon_accumulator_free(struct afmon_accumulator *values, const struct afmon_sketch_limits *limits);

#endif
