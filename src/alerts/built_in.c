/* The rules that every monitor has unless it is given others. */
#include "alerts/rules.h"

#include <string.h>

#include "base/status.h"
#include "catalog/metrics.h"

struct built_in {
    const char *name;
    enum afmon_metric_id metric;
    afmon_rule_comparison comparison;
    afmon_level level;
    size_t limit; /* where in afmon_alert_limits: a double */
    const char *limit_name;
    const char *message;
    const char *resolved_message;
};

#define LIMIT(member) offsetof(afmon_alert_limits, member), #member

#define TOKENS "Average token usage: {value:.0f}", "Average token usage is back at {value:.0f}"

static const struct built_in table[AFMON_ALERT_RULES] = {
    {"low_success_rate", AFMON_METRIC_SUCCESS, AFMON_RULE_BELOW, AFMON_WARNING, LIMIT(min_success_rate),
     "Success rate dropped to {value:.1%}", "Success rate is back at {value:.1%}"},
    {"high_generation_time", AFMON_METRIC_GENERATION_TIME, AFMON_RULE_ABOVE, AFMON_WARNING,
     LIMIT(max_generation_time_s), "Average generation time: {value:.1f}s",
     "Average generation time is back at {value:.1f}s"},
    {"high_error_rate", AFMON_METRIC_ERROR, AFMON_RULE_ABOVE, AFMON_ERROR, LIMIT(max_error_rate),
     "Error rate increased to {value:.1%}", "Error rate is back at {value:.1%}"},
    {"high_token_usage:prompt", AFMON_METRIC_PROMPT, AFMON_RULE_ABOVE, AFMON_WARNING, LIMIT(max_prompt_token_mean),
     TOKENS},
    {"high_token_usage:completion", AFMON_METRIC_COMPLETION, AFMON_RULE_ABOVE, AFMON_WARNING,
     LIMIT(max_completion_token_mean), TOKENS},
    {"high_token_usage:total", AFMON_METRIC_TOTAL, AFMON_RULE_ABOVE, AFMON_WARNING, LIMIT(max_total_token_mean),
     TOKENS},
    {"long_conversations", AFMON_METRIC_LENGTH, AFMON_RULE_ABOVE, AFMON_WARNING, LIMIT(max_conversation_length_mean),
     "Average conversation length: {value:.1f} turns", "Average conversation length is back at {value:.1f} turns"},
};

void afmon_alert_limits_init(afmon_alert_limits *limits)
{
    *limits = (afmon_alert_limits){
        .min_success_rate = 0.8,
        .max_generation_time_s = 30,
        .max_error_rate = 0.2,
        .max_prompt_token_mean = 4096,
        .max_completion_token_mean = 4096,
        .max_total_token_mean = 8192,
        .max_conversation_length_mean = 2,
    };
}

void afmon_alert_rule_init(afmon_alert_rule *rule)
{
    *rule = (afmon_alert_rule){.window_s = 300, .level = AFMON_WARNING, .min_samples = 1, .send_resolved = true};
}

static double limit_of(const struct built_in *rule, const afmon_alert_limits *limits)
{
    double limit;
    memcpy(&limit, (const char *)limits + rule->limit, sizeof limit);
    return limit;
}

const char *afmon_alert_limits_bad(const afmon_alert_limits *limits)
{
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        if (!(limit_of(&table[i], limits) >= 0))
            return table[i].limit_name;
    return NULL;
}

afmon_alert_rule afmon_rule_built_in(size_t index, const afmon_alert_limits *limits)
{
    const struct built_in *built_in = &table[index];
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = built_in->name;
    rule.metric = afmon_metric_name(built_in->metric);
    rule.comparison = built_in->comparison;
    rule.level = built_in->level;
    rule.limit = limit_of(built_in, limits);
    rule.message = built_in->message;
    rule.resolved_message = built_in->resolved_message;
    rule.send_resolved = false;
    return rule;
}

afmon_status afmon_rules_built_in(const afmon_alert_limits *limits, afmon_rules *rules, afmon_error *error)
{
    afmon_alert_limits defaults;
    afmon_alert_limits_init(&defaults);
    if (rules == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "give a place for the rules");
    *rules = (afmon_rules){0};
    limits = limits != NULL ? limits : &defaults;
    if (afmon_alert_limits_bad(limits) != NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "limits.%s: give a number that is not negative",
                          afmon_alert_limits_bad(limits));
    afmon_alert_rule built_in[AFMON_ALERT_RULES];
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        built_in[i] = afmon_rule_built_in(i, limits);
    return afmon_rules_copy(built_in, AFMON_ALERT_RULES, rules, error);
}
