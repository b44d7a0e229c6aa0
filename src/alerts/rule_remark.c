/* What is odd about a rule that is valid. */
#include <stdio.h>
#include <string.h>

#include "alerts/judge.h"
#include "base/suggest.h"
#include "catalog/metrics.h"

/* Operations by the names that afterimage's documents have, and by those that its code emits (0.18.1). */
static const struct {
    const char *documented;
    const char *emitted;
} operations[] = {
    {"opensimula.critics.requirement_critique", "opensimula.critic.requirement"},
    {"opensimula.double_critic.probe",
     "opensimula.double_critic.probe_correct or opensimula.double_critic.probe_incorrect"},
    {"opensimula.tasks.single_qa_json", "opensimula.task.single_qa_generate"},
};

/* NULL: the rule is about none of them. */
static const char *emitted_as(const afmon_alert_rule *rule, const char **documented)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        *documented = operations[i].documented;
        const afmon_field operation = afmon_string("operation", *documented);
        const afmon_alert_rule about = {.where = &operation, .where_count = 1};
        if (afmon_rule_wants(&about, rule->where, rule->where_count))
            return operations[i].emitted;
    }
    return NULL;
}

/* A name beginning with one that something must follow is known, too. */
static const char *metric_meant(const char *name)
{
#define NAME(id, text, ...) text,
    static const char *const names[] = {AFMON_METRIC_MAP(NAME)};
#undef NAME
    if (afmon_metric_find(name, strlen(name), NULL) != AFMON_METRIC_OTHER)
        return NULL;
    return afmon_suggest(name, names, sizeof names / sizeof names[0]);
}

bool afmon_alert_rule_remark(const afmon_alert_rule *rule, char *text, size_t size)
{
    const char *documented;
    if (rule == NULL || rule->name == NULL || rule->metric == NULL || text == NULL || size == 0)
        return false;
    const char *emitted = emitted_as(rule, &documented);
    const char *meant = metric_meant(rule->metric);
    if (emitted != NULL)
        snprintf(text, size, "rule '%.63s': afterimage has no operation %s, though its documents say so; it emits %s",
                 rule->name, documented, emitted);
    else if (meant != NULL)
        snprintf(text, size, "rule '%.63s': no metric of afmon's is called '%.63s'; did you mean '%s'?", rule->name,
                 rule->metric, meant);
    return emitted != NULL || meant != NULL;
}
