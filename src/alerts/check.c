/* The rules over a whole run, summed up: by rule, and by the times in which one fired. */
#include <math.h>
#include <stdlib.h>

#include "alerts/replay.h"
#include "alerts/rules.h"
#include "base/clock.h"
#include "base/status.h"

#define LEAST_INTERVAL_NS AFMON_NS_PER_S

/* ---- the built-in rules, a span for each ---- */

struct spans {
    const afmon_alert_rule *rules;
    afmon_alert_span *of; /* of every rule */
};

static void fill(const afmon_alert_rule *rule, const struct afmon_walk_pass *pass, afmon_alert *alert)
{
    afmon_alert_fill(rule, pass->finding, &pass->step, pass->time_ns, pass->fired_ns, alert);
}

static int add_to_span(void *user, size_t number, const struct afmon_walk_pass *pass)
{
    struct spans *spans = user;
    const afmon_alert_rule *rule = &spans->rules[number];
    afmon_alert_span *span = &spans->of[number];
    span->passes += pass->step.judged ? pass->repeated + 1 : 0;
    if (!pass->step.fires)
        return 0;
    if (span->passes_held == 0)
        span->first_ns = pass->time_ns;
    span->last_ns = pass->time_ns;
    if (span->passes_held == 0 ||
        afmon_rule_distance(rule, pass->step.value) > afmon_rule_distance(rule, span->worst.value))
        fill(rule, pass, &span->worst);
    span->passes_held++;
    return 0;
}

static bool interval_of(double interval_s, int64_t *interval_ns)
{
    if (isnan(interval_s))
        return false;
    *interval_ns = afmon_seconds_to_ns(interval_s);
    return *interval_ns >= LEAST_INTERVAL_NS;
}

afmon_status afmon_view_check(afmon_view *view, const afmon_alert_limits *limits, double interval_s,
                              afmon_alert_span *spans, size_t *count)
{
    afmon_alert_limits defaults;
    afmon_alert_limits_init(&defaults);
    int64_t interval_ns;
    limits = limits != NULL ? limits : &defaults;
    if (view == NULL || spans == NULL || count == NULL || !interval_of(interval_s, &interval_ns) ||
        afmon_alert_limits_bad(limits) != NULL)
        return AFMON_E_ARGUMENT;
    afmon_alert_rule rules[AFMON_ALERT_RULES];
    afmon_alert_span all[AFMON_ALERT_RULES] = {0};
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        rules[i] = afmon_rule_built_in(i, limits);
    struct spans adding = {.rules = rules, .of = all};
    const struct afmon_replay_options options = {.rules = rules,
                                                 .rule_count = AFMON_ALERT_RULES,
                                                 .interval_ns = interval_ns,
                                                 .judged = add_to_span,
                                                 .user = &adding};
    *count = 0;
    afmon_status status = afmon_replay(view, &options, NULL);
    for (size_t i = 0; i < AFMON_ALERT_RULES && status == AFMON_OK; i++)
        if (all[i].passes_held > 0)
            spans[(*count)++] = all[i];
    return status;
}

/* ---- any rules, an episode for each time that one fired ---- */

struct episodes {
    const afmon_alert_rule *rules;
    afmon_alert_episode **open; /* by rule; NULL: it does not fire */
    uint64_t *judged;           /* by rule; may be NULL */
    int (*visit)(void *user, const afmon_alert_episode *episode);
    void *user;
    bool no_memory;
};

static int end_episode(struct episodes *episodes, size_t rule)
{
    int stop = episodes->visit(episodes->user, episodes->open[rule]);
    free(episodes->open[rule]);
    episodes->open[rule] = NULL;
    return stop;
}

static bool begin_episode(struct episodes *episodes, size_t rule, const struct afmon_walk_pass *pass)
{
    afmon_alert_episode *episode = calloc(1, sizeof *episode);
    if (episode == NULL)
        return false;
    episode->rule = rule;
    episode->began_ns = pass->began_ns;
    fill(&episodes->rules[rule], pass, &episode->fired);
    episode->worst = episode->last = episode->fired;
    episodes->open[rule] = episode;
    return true;
}

static void go_on(struct episodes *episodes, size_t number, const struct afmon_walk_pass *pass)
{
    const afmon_alert_rule *rule = &episodes->rules[number];
    afmon_alert_episode *episode = episodes->open[number];
    episode->told += pass->told;
    fill(rule, pass, &episode->last);
    if (!pass->step.fires)
        return;
    episode->passes += pass->repeated + 1;
    if (pass->step.judged &&
        afmon_rule_distance(rule, pass->step.value) > afmon_rule_distance(rule, episode->worst.value))
        episode->worst = episode->last;
}

static int add_to_episode(void *user, size_t rule, const struct afmon_walk_pass *pass)
{
    struct episodes *episodes = user;
    if (episodes->judged != NULL && pass->step.judged)
        episodes->judged[rule] += pass->repeated + 1;
    if (!pass->step.fires && !pass->step.resolved)
        return 0;
    if (episodes->open[rule] == NULL && !begin_episode(episodes, rule, pass)) {
        episodes->no_memory = true;
        return 1;
    }
    go_on(episodes, rule, pass);
    return pass->step.resolved ? end_episode(episodes, rule) : 0;
}

/* Those that still fire at the end. On failure they are only freed. */
static int end_all(struct episodes *episodes, size_t count, bool visit)
{
    int stop = !visit;
    for (size_t i = 0; i < count; i++) {
        if (episodes->open[i] != NULL && stop == 0)
            stop = end_episode(episodes, i);
        else
            free(episodes->open[i]);
    }
    free(episodes->open);
    return visit ? stop : 0;
}

afmon_status afmon_view_check_rules(afmon_view *view, const afmon_alert_rule *rules, size_t count, double interval_s,
                                    uint64_t *judged, int (*visit)(void *user, const afmon_alert_episode *episode),
                                    void *user, afmon_error *error)
{
    int64_t interval_ns;
    if (view == NULL || visit == NULL || !interval_of(interval_s, &interval_ns))
        return afmon_fail(error, AFMON_E_ARGUMENT, "give a view, a function, and an interval of at least 1 second");
    afmon_status status = afmon_rules_check(rules, count, error);
    if (status != AFMON_OK)
        return status;
    struct episodes episodes = {.rules = rules, .judged = judged, .visit = visit, .user = user};
    episodes.open = calloc(count + 1, sizeof(afmon_alert_episode *));
    if (episodes.open == NULL)
        return afmon_fail_memory(error);
    for (size_t i = 0; judged != NULL && i < count; i++)
        judged[i] = 0;
    const struct afmon_replay_options options = {
        .rules = rules, .rule_count = count, .interval_ns = interval_ns, .judged = add_to_episode, .user = &episodes};
    status = afmon_replay(view, &options, error);
    if (end_all(&episodes, count, status == AFMON_OK) != 0)
        return afmon_fail(error, AFMON_E_CANCELLED, "cancelled");
    return episodes.no_memory ? afmon_fail_memory(error) : status;
}
