/* Quantiles of type 7 (Hyndman and Fan 1996), computed as numpy does, so that both give the same double. */
#ifndef AFMON_BASE_QUANTILE_H
#define AFMON_BASE_QUANTILE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* A quantile lies between the order statistics rank and rank + 1 (from 0). */
struct afmon_quantile_place {
    uint64_t rank;
    double fraction;
};

static inline bool afmon_quantile_valid(double q)
{
    return q >= 0.0 && q <= 1.0;
}

/* The place of quantile q, which is valid, among count > 0 values. */
static inline struct afmon_quantile_place afmon_quantile_place(double q, uint64_t count)
{
    double at = q * (double)(count - 1);
    uint64_t rank = (uint64_t)at;
    return (struct afmon_quantile_place){.rank = rank, .fraction = at - (double)rank};
}

/* The value between the two order statistics. */
static inline double afmon_quantile_between(double low, double high, double fraction)
{
    double difference = high - low;
    if (!isfinite(difference)) /* of opposite signs, and huge */
        return low * (1.0 - fraction) + high * fraction;
    return fraction < 0.5 ? low + difference * fraction : high - difference * (1.0 - fraction);
}

#endif
