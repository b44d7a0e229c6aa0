/* What makes a rule a good one. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/message.h"
#include "alerts/rules.h"
#include "base/status.h"
#include "base/text.h"

__attribute__((format(printf, 3, 4))) static bool bad(struct afmon_rule_problem *problem, const char *member,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem->member = member;
    (void)vsnprintf(problem->why, sizeof problem->why, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool check_name(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    if (rule->name == NULL || rule->name[0] == '\0')
        return bad(problem, "name", "give the rule a name");
    size_t length = strlen(rule->name);
    if (length > AFMON_RULE_NAME_MAX)
        return bad(problem, "name", "give a name of at most %d bytes", AFMON_RULE_NAME_MAX);
    bool good = is_letter(rule->name[0]);
    for (size_t i = 1; good && i < length; i++)
        good = is_letter(rule->name[i]) || strchr("0123456789_:.-", rule->name[i]) != NULL;
    return good || bad(problem, "name", "give a name of a letter, then letters, digits and any of _ : . -");
}

static bool check_metric(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    if (rule->metric == NULL || rule->metric[0] == '\0')
        return bad(problem, "metric", "give the name of a metric");
    size_t length = strlen(rule->metric);
    if (length > AFMON_RULE_METRIC_MAX)
        return bad(problem, "metric", "give a name of at most %d bytes", AFMON_RULE_METRIC_MAX);
    return afmon_utf8_valid(rule->metric, length) || bad(problem, "metric", "give a name in UTF-8");
}

static bool check_aggregate(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    if ((unsigned)rule->aggregate > AFMON_RULE_QUANTILE)
        return bad(problem, "aggregate", "%d is none", (int)rule->aggregate);
    if (rule->aggregate == AFMON_RULE_QUANTILE && !(rule->quantile >= 0 && rule->quantile <= 1))
        return bad(problem, "quantile", "give a number from 0 to 1");
    if ((unsigned)rule->level > AFMON_ERROR)
        return bad(problem, "level", "%d is none", (int)rule->level);
    bool empty_is_zero =
        rule->aggregate == AFMON_RULE_COUNT || rule->aggregate == AFMON_RULE_RATE || rule->aggregate == AFMON_RULE_SUM;
    if (rule->min_samples == 0 && !empty_is_zero)
        return bad(problem, "min_samples", "give at least 1: only count, rate and sum are known of no samples");
    return true;
}

static bool check_limit(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    if ((unsigned)rule->comparison > AFMON_RULE_AT_LEAST)
        return bad(problem, "comparison", "%d is none", (int)rule->comparison);
    if (isnan(rule->limit))
        return bad(problem, "limit", "give a number");
    if (!rule->clear.given)
        return true;
    bool low = rule->comparison == AFMON_RULE_BELOW || rule->comparison == AFMON_RULE_AT_MOST;
    bool good = low ? rule->clear.value >= rule->limit : rule->clear.value <= rule->limit;
    return good || bad(problem, "clear",
                       low ? "give the limit or more: below it the rule fires"
                           : "give the limit or less: above it the rule fires");
}

static bool check_duration(double seconds, double least, const char *member, struct afmon_rule_problem *problem)
{
    if (seconds >= least && seconds <= AFMON_RULE_SECONDS_MAX)
        return true;
    return bad(problem, member, "give %s to 7 days", least > 0 ? "1 second" : "0");
}

static bool check_times(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    return check_duration(rule->window_s, 1, "window", problem) && check_duration(rule->for_s, 0, "for", problem) &&
           check_duration(rule->keep_firing_for_s, 0, "keep_firing_for", problem) &&
           ((isinf(rule->renotify_s) && rule->renotify_s > 0) ||
            check_duration(rule->renotify_s, 0, "renotify", problem));
}

static bool check_where(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    if (rule->where_count > AFMON_RULE_WHERE_MAX)
        return bad(problem, "where", "give at most %d fields", AFMON_RULE_WHERE_MAX);
    if (rule->where_count > 0 && rule->where == NULL)
        return bad(problem, "where", "NULL, though its count is not 0");
    for (size_t i = 0; i < rule->where_count; i++) {
        const afmon_field *field = &rule->where[i];
        if (field->key == NULL || (field->key_length == 0 && field->key[0] == '\0'))
            return bad(problem, "where", "a field has no key");
        if ((unsigned)field->type > AFMON_BOOL)
            return bad(problem, "where", "give a text, a number, a boolean or null");
        if (field->type == AFMON_STRING && field->as.text.data == NULL && field->as.text.length > 0)
            return bad(problem, "where", "a field has no text");
    }
    return true;
}

static bool check_message(const char *message, const char *member, struct afmon_rule_problem *problem)
{
    char why[sizeof problem->why];
    if (message == NULL)
        return true;
    size_t length = strlen(message);
    if (length == 0 || length > AFMON_RULE_MESSAGE_MAX)
        return bad(problem, member, "give 1 to %d bytes", AFMON_RULE_MESSAGE_MAX);
    if (!afmon_utf8_valid(message, length))
        return bad(problem, member, "give a text in UTF-8");
    return afmon_message_check(message, why, sizeof why) || bad(problem, member, "%s", why);
}

bool afmon_rule_check(const afmon_alert_rule *rule, struct afmon_rule_problem *problem)
{
    return check_name(rule, problem) && check_metric(rule, problem) && check_aggregate(rule, problem) &&
           check_limit(rule, problem) && check_times(rule, problem) && check_where(rule, problem) &&
           check_message(rule->message, "message", problem) &&
           check_message(rule->resolved_message, "resolved_message", problem);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* No name may come twice. */
static afmon_status check_names(const afmon_alert_rule *rules, size_t count, afmon_error *error)
{
    const char **names = malloc((count + 1) * sizeof *names);
    if (names == NULL)
        return afmon_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        names[i] = rules[i].name;
    qsort(names, count, sizeof *names, compare_names);
    const char *twice = NULL;
    for (size_t i = 1; i < count && twice == NULL; i++)
        twice = strcmp(names[i - 1], names[i]) == 0 ? names[i] : NULL;
    free(names);
    return twice == NULL ? AFMON_OK : afmon_fail(error, AFMON_E_ARGUMENT, "two rules are called '%s'", twice);
}

afmon_status afmon_rules_check(const afmon_alert_rule *rules, size_t count, afmon_error *error)
{
    if (rules == NULL && count > 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "rules is NULL though its count is not 0");
    if (count > AFMON_MOST_RULES)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%zu rules: give at most %d", count, AFMON_MOST_RULES);
    for (size_t i = 0; i < count; i++) {
        struct afmon_rule_problem problem;
        if (!afmon_rule_check(&rules[i], &problem))
            return afmon_fail(error, AFMON_E_ARGUMENT, "rules[%zu]%s%.64s%s: %s: %s", i, rules[i].name ? " '" : "",
                              rules[i].name ? rules[i].name : "", rules[i].name ? "'" : "", problem.member,
                              problem.why);
    }
    return check_names(rules, count, error);
}
