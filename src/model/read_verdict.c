/* What to think of a run, and why. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "model/model_internal.h"
#include "model/standstill.h"

#define FAILED_ABOVE 0.5    /* of what had finished failed */
#define DEGRADED_ABOVE 0.05 /* likewise */
#define NONE_OF 50          /* finished, and none accepted */
#define HELD_ABOVE 0.05     /* of the run an alert of level error held */
#define RULES_TOLD 32       /* rules that have a sentence */
#define REMARKS_MAX (RULES_TOLD + 16)

const char *afmon_verdict_name(afmon_verdict verdict)
{
    switch (verdict) {
    case AFMON_VERDICT_HEALTHY:
        return "healthy";
    case AFMON_VERDICT_DEGRADED:
        return "degraded";
    case AFMON_VERDICT_FAILED:
        return "failed";
    case AFMON_VERDICT_NO_DATA:
        break;
    }
    return "no_data";
}

struct remarks {
    struct afmon_pool *pool;
    afmon_remark *list;
    size_t count;
};

static struct remarks remarks_begin(struct afmon_pool *pool)
{
    return (struct remarks){.pool = pool, .list = afmon_pool_array(pool, REMARKS_MAX, sizeof(afmon_remark))};
}

__attribute__((format(printf, 3, 4))) static void say(struct remarks *remarks, afmon_level level, const char *format,
                                                      ...)
{
    char text[1024];
    va_list list;
    if (remarks->list == NULL || remarks->count == REMARKS_MAX)
        return;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    size_t kept = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    remarks->list[remarks->count++] = (afmon_remark){level, afmon_pool_text(remarks->pool, text, kept)};
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- What had finished, and how ---- */

struct outcome {
    char what[64];      /* "conversations" */
    const char *ending; /* "failed" */
    uint64_t count;
    uint64_t failed;
    uint64_t accepted;
    uint64_t rejected;
};

static struct outcome outcome_of(const afmon_run_summary *summary)
{
    struct outcome outcome = {.what = "item"};
    for (size_t i = 0; i < summary->item_count; i++) {
        outcome.count += summary->items[i].finished;
        outcome.failed += summary->items[i].failed;
        outcome.accepted += summary->items[i].accepted;
        outcome.rejected += summary->items[i].rejected;
        if (summary->item_count == 1)
            (void)snprintf(outcome.what, sizeof outcome.what, "%s", summary->items[i].kind);
    }
    if (outcome.count == 0 && summary->calls > 0)
        outcome = (struct outcome){.what = "call", .count = summary->calls, .failed = summary->call_failures};
    else if (outcome.count == 0)
        outcome = (struct outcome){
            .what = "evaluation", .count = summary->evaluations, .failed = summary->evaluation_failures};
    if (outcome.failed > outcome.count)
        outcome.failed = outcome.count;
    if (summary->item_count == 0)
        outcome.accepted = outcome.count - outcome.failed;
    return outcome;
}

static double failed_share(const struct outcome *outcome)
{
    return afmon_read_share(outcome->failed, outcome->count);
}

static void say_outcome(const struct outcome *outcome, struct remarks *reasons, afmon_level level)
{
    if (outcome->count == 0)
        say(reasons, AFMON_INFO, "No item, no call and no evaluation was tracked.");
    else if (outcome->failed == outcome->count)
        say(reasons, level, outcome->count == 1 ? "The only %s%s failed." : "All %s %ss failed.",
            outcome->count == 1 ? outcome->what : afmon_words_count(outcome->count).text,
            outcome->count == 1 ? "" : outcome->what);
    else if (outcome->failed > 0)
        say(reasons, level, "%s of %s %s%s failed (%s).", afmon_words_count(outcome->failed).text,
            afmon_words_count(outcome->count).text, outcome->what, plural(outcome->count),
            afmon_words_percent(failed_share(outcome)).text);
    else if (outcome->rejected > 0)
        say(reasons, AFMON_INFO, "None of %s %s%s failed, and %s %s rejected (%s).",
            afmon_words_count(outcome->count).text, outcome->what, plural(outcome->count),
            afmon_words_count(outcome->rejected).text, outcome->rejected == 1 ? "was" : "were",
            afmon_words_percent(afmon_read_share(outcome->rejected, outcome->count)).text);
    else
        say(reasons, AFMON_INFO, outcome->count == 1 ? "The only %s%s succeeded." : "All %s %ss succeeded.",
            outcome->count == 1 ? outcome->what : afmon_words_count(outcome->count).text,
            outcome->count == 1 ? "" : outcome->what);
}

/* ---- Alerts, by rule ---- */

struct rule {
    const afmon_alert_interval *worst;
    size_t intervals;
    double held_s;
    int64_t last_ns;
    bool firing;
};

static bool is_worse(const afmon_alert_interval *a, const afmon_alert_interval *b)
{
    bool low = a->comparison == AFMON_RULE_BELOW || a->comparison == AFMON_RULE_AT_MOST;
    if (isnan(b->worst))
        return !isnan(a->worst);
    return low ? a->worst < b->worst : a->worst > b->worst;
}

static size_t gather_rules(const afmon_run_summary *summary, struct rule *rules)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->alert_count; i++) {
        const afmon_alert_interval *interval = &summary->alerts[i];
        size_t at = 0;
        while (at < count && strcmp(rules[at].worst->name, interval->name) != 0)
            at++;
        if (at == RULES_TOLD)
            continue;
        if (at == count)
            rules[count++] = (struct rule){.worst = interval, .last_ns = interval->last_ns};
        struct rule *rule = &rules[at];
        rule->worst = is_worse(interval, rule->worst) ? interval : rule->worst;
        rule->intervals++;
        rule->held_s += interval->held_s;
        rule->last_ns = interval->last_ns > rule->last_ns ? interval->last_ns : rule->last_ns;
        rule->firing |= interval->firing;
    }
    return count;
}

static bool is_grave(const struct rule *rule, const afmon_run_summary *summary)
{
    return rule->worst->level == AFMON_ERROR && (rule->firing || rule->held_s > HELD_ABOVE * summary->duration_s);
}

static void say_rule(const struct rule *rule, const afmon_run_summary *summary, struct remarks *reasons)
{
    const afmon_alert_interval *worst = rule->worst;
    char held[256];
    if (rule->held_s > 0 && rule->intervals > 1)
        (void)snprintf(held, sizeof held, "held %s times, %s of %s", afmon_words_count(rule->intervals).text,
                       afmon_words_seconds(rule->held_s).text, afmon_words_seconds(summary->duration_s).text);
    else if (rule->held_s > 0)
        (void)snprintf(held, sizeof held, "held for %s of %s", afmon_words_seconds(rule->held_s).text,
                       afmon_words_seconds(summary->duration_s).text);
    else
        (void)snprintf(held, sizeof held, "held at %s UTC", afmon_words_time(rule->last_ns).text);
    say(reasons, worst->level, "%s: %s, at worst at %s UTC; it %s%s.", worst->name, worst->message,
        afmon_words_time(worst->worst_ns).text, held,
        !rule->firing   ? ""
        : summary->live ? ", and still holds"
                        : ", and held at the end");
}

/* Errors before warnings. Returns whether one of them makes the run a degraded one. */
static bool say_rules(const afmon_run_summary *summary, struct remarks *reasons)
{
    struct rule rules[RULES_TOLD];
    size_t count = gather_rules(summary, rules);
    bool grave = false;
    for (int level = AFMON_ERROR; level >= AFMON_INFO; level--) {
        for (size_t i = 0; i < count; i++) {
            if ((int)rules[i].worst->level == level)
                say_rule(&rules[i], summary, reasons);
        }
    }
    for (size_t i = 0; i < count; i++)
        grave = grave || is_grave(&rules[i], summary);
    return grave;
}

/* ---- The verdict ---- */

/* By its items; where it tells of none, by what its files say. */
static bool say_standstill(const struct afmon_model_reading *reading, struct remarks *reasons)
{
    const struct afmon_standing standing = afmon_model_standstill(reading->model, reading->facts);
    if (standing.for_s > 0)
        say(reasons, AFMON_WARNING, "stalled: the run stands still, nothing finished for %s; %s.",
            afmon_words_seconds(standing.for_s).text, afmon_words_open(standing.open, standing.oldest_s).text);
    else if (reading->facts->stalled)
        say(reasons, AFMON_WARNING, "The run stands still: its process lives, and records nothing.");
    return standing.for_s > 0 || reading->facts->stalled;
}

static void judge(const struct afmon_model_reading *reading, struct remarks *reasons)
{
    afmon_run_summary *summary = reading->summary;
    if (summary->sample_count == 0) {
        say(reasons, AFMON_INFO, "There is not one sample yet.");
        return;
    }
    struct outcome outcome = outcome_of(summary);
    bool failed = failed_share(&outcome) > FAILED_ABOVE;
    bool degraded = failed_share(&outcome) > DEGRADED_ABOVE;
    bool none = summary->item_count > 0 && outcome.count >= NONE_OF && outcome.accepted == 0;
    if (failed || degraded)
        say_outcome(&outcome, reasons, failed ? AFMON_ERROR : AFMON_WARNING);
    if (none && outcome.failed < outcome.count)
        say(reasons, AFMON_ERROR, "None of %s %ss was accepted.", afmon_words_count(outcome.count).text, outcome.what);
    bool grave = say_rules(summary, reasons);
    bool stalled = say_standstill(reading, reasons);
    summary->verdict = failed                                 ? AFMON_VERDICT_FAILED
                       : degraded || none || grave || stalled ? AFMON_VERDICT_DEGRADED
                                                              : AFMON_VERDICT_HEALTHY;
    if (!failed && !degraded)
        say_outcome(&outcome, reasons, AFMON_INFO);
    if (summary->alert_count == 0)
        say(reasons, AFMON_INFO, "No alert rule held.");
}

/* ---- Warnings about the data ---- */

static uint64_t untyped_failures(const afmon_run_summary *summary)
{
    uint64_t count = 0;
    for (size_t i = 0; i < summary->failure_count; i++)
        if (summary->failures[i].error_type[0] == '\0')
            count += summary->failures[i].count;
    return count;
}

static bool has_other(const struct afmon_model *model)
{
    const struct afmon_names *const names[] = {&model->metrics,  &model->operations, &model->models,
                                               &model->finishes, &model->scores,     &model->failures};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i]->other != NULL)
            return true;
    return false;
}

static void warn_of_missing(const afmon_run_summary *summary, struct remarks *warnings)
{
    if (summary->unreadable_lines > 0)
        say(warnings, AFMON_WARNING, "%s line%s of the metrics files could not be read.",
            afmon_words_count(summary->unreadable_lines).text, plural(summary->unreadable_lines));
    if (summary->dropped > 0)
        say(warnings, AFMON_WARNING, "%s record%s had to be dropped while the run went on.",
            afmon_words_count(summary->dropped).text, plural(summary->dropped));
    if (summary->not_finite > 0)
        say(warnings, AFMON_WARNING, "%s sample%s had a value that is no finite number, and %s in no figure.",
            afmon_words_count(summary->not_finite).text, plural(summary->not_finite),
            summary->not_finite == 1 ? "is" : "are");
}

/* What would change figures that stand on the same screen. */
static void warn_of_unseen(const struct afmon_model_reading *reading, struct remarks *warnings)
{
    const afmon_run_summary *summary = reading->summary;
    uint64_t untyped = untyped_failures(summary);
    uint64_t well = summary->calls_without_tokens - summary->failed_calls_without_tokens;
    bool any_tokens = summary->prompt_tokens + summary->completion_tokens > 0 || summary->total_tokens > 0;
    if (summary->failed_calls_without_tokens > 0 && any_tokens)
        say(warnings, AFMON_INFO, "%s failed call%s without token counts: what %s used is in no figure.",
            afmon_words_count(summary->failed_calls_without_tokens).text, plural(summary->failed_calls_without_tokens),
            summary->failed_calls_without_tokens == 1 ? "it" : "they");
    if (well > 0 && any_tokens)
        say(warnings, AFMON_INFO, "%s call%s that succeeded without token counts.", afmon_words_count(well).text,
            plural(well));
    if (summary->calls_without_item > 0)
        say(warnings, AFMON_INFO, "%s call%s %s no item.", afmon_words_count(summary->calls_without_item).text,
            plural(summary->calls_without_item), summary->calls_without_item == 1 ? "names" : "name");
    if (untyped > 0)
        say(warnings, AFMON_INFO, "%s failure%s without an error type.", afmon_words_count(untyped).text,
            plural(untyped));
    if (afmon_read_lacks_zeros(reading))
        say(warnings, AFMON_INFO,
            "error_rate has no zeros, as afterimage's own monitor records it: its figures, and rules "
            "on it, are of the share of failed calls.");
    if (afmon_errors_lack_zeros(&reading->model->evaluations))
        say(warnings, AFMON_INFO,
            "evaluation_error_rate has no zeros, as afterimage's own monitor records it: its mean is of failed "
            "evaluations alone.");
}

static void warn_of_attempts(const afmon_run_summary *summary, struct remarks *warnings)
{
    for (size_t i = 0; i < summary->item_count; i++) {
        const afmon_item_summary *item = &summary->items[i];
        if (item->tried_often == 1)
            say(warnings, AFMON_WARNING, "item_attempts: 1 %s was tried %s times.", item->kind,
                afmon_words_count(item->attempts_max).text);
        else if (item->tried_often > 1)
            say(warnings, AFMON_WARNING, "item_attempts: %s %ss were tried %d times or more, one of them %s times.",
                afmon_words_count(item->tried_often).text, item->kind, AFMON_ITEM_ATTEMPTS_MANY,
                afmon_words_count(item->attempts_max).text);
    }
}

static void warn_of_budget(const afmon_run_summary *summary, struct remarks *warnings)
{
    const afmon_budget *budget = &summary->budget;
    if (!summary->has_budget)
        return;
    if (budget->reached)
        say(warnings, AFMON_WARNING,
            "The run has reached its limit of %s: %s spent, %s of calls whose cost is not known.",
            afmon_words_dollars(budget->limit_usd).text, afmon_words_dollars(budget->spent_usd).text,
            afmon_words_dollars(budget->uncertain_usd).text);
    if (budget->over_calls > 0)
        say(warnings, AFMON_WARNING, "%s call%s cost %s more than the worst case that was reserved for it.",
            afmon_words_count(budget->over_calls).text, budget->over_calls == 1 ? "" : "s",
            afmon_words_dollars(budget->over_usd).text);
}

static void warn(const struct afmon_model_reading *reading, struct remarks *warnings)
{
    const struct afmon_model *model = reading->model;
    warn_of_attempts(reading->summary, warnings);
    warn_of_budget(reading->summary, warnings);
    warn_of_missing(reading->summary, warnings);
    if (reading->summary->alerts_left_out > 0)
        say(warnings, AFMON_INFO, "Only the latest 1,000 alert intervals are shown.");
    if (has_other(model))
        say(warnings, AFMON_WARNING,
            "More than 1,000 different names of a kind: those that come later in order count as \"(other)\".");
    if (model->items.left_out > 0)
        say(warnings, AFMON_WARNING, "Too many items to tell them apart: %s samples of further ones are left out.",
            afmon_words_count(model->items.left_out).text);
    if (model->lost > 0)
        say(warnings, AFMON_WARNING, "Memory was short: details of %s samples were left out.",
            afmon_words_count(model->lost).text);
    warn_of_unseen(reading, warnings);
}

void afmon_read_verdict(const struct afmon_model_reading *reading)
{
    struct remarks reasons = remarks_begin(reading->pool);
    struct remarks warnings = remarks_begin(reading->pool);
    judge(reading, &reasons);
    warn(reading, &warnings);
    reading->summary->reasons = reasons.list;
    reading->summary->reason_count = reasons.count;
    reading->summary->warnings = warnings.list;
    reading->summary->warning_count = warnings.count;
}
