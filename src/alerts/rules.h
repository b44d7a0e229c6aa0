/* Alert rules: the built-in ones, what makes a rule a good one, lists of them. */
#ifndef AFMON_ALERTS_RULES_H
#define AFMON_ALERTS_RULES_H

#include <afmon/afmon.h>

/* A built-in rule, `index` below AFMON_ALERT_RULES. Its texts are static. Any thread. */
afmon_alert_rule afmon_rule_built_in(size_t index, const afmon_alert_limits *limits);

/* The first limit that is NaN or negative, by its name; NULL where all are good. */
const char *afmon_alert_limits_bad(const afmon_alert_limits *limits);

/* What is wrong with a rule: the member, and why. */
struct afmon_rule_problem {
    const char *member;
    char why[200];
};

/* True where a rule is good; else *problem says what is wrong. */
bool afmon_rule_check(const afmon_alert_rule *rule, struct afmon_rule_problem *problem);

/* The same for a list: no name may come twice. */
afmon_status afmon_rules_check(const afmon_alert_rule *rules, size_t count, afmon_error *error);

/* Adds a copy of a rule; false: no memory, nothing has changed but perhaps the storage. Begin with a zeroed struct. */
bool afmon_rules_add(afmon_rules *list, const afmon_alert_rule *rule);

/* Copies of texts that live as long as the list. NULL: no memory. */
char *afmon_rules_keep(afmon_rules *list, const char *text, size_t length);

/* Copies all rules into a fresh list. On failure it is empty. */
afmon_status afmon_rules_copy(const afmon_alert_rule *rules, size_t count, afmon_rules *list, afmon_error *error);

#endif
