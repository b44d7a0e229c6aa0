#include "alerts/rules.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Rounded by hand: printf's decimal point depends on the locale. One decimal, half away from zero. */
static void format_tenths(char out[48], double value)
{
    double tenths = round(value * 10);
    if (!(fabs(tenths) < 1e15)) {
        snprintf(out, 48, "%s", value > 0 ? "more than 1e14" : "less than -1e14");
        return;
    }
    long long whole = (long long)fabs(tenths);
    snprintf(out, 48, "%s%lld.%lld", tenths < 0 ? "-" : "", whole / 10, whole % 10);
}

static void success_message(char *out, size_t size, double mean)
{
    char number[48];
    format_tenths(number, mean * 100);
    snprintf(out, size, "Success rate dropped to %s%%", number);
}

static void error_message(char *out, size_t size, double mean)
{
    char number[48];
    format_tenths(number, mean * 100);
    snprintf(out, size, "Error rate increased to %s%%", number);
}

static void time_message(char *out, size_t size, double mean)
{
    char number[48];
    format_tenths(number, mean);
    snprintf(out, size, "Average generation time: %ss", number);
}

static void token_message(char *out, size_t size, double mean)
{
    snprintf(out, size, "Average token usage: %.0f", mean);
}

static void turns_message(char *out, size_t size, double mean)
{
    char number[48];
    format_tenths(number, mean);
    snprintf(out, size, "Average conversation length: %s turns", number);
}

#define LIMIT(member) offsetof(afmon_alert_limits, member)

static const struct afmon_alert_rule rules[AFMON_ALERT_RULES] = {
    {"low_success_rate", "success_rate", AFMON_WARNING, AFMON_ALERT_BELOW, LIMIT(min_success_rate), success_message},
    {"high_generation_time", "generation_time", AFMON_WARNING, AFMON_ALERT_ABOVE, LIMIT(max_generation_time_s),
     time_message},
    {"high_error_rate", "error_rate", AFMON_ERROR, AFMON_ALERT_ABOVE, LIMIT(max_error_rate), error_message},
    {"high_token_usage:prompt", "prompt_token_count", AFMON_WARNING, AFMON_ALERT_ABOVE, LIMIT(max_prompt_token_mean),
     token_message},
    {"high_token_usage:completion", "completion_token_count", AFMON_WARNING, AFMON_ALERT_ABOVE,
     LIMIT(max_completion_token_mean), token_message},
    {"high_token_usage:total", "total_token_count", AFMON_WARNING, AFMON_ALERT_ABOVE, LIMIT(max_total_token_mean),
     token_message},
    {"long_conversations", "conversation_length", AFMON_WARNING, AFMON_ALERT_ABOVE,
     LIMIT(max_conversation_length_mean), turns_message},
};

void afmon_alert_limits_init(afmon_alert_limits *limits)
{
    *limits = (afmon_alert_limits){.min_success_rate = 0.8,
                                   .max_generation_time_s = 30,
                                   .max_error_rate = 0.2,
                                   .max_prompt_token_mean = 4096,
                                   .max_completion_token_mean = 4096,
                                   .max_total_token_mean = 8192,
                                   .max_conversation_length_mean = 2};
}

const struct afmon_alert_rule *afmon_alert_rule_at(size_t index)
{
    return &rules[index];
}

double afmon_alert_limit(const struct afmon_alert_rule *rule, const afmon_alert_limits *limits)
{
    double limit;
    memcpy(&limit, (const char *)limits + rule->limit, sizeof limit);
    return limit;
}

bool afmon_alert_holds(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate)
{
    if (aggregate->count == 0)
        return false;
    return rule->direction == AFMON_ALERT_BELOW ? aggregate->mean < limit : aggregate->mean > limit;
}

void afmon_alert_fill(const struct afmon_alert_rule *rule, double limit, const afmon_aggregate *aggregate, int64_t now_ns,
                      afmon_alert *alert)
{
    memset(alert, 0, sizeof *alert);
    snprintf(alert->name, sizeof alert->name, "%s", rule->name);
    snprintf(alert->metric, sizeof alert->metric, "%s", rule->metric);
    rule->message(alert->message, sizeof alert->message, aggregate->mean);
    alert->level = rule->level;
    alert->timestamp_ns = now_ns;
    alert->limit = limit;
    alert->data = *aggregate;
}

size_t afmon_alerts_evaluate(const afmon_alert_limits *limits, afmon_alerts_mean mean, void *user, int64_t now_ns,
                             afmon_alert *alerts)
{
    size_t count = 0;
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++) {
        afmon_aggregate aggregate = {0};
        double limit = afmon_alert_limit(&rules[i], limits);
        if (mean(user, rules[i].metric, &aggregate) == AFMON_OK && afmon_alert_holds(&rules[i], limit, &aggregate))
            afmon_alert_fill(&rules[i], limit, &aggregate, now_ns, &alerts[count++]);
    }
    return count;
}
