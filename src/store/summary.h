/* Sums over samples that can be merged: what a chunk, a window, or all time comes to. */
#ifndef AFMON_STORE_SUMMARY_H
#define AFMON_STORE_SUMMARY_H

#include <afmon/afmon.h>

/* mean and m2 (sum of squared differences from the mean) are kept as by Welford, and merged as by Chan, Golub and
 * LeVeque (1979), so that the variance of large values with a small spread is right. */
struct afmon_summary {
    uint64_t count; /* finite values */
    uint64_t not_finite;
    double sum;
    double mean;
    double m2;
    double min;
    double max;
};

void afmon_summary_add(struct afmon_summary *summary, double value); /* begin with a zeroed one */
void afmon_summary_merge(struct afmon_summary *into, const struct afmon_summary *from);

/* Of the same number of values 1 - value (catalog/error_share.h). */
void afmon_summary_complement(struct afmon_summary *summary);

/* Fills everything of an aggregate but the quantiles and the flags. */
void afmon_summary_aggregate(const struct afmon_summary *summary, afmon_aggregate *aggregate);

#endif
