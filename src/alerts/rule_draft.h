/* A rule of a rules file while it is read: what was given, and where. */
#ifndef AFMON_ALERTS_RULE_DRAFT_H
#define AFMON_ALERTS_RULE_DRAFT_H

#include "alerts/rules.h"
#include "alerts/yaml.h"

enum afmon_rule_key {
    AFMON_KEY_NAME,
    AFMON_KEY_ENABLED,
    AFMON_KEY_METRIC,
    AFMON_KEY_WHERE,
    AFMON_KEY_AGGREGATE,
    AFMON_KEY_WINDOW,
    AFMON_KEY_BELOW, /* these four in the order of afmon_rule_comparison */
    AFMON_KEY_ABOVE,
    AFMON_KEY_AT_MOST,
    AFMON_KEY_AT_LEAST,
    AFMON_KEY_CLEAR,
    AFMON_KEY_FOR,
    AFMON_KEY_KEEP_FIRING_FOR,
    AFMON_KEY_MIN_SAMPLES,
    AFMON_KEY_RENOTIFY,
    AFMON_KEY_SEND_RESOLVED,
    AFMON_KEY_LEVEL,
    AFMON_KEY_MESSAGE,
    AFMON_KEY_RESOLVED_MESSAGE,
    AFMON_RULE_KEYS
};

struct afmon_rule_draft {
    afmon_alert_rule rule;
    afmon_field where[AFMON_RULE_WHERE_MAX];
    afmon_rules texts; /* a list without rules: keeps the texts */
    bool enabled;
    bool given[AFMON_RULE_KEYS];
    struct afmon_yaml_place places[AFMON_RULE_KEYS]; /* of the values */
    struct afmon_yaml_place place;                   /* of the rule */
};

/* Reads the mapping that begins with the event at hand. The draft must be freed in any case. */
bool afmon_rule_draft_read(struct afmon_yaml *yaml, struct afmon_rule_draft *draft);
void afmon_rule_draft_free(struct afmon_rule_draft *draft);

/* Puts what was given over a built-in rule. False: an error, what cannot be changed was given. */
bool afmon_rule_draft_over(struct afmon_yaml *yaml, const struct afmon_rule_draft *draft, afmon_alert_rule *rule);

/* Checks the rule that came of a draft, and says where it is wrong. */
bool afmon_rule_draft_check(struct afmon_yaml *yaml, const struct afmon_rule_draft *draft,
                            const afmon_alert_rule *rule);

#endif
