/* The built-in alert rules: each holds where the mean of one metric over five minutes is strictly beyond a limit. */
#ifndef AFMON_ALERTS_RULES_H
#define AFMON_ALERTS_RULES_H

#include <afmon/afmon.h>

#define AFMON_ALERT_WINDOW_US INT64_C(300000000)
#define AFMON_ALERT_WINDOW_NS (AFMON_ALERT_WINDOW_US * 1000)

/* How the mean stands in the message. */
enum afmon_alert_form {
    AFMON_ALERT_PERCENT,     /* 62.5% */
    AFMON_ALERT_ONE_DECIMAL, /* 31.4 */
    AFMON_ALERT_WHOLE        /* 5000 */
};

struct afmon_alert_rule {
    const char *name;
    const char *metric;
    bool below; /* holds below the limit, else above it */
    afmon_level level;
    size_t limit; /* where in afmon_alert_limits: a double */
    const char *limit_name;
    const char *before; /* the message around the mean */
    enum afmon_alert_form form;
    const char *after;
};

/* Rule `index`, below AFMON_ALERT_RULES. No two rules are of one metric. Any thread. */
const struct afmon_alert_rule *afmon_alert_rule_at(size_t index);

double afmon_alert_rule_limit(const struct afmon_alert_rule *rule, const afmon_alert_limits *limits);

/* The mean that is judged: sum by count, so that it is exact where the sum is, as with rates, tokens and turns: four of
 * five must not come out a little below 0.8, as a running mean may. */
double afmon_alert_mean(const afmon_aggregate *aggregate);

/* True where there is something to judge and it is beyond the limit. */
bool afmon_alert_rule_holds(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate);

/* Fills in the alert of a rule that holds. */
void afmon_alert_fill(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate,
                      int64_t now_ns, afmon_alert *alert);

/* The first limit that is NaN or negative, by its name; NULL where all are good. */
const char *afmon_alert_limits_bad(const afmon_alert_limits *limits);

/* One pass: asks `aggregate` for the last five minutes of each rule's metric, and writes the alerts that hold
 * (room for AFMON_ALERT_RULES). A metric that cannot be asked is passed over. Returns how many hold. */
typedef afmon_status (*afmon_alert_provider)(void *user, const char *metric, afmon_aggregate *aggregate);
size_t afmon_alerts_evaluate(const afmon_alert_limits *limits, afmon_alert_provider provider, void *user,
                             int64_t now_ns, afmon_alert *alerts);

#endif
