/* Passes of rules over what was read. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "live/rules.h"
#include "live/series.h"

#define LOOKS 64 /* of a rule that needs sketches, within its window */
#define REST 20  /* times as long as judging all passes anew took, it is not done again */

struct window {
    int64_t from; /* quarters of a second: from..to, `to` not included */
    int64_t to;
    struct afmon_cell sum;
    struct afmon_sketch sketch;
};

/* What a window is gathered in is there for a moment. */
static const struct afmon_sketch_limits limits = {.exact_max = AFMON_LIVE_EXACT_MAX};

static bool gather(void *user, int64_t first, int64_t width, const struct afmon_cell *cell,
                   const struct afmon_sketch *sketch)
{
    struct window *window = user;
    int64_t middle = first + width / 2;
    if (middle < window->from || middle >= window->to)
        return true;
    afmon_cell_merge(&window->sum, cell);
    return sketch == NULL || afmon_sketch_merge(&window->sketch, sketch, &limits);
}

static void find_spread(const afmon_alert_rule *rule, struct window *window, struct afmon_finding *finding)
{
    if (rule->aggregate == AFMON_RULE_QUANTILE)
        afmon_sketch_quantiles(&window->sketch, &rule->quantile, 1, &finding->quantile);
    if (rule->aggregate == AFMON_RULE_STDDEV)
        finding->data.stddev = afmon_sketch_stddev(&window->sketch);
}

static int64_t quarters_of(const afmon_alert_rule *rule)
{
    return (int64_t)ceil(rule->window_s * (double)AFMON_NS_PER_S / (double)AFMON_QUARTER_NS);
}

/* What is in the rule's window before the pass. False: no memory. */
static bool look(const struct afmon_live_rule *rule, const struct afmon_cells *cells, int64_t pass,
                 struct afmon_finding *finding)
{
    struct window window = {.from = pass - quarters_of(rule->rule), .to = pass};
    *finding = (struct afmon_finding){.data = {.approximate = true}};
    if (cells == NULL)
        return true;
    bool whole = afmon_cells_each(cells, window.from, window.to - 1, gather, &window);
    const struct afmon_cell *sum = &window.sum;
    if (whole && sum->count > 0) {
        finding->data = (afmon_aggregate){.known = true,
                                          .approximate = true,
                                          .count = sum->count,
                                          .sum = sum->sum,
                                          .mean = sum->sum / (double)sum->count,
                                          .min = sum->min,
                                          .max = sum->max};
        find_spread(rule->rule, &window, finding);
    }
    afmon_sketch_free(&window.sketch, NULL);
    return whole;
}

static void fill_message(struct afmon_live_rule *rule)
{
    afmon_alert alert;
    afmon_live_alert *span = &rule->span;
    afmon_alert_fill(rule->rule, &rule->finding, &rule->step, span->last_ns, span->first_ns, &alert);
    memcpy(span->name, alert.name, sizeof span->name);
    afmon_utf8_copy(span->message, sizeof span->message, alert.message, strlen(alert.message));
}

/* A time in which a rule fired is over; of too many the one that ended first goes. */
static void close_span(struct afmon_live_rules *rules, struct afmon_live_rule *rule, int64_t resolved_ns)
{
    fill_message(rule);
    rule->open = false;
    rule->span.firing = false;
    rule->span.resolved_ns = resolved_ns;
    if (rules->over_count == AFMON_LIVE_ALERTS)
        memmove(rules->over, rules->over + 1, --rules->over_count * sizeof rules->over[0]);
    rules->over[rules->over_count++] = rule->span;
}

static void step_rule(struct afmon_live_rules *rules, struct afmon_live_rule *rule, const struct afmon_finding *finding,
                      int64_t pass_ns)
{
    struct afmon_rule_step step = afmon_rule_step(rule->rule, &rule->state, finding, pass_ns, pass_ns);
    if (!step.fires) {
        if (rule->open)
            close_span(rules, rule, pass_ns);
        return;
    }
    if (!rule->open)
        rule->span =
            (afmon_live_alert){.level = rule->rule->level, .firing = true, .judged = true, .first_ns = pass_ns};
    rule->open = true;
    rule->span.last_ns = pass_ns;
    rule->span.passes++;
    rule->finding = *finding;
    rule->step = step;
}

/* last: nothing comes after it, so every rule is judged. */
static bool judge_pass(struct afmon_live_rules *rules, struct afmon_live_table *table, int64_t pass, int64_t pass_ns,
                       bool last)
{
    for (size_t i = 0; i < rules->list.count; i++) {
        struct afmon_live_rule *rule = &rules->rules[i];
        if (pass < rule->due && !last)
            continue;
        rule->due = rule->cells.timed ? pass + quarters_of(rule->rule) / LOOKS : pass;
        const struct afmon_cells *cells = rule->own ? &rule->cells : afmon_live_cells_of(table, rule->rule->metric);
        struct afmon_finding finding;
        if (!look(rule, cells, pass, &finding))
            return false;
        step_rule(rules, rule, &finding, pass_ns);
    }
    rules->judged = true;
    rules->last = pass;
    return true;
}

/* The pass behind `pass`: as far away as the cells are wide that are kept of then, at least a second. */
static int64_t next_pass(int64_t pass, int64_t now)
{
    int64_t step = AFMON_NS_PER_S / AFMON_QUARTER_NS;
    while (step < INT64_C(1) << 40 && (now - pass) / step >= AFMON_CELLS)
        step *= 4;
    int64_t before = pass / step - (pass % step < 0);
    return (before + 1) * step;
}

static bool judge_until(struct afmon_live_rules *rules, struct afmon_live_table *table,
                        const struct afmon_live_moment *moment, int64_t until)
{
    int64_t now = afmon_quarter_of(moment->now_ns);
    int64_t last = rules->judged ? rules->last : afmon_quarter_of(moment->first_ns);
    for (int64_t pass = next_pass(last, now); pass <= until; pass = next_pass(pass, now))
        if (!judge_pass(rules, table, pass, afmon_quarter_time(pass), false))
            return false;
    if (moment->ended && (!rules->judged || rules->last < until))
        return judge_pass(rules, table, until, moment->last_ns, true);
    return true;
}

afmon_status afmon_live_rules_judge(struct afmon_live_rules *rules, struct afmon_live_table *table,
                                    const struct afmon_live_moment *moment)
{
    int64_t begin_ns = afmon_boot_ns();
    int64_t until = afmon_quarter_of(moment->now_ns) - AFMON_NS_PER_S / AFMON_QUARTER_NS;
    if (moment->ended)
        until = afmon_quarter_of(moment->last_ns) + 1;
    bool anew = rules->judged && (rules->anew || until < rules->last);
    if (anew && begin_ns < rules->due_ns && !(moment->whole && moment->ended))
        return AFMON_OK;
    if (anew)
        afmon_live_rules_forget_passes(rules);
    bool ok = judge_until(rules, table, moment, until);
    int64_t end_ns = afmon_boot_ns();
    if (anew)
        rules->due_ns = end_ns + REST * (end_ns - begin_ns);
    for (size_t i = 0; ok && i < rules->list.count; i++)
        if (rules->rules[i].open)
            fill_message(&rules->rules[i]);
    rules->anew |= !ok;
    return ok ? AFMON_OK : AFMON_E_NO_MEMORY;
}
