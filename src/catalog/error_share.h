/* The share of calls with an error, in runs whose error_rate does not tell it. Afterimage's own monitor records
 * error_rate only where a call failed, and its generators a second time beside it: there the mean is always 1. Figures
 * of error_rate, and rules on it, are those of success_rate then: 0 where a call succeeded, 1 where it failed. The
 * samples stay as they are, for who lists or exports them. */
#ifndef AFMON_CATALOG_ERROR_SHARE_H
#define AFMON_CATALOG_ERROR_SHARE_H

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

/* True for a rule on error_rate that takes all of its samples. One that asks for metadata is judged by the samples that
 * have them: an outcome has no error type. */
bool afmon_rule_is_error_share(const afmon_alert_rule *rule);

/* What a sample of success_rate adds to it; not finite where that is not. */
double afmon_error_of_outcome(double success);

#endif
