#include "live/rules.h"

#include <string.h>

#include "alerts/rules.h"
#include "base/clock.h"
#include "base/status.h"

#define LATE_NS (10 * AFMON_NS_PER_S) /* a sample that comes so late is worth judging again */

static bool needs_cells(const afmon_alert_rule *rule)
{
    return rule->where_count > 0 || rule->aggregate == AFMON_RULE_QUANTILE || rule->aggregate == AFMON_RULE_STDDEV;
}

afmon_status afmon_live_rules_init(struct afmon_live_rules *rules, const afmon_alert_rule *given, size_t count,
                                   struct afmon_cell_account *account, afmon_error *error)
{
    afmon_status status;
    rules->given = given != NULL;
    if (count > AFMON_LIVE_RULES)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%zu rules were given; a follower judges at most %d", count,
                          AFMON_LIVE_RULES);
    if (rules->given) {
        status = afmon_rules_check(given, count, error);
        if (status == AFMON_OK)
            status = afmon_rules_copy(given, count, &rules->list, error);
    } else {
        status = afmon_rules_built_in(NULL, &rules->list, error);
    }
    for (size_t i = 0; status == AFMON_OK && i < rules->list.count; i++) {
        struct afmon_live_rule *rule = &rules->rules[i];
        rule->rule = &rules->list.rules[i];
        rule->own = needs_cells(rule->rule);
        rule->cells.account = account;
        rule->due = INT64_MIN;
        rule->cells.timed = rule->rule->aggregate == AFMON_RULE_QUANTILE || rule->rule->aggregate == AFMON_RULE_STDDEV;
    }
    return status;
}

void afmon_live_rules_forget_passes(struct afmon_live_rules *rules)
{
    for (size_t i = 0; i < rules->list.count; i++) {
        struct afmon_live_rule *rule = &rules->rules[i];
        rule->state = (struct afmon_rule_state){0};
        rule->open = false;
        rule->due = INT64_MIN;
    }
    rules->over_count = 0;
    rules->judged = rules->anew = false;
}

void afmon_live_rules_forget(struct afmon_live_rules *rules)
{
    for (size_t i = 0; i < rules->list.count; i++) {
        afmon_cells_free(&rules->rules[i].cells);
    }
    afmon_live_rules_forget_passes(rules);
    rules->due_ns = 0;
}

void afmon_live_rules_free(struct afmon_live_rules *rules)
{
    afmon_live_rules_forget(rules);
    afmon_rules_free(&rules->list);
}

bool afmon_live_rules_name(const struct afmon_live_rules *rules, const char *metric, size_t length, uint64_t *own)
{
    bool named = false;
    *own = 0;
    for (size_t i = 0; rules != NULL && i < rules->list.count; i++) {
        const char *wanted = rules->list.rules[i].metric;
        if (strlen(wanted) != length || memcmp(wanted, metric, length) != 0)
            continue;
        named = true;
        *own |= rules->rules[i].own ? UINT64_C(1) << i : 0;
    }
    return named;
}

uint64_t afmon_live_rules_want(const struct afmon_live_rules *rules, const afmon_field *fields, size_t count)
{
    uint64_t wanted = 0;
    for (size_t i = 0; rules != NULL && i < rules->list.count; i++)
        if (afmon_rule_wants(&rules->list.rules[i], fields, count))
            wanted |= UINT64_C(1) << i;
    return wanted;
}

bool afmon_live_rules_take(struct afmon_live_rules *rules, uint64_t which, int64_t time_ns, double value)
{
    bool ok = true;
    for (size_t i = 0; which != 0 && i < rules->list.count; i++, which >>= 1)
        if ((which & 1) != 0)
            ok = afmon_cells_add(&rules->rules[i].cells, time_ns, value) && ok;
    return ok;
}

void afmon_live_rules_note(struct afmon_live_rules *rules, int64_t time_ns, bool past)
{
    if (rules->judged && (past || time_ns / AFMON_QUARTER_NS < rules->last - LATE_NS / AFMON_QUARTER_NS))
        rules->anew = true;
}

size_t afmon_live_rules_alerts(const struct afmon_live_rules *rules, afmon_live_alert *alerts)
{
    size_t count = rules->over_count;
    memcpy(alerts, rules->over, count * sizeof *alerts);
    for (size_t i = 0; i < rules->list.count; i++)
        if (rules->rules[i].open)
            alerts[count++] = rules->rules[i].span;
    return count;
}

void afmon_live_rules_narrow(struct afmon_live_rules *rules)
{
    for (size_t i = 0; i < rules->list.count; i++)
        if (rules->rules[i].cells.timed)
            afmon_cells_narrow(&rules->rules[i].cells);
}

size_t afmon_live_rules_bytes(const struct afmon_live_rules *rules)
{
    size_t bytes = 0;
    for (size_t i = 0; i < rules->list.count; i++)
        bytes += afmon_cells_bytes(&rules->rules[i].cells);
    return bytes;
}
