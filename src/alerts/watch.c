#include "alerts/watch.h"

#include <stdlib.h>
#include <string.h>

bool afmon_alert_watch_init(struct afmon_alert_watch *watch, const afmon_alert_rule *rules, size_t count)
{
    *watch = (struct afmon_alert_watch){.rules = rules, .rule_count = count};
    watch->states = calloc(count + 1, sizeof *watch->states);
    watch->firing = calloc(count + 1, sizeof *watch->firing);
    watch->told = calloc(count + 1, sizeof *watch->told);
    watch->logged = calloc(count + 1, sizeof *watch->logged);
    if (watch->states != NULL && watch->firing != NULL && watch->told != NULL && watch->logged != NULL)
        return true;
    afmon_alert_watch_free(watch);
    return false;
}

void afmon_alert_watch_free(struct afmon_alert_watch *watch)
{
    free(watch->states);
    free(watch->firing);
    free(watch->told);
    free(watch->logged);
    *watch = (struct afmon_alert_watch){0};
}

void afmon_alert_watch_pass(struct afmon_alert_watch *watch, afmon_finder find, void *user, int64_t now_ns,
                            int64_t wall_ns)
{
    watch->passes++;
    watch->firing_count = watch->told_count = watch->logged_count = 0;
    for (size_t i = 0; i < watch->rule_count; i++) {
        const afmon_alert_rule *rule = &watch->rules[i];
        struct afmon_rule_state *state = &watch->states[i];
        struct afmon_finding finding = {0};
        if (find(user, rule, &finding) != AFMON_OK)
            continue;
        struct afmon_rule_step step = afmon_rule_step(rule, state, &finding, now_ns, wall_ns);
        bool logged = step.told || (step.resolved && afmon_rule_logs_end(rule));
        afmon_alert alert;
        if (!step.fires && !logged)
            continue;
        afmon_alert_fill(rule, &finding, &step, wall_ns, state->fired_wall_ns, &alert);
        if (step.fires)
            watch->firing[watch->firing_count++] = alert;
        if (step.told)
            watch->told[watch->told_count++] = alert;
        if (logged)
            watch->logged[watch->logged_count++] = (struct afmon_logged_alert){rule, alert};
    }
}
