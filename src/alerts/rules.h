/* The built-in alert rules: section 5 of the contract. */
#ifndef AFMON_ALERTS_RULES_H
#define AFMON_ALERTS_RULES_H

#include <afmon/afmon.h>

#define AFMON_ALERT_WINDOW_US INT64_C(300000000) /* the last five minutes */

enum afmon_alert_direction { AFMON_ALERT_BELOW, AFMON_ALERT_ABOVE };

/* One rule: it holds where the mean of its metric is strictly beyond its limit, and there is at least one sample. */
struct afmon_alert_rule {
    const char *name;
    const char *metric;
    afmon_level level;
    enum afmon_alert_direction direction;
    size_t limit;                                            /* offset of its limit in afmon_alert_limits */
    void (*message)(char *out, size_t size, double mean); /* the alert's text */
};

/* The rules, AFMON_ALERT_RULES of them, in the contract's order. */
const struct afmon_alert_rule *afmon_alert_rule_at(size_t index);

/* The rule's limit. */
double afmon_alert_limit(const struct afmon_alert_rule *rule, const afmon_alert_limits *limits);

/* True where the rule holds for this aggregate. */
bool afmon_alert_holds(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate);

/* Fills in an alert that holds. */
void afmon_alert_fill(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate, int64_t now_ns,
                      afmon_alert *alert);

/* Gives the aggregate (without quantiles) of a metric over the window of the pass. */
typedef afmon_status (*afmon_alerts_mean)(void *user, const char *metric, afmon_aggregate *aggregate);

/* One pass: fills alerts (room for AFMON_ALERT_RULES) with those that hold; returns how many. now_ns: their timestamp. A metric whose aggregate cannot be had is passed over. */
size_t afmon_alerts_evaluate(const afmon_alert_limits *limits, afmon_alerts_mean mean, void *user, int64_t now_ns,
                             afmon_alert *alerts);

#endif
