#include "model/accumulator.h"

#include <math.h>

bool afmon_accumulator_add(struct afmon_accumulator *values, double value, const struct afmon_sketch_limits *limits)
{
    if (!isfinite(value)) {
        values->not_finite++;
        return true;
    }
    bool first = values->count == 0;
    values->min = first || value < values->min ? value : values->min;
    values->max = first || value > values->max ? value : values->max;
    values->count++;
    afmon_exact_sum_add(&values->sum, value);
    return limits == NULL || afmon_sketch_add(&values->sketch, value, limits);
}

bool afmon_accumulator_merge(struct afmon_accumulator *into, const struct afmon_accumulator *from,
                             const struct afmon_sketch_limits *limits)
{
    into->not_finite += from->not_finite;
    if (from->count == 0)
        return true;
    bool first = into->count == 0;
    into->min = first || from->min < into->min ? from->min : into->min;
    into->max = first || from->max > into->max ? from->max : into->max;
    into->count += from->count;
    afmon_exact_sum_merge(&into->sum, &from->sum);
    return limits == NULL || afmon_sketch_merge(&into->sketch, &from->sketch, limits);
}

void afmon_accumulator_distribution(struct afmon_accumulator *values, afmon_distribution *distribution)
{
    static const double q[] = {0.5, 0.9, 0.95, 0.99};
    double found[4] = {0};
    *distribution = (afmon_distribution){.not_finite = values->not_finite};
    if (values->count == 0)
        return;
    afmon_sketch_quantiles(&values->sketch, q, 4, found);
    distribution->count = values->count;
    distribution->sum = afmon_exact_sum_value(&values->sum);
    distribution->mean = afmon_exact_sum_mean(&values->sum, values->count);
    /* -0.0 and 0.0 are one value; which of them came first must not be seen. */
    distribution->min = values->min + 0.0;
    distribution->max = values->max + 0.0;
    distribution->p50 = found[0];
    distribution->p90 = found[1];
    distribution->p95 = found[2];
    distribution->p99 = found[3];
    distribution->quantile_error = afmon_sketch_error(&values->sketch);
}

void afmon_accumulator_free(struct afmon_accumulator *values, const struct afmon_sketch_limits *limits)
{
    afmon_sketch_free(&values->sketch, limits);
}
