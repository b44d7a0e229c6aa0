#include "catalog/error_share.h"

#include <string.h>

#include "catalog/metrics.h"

bool afmon_errors_lack_zeros(const struct afmon_outcome_counts *counts)
{
    return !counts->marked && counts->errors > 0 && counts->ones == counts->errors && counts->outcomes > 0 &&
           counts->outcomes != counts->errors;
}

bool afmon_rule_is_error_share(const afmon_alert_rule *rule)
{
    return rule->where_count == 0 && strcmp(rule->metric, afmon_metric_name(AFMON_METRIC_ERROR)) == 0;
}

double afmon_error_of_outcome(double success)
{
    return 1.0 - success;
}
