/* The share of calls with an error, in runs whose error_rate does not tell it. Afterimage's own monitor records
 * error_rate only where a call failed, and its generators a second time beside it: there the mean is always 1. A rule
 * on that mean is judged by success_rate instead, by 1 where a call failed, else 0. */
#ifndef AFMON_ALERTS_ERROR_SHARE_H
#define AFMON_ALERTS_ERROR_SHARE_H

#include <afmon/afmon.h>

/* What a run has recorded: finite values that carry no mark (catalog/bare.h). */
struct afmon_outcome_counts {
    uint64_t outcomes; /* samples of success_rate */
    uint64_t errors;   /* samples of error_rate */
    uint64_t ones;     /* those that are 1 */
    bool marked;       /* there are samples with a mark: our own monitor was at work */
};

/* True where error_rate has no zero, and is not there for each call as our own monitor records it. */
bool afmon_errors_lack_zeros(const struct afmon_outcome_counts *counts);

/* True for a rule on the mean of error_rate. */
bool afmon_rule_is_error_share(const afmon_alert_rule *rule);

/* What a sample of success_rate adds to it; nothing (not finite) where it is nothing itself. */
double afmon_error_of_outcome(double success);

#endif
