#include "alerts/rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LIMIT(member) offsetof(afmon_alert_limits, member), #member

static const struct afmon_alert_rule rules[AFMON_ALERT_RULES] = {
    {"low_success_rate", "success_rate", true, AFMON_WARNING, LIMIT(min_success_rate), "Success rate dropped to ",
     AFMON_ALERT_PERCENT, ""},
    {"high_generation_time", "generation_time", false, AFMON_WARNING, LIMIT(max_generation_time_s),
     "Average generation time: ", AFMON_ALERT_ONE_DECIMAL, "s"},
    {"high_error_rate", "error_rate", false, AFMON_ERROR, LIMIT(max_error_rate), "Error rate increased to ",
     AFMON_ALERT_PERCENT, ""},
    {"high_token_usage:prompt", "prompt_token_count", false, AFMON_WARNING, LIMIT(max_prompt_token_mean),
     "Average token usage: ", AFMON_ALERT_WHOLE, ""},
    {"high_token_usage:completion", "completion_token_count", false, AFMON_WARNING, LIMIT(max_completion_token_mean),
     "Average token usage: ", AFMON_ALERT_WHOLE, ""},
    {"high_token_usage:total", "total_token_count", false, AFMON_WARNING, LIMIT(max_total_token_mean),
     "Average token usage: ", AFMON_ALERT_WHOLE, ""},
    {"long_conversations", "conversation_length", false, AFMON_WARNING, LIMIT(max_conversation_length_mean),
     "Average conversation length: ", AFMON_ALERT_ONE_DECIMAL, " turns"},
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

const struct afmon_alert_rule *afmon_alert_rule_at(size_t index)
{
    return &rules[index];
}

double afmon_alert_rule_limit(const struct afmon_alert_rule *rule, const afmon_alert_limits *limits)
{
    double limit;
    memcpy(&limit, (const char *)limits + rule->limit, sizeof limit);
    return limit;
}

const char *afmon_alert_limits_bad(const afmon_alert_limits *limits)
{
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        if (!(afmon_alert_rule_limit(&rules[i], limits) >= 0))
            return rules[i].limit_name;
    return NULL;
}

double afmon_alert_mean(const afmon_aggregate *aggregate)
{
    if (!isfinite(aggregate->sum)) /* beyond a double's range, which the mean is not */
        return aggregate->mean;
    /* Equal values have that mean, however their sum is rounded. */
    return fmax(aggregate->min, fmin(aggregate->max, aggregate->sum / (double)aggregate->count));
}

bool afmon_alert_rule_holds(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate)
{
    if (aggregate->count == 0)
        return false;
    double mean = afmon_alert_mean(aggregate);
    return rule->below ? mean < limit : mean > limit;
}

/* As Python's format() does it: the exact value is rounded. printf puts the locale's decimal point, which may be longer
 * than a byte, between the digits: whatever is no digit there is it. */
static void format_fixed(char *out, size_t size, double value, int decimals)
{
    char text[400]; /* the largest double has 309 digits */
    (void)snprintf(text, sizeof text, "%.*f", decimals, value);
    size_t whole = strspn(text, "-0123456789");
    if (decimals == 0 || !isfinite(value))
        (void)snprintf(out, size, "%s", text);
    else
        (void)snprintf(out, size, "%.*s.%s", (int)whole, text, text + strlen(text) - (size_t)decimals);
}

static void write_message(const struct afmon_alert_rule *rule, double mean, char *message, size_t size)
{
    char number[400];
    if (rule->form == AFMON_ALERT_PERCENT)
        format_fixed(number, sizeof number, mean * 100, 1);
    else
        format_fixed(number, sizeof number, mean, rule->form == AFMON_ALERT_WHOLE ? 0 : 1);
    char text[480];
    (void)snprintf(text, sizeof text, "%s%s%s%s", rule->before, number, rule->form == AFMON_ALERT_PERCENT ? "%" : "",
                   rule->after);
    size_t length = strlen(text) < size ? strlen(text) : size - 1; /* all ASCII: may be cut anywhere */
    memcpy(message, text, length);
    message[length] = '\0';
}

void afmon_alert_fill(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate,
                      int64_t now_ns, afmon_alert *alert)
{
    *alert = (afmon_alert){.level = rule->level, .timestamp_ns = now_ns, .limit = limit, .data = *aggregate};
    alert->data.mean = afmon_alert_mean(aggregate);
    (void)snprintf(alert->name, sizeof alert->name, "%s", rule->name);
    (void)snprintf(alert->metric, sizeof alert->metric, "%s", rule->metric);
    write_message(rule, alert->data.mean, alert->message, sizeof alert->message);
}

size_t afmon_alerts_evaluate(const afmon_alert_limits *limits, afmon_alert_provider provider, void *user,
                             int64_t now_ns, afmon_alert *alerts)
{
    size_t count = 0;
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++) {
        afmon_aggregate aggregate = {0};
        double limit = afmon_alert_rule_limit(&rules[i], limits);
        if (provider(user, rules[i].metric, &aggregate) == AFMON_OK &&
            afmon_alert_rule_holds(&rules[i], limit, &aggregate))
            afmon_alert_fill(&rules[i], limit, &aggregate, now_ns, &alerts[count++]);
    }
    return count;
}
