/* The summary of many values at once: one to two nanoseconds a value, without a division each. */
#ifndef AFMON_STORE_BATCH_H
#define AFMON_STORE_BATCH_H

#include "store/summary.h"

/* Fills summary from count values; those that are not finite are counted only. */
void afmon_summary_of(struct afmon_summary *summary, const double *values, size_t count);

/* A mean that rounding has not pushed out of the range of the values: that of equal values is that value, and their
 * spread 0. */
static inline double afmon_between(double min, double mean, double max)
{
    return mean < min ? min : mean > max ? max : mean;
}

#endif
