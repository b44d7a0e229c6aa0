/* libFuzzer target: whatever a rules file holds, it is read or refused with a place; what was read is a list of good
 * rules, of which messages can be written. */
#include "fuzz.h"

#include "alerts/judge.h"
#include "alerts/rules_file.h"

static void use(const afmon_alert_rule *rule)
{
    struct afmon_rule_state state = {0};
    struct afmon_finding finding = {.data = {.count = 3, .sum = 6, .mean = 2, .min = 1, .max = 3, .stddev = 1}};
    struct afmon_rule_step step = afmon_rule_step(rule, &state, &finding, 1, 1);
    afmon_alert alert;
    for (int i = AFMON_ALERT_FIRED; i <= AFMON_ALERT_RESOLVED; i++) {
        step.state = (afmon_alert_state)i;
        afmon_alert_fill(rule, &finding, &step, 1, 1, &alert);
        MUST(memchr(alert.message, '\0', sizeof alert.message) != NULL);
    }
    (void)afmon_rule_wants(rule, rule->where, rule->where_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    afmon_alert_limits limits;
    afmon_rules rules;
    afmon_error error = {0};
    afmon_alert_limits_init(&limits);
    afmon_status status = afmon_rules_parse("f", data, size, &limits, &rules, &error);
    if (status == AFMON_OK) {
        MUST(afmon_rules_check(rules.rules, rules.count, &error) == AFMON_OK);
        for (size_t i = 0; i < rules.count; i++)
            use(&rules.rules[i]);
    } else {
        MUST(rules.count == 0 && rules.storage == NULL && error.status == status && error.message[0] != '\0');
    }
    afmon_rules_free(&rules);
    return 0;
}
