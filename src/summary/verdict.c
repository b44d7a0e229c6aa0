/* What to think of a run, and why. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/words.h"
#include "summary/tally_internal.h"

#define FAILED_BELOW 0.5 /* of what was tracked succeeded */
#define LEAST_RECENT 10  /* generations in the last five minutes, to judge by them */
#define MOST_REMARKS (AFMON_ALERT_RULES + 8)

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
    return "no data";
}

struct remarks {
    struct afmon_pool *pool;
    afmon_remark *list;
    size_t count;
    size_t room;
};

static struct remarks remarks_begin(struct afmon_pool *pool, size_t room)
{
    return (struct remarks){.pool = pool, .list = afmon_pool_array(pool, room, sizeof(afmon_remark)), .room = room};
}

__attribute__((format(printf, 3, 4))) static void say(struct remarks *remarks, afmon_level level, const char *format,
                                                      ...)
{
    char text[512];
    va_list list;
    if (remarks->list == NULL || remarks->count == remarks->room)
        return;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    size_t kept = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    remarks->list[remarks->count++] = (afmon_remark){level, afmon_pool_text(remarks->pool, text, kept)};
}

/* ---- The verdict ---- */

struct outcome {
    const char *what; /* "generations" */
    uint64_t count;
    uint64_t failures;
    uint64_t recent;
    uint64_t recent_failures;
};

static double success(uint64_t count, uint64_t failures)
{
    return count == 0 ? 1.0 : (double)(count - failures) / (double)count;
}

static struct outcome outcome_of(const struct afmon_run_tally *tally, const afmon_run_summary *summary)
{
    if (summary->generations > 0)
        return (struct outcome){"generations", summary->generations, summary->generation_failures,
                                summary->recent_generations, summary->recent_failures};
    struct afmon_timeline_sum recent = afmon_timeline_recent(&tally->timeline, AFMON_TRACK_EVALUATION);
    return (struct outcome){"evaluations", summary->evaluations, summary->evaluation_failures, recent.count,
                            recent.count - (uint64_t)recent.sum};
}

/* How far the last five minutes are told of: only where they are not the whole run. */
static bool has_recent(const struct outcome *outcome)
{
    return outcome->recent >= LEAST_RECENT && outcome->recent < outcome->count;
}

static bool judge_outcome(const struct outcome *outcome, struct remarks *reasons)
{
    double all = success(outcome->count, outcome->failures);
    double recent = success(outcome->recent, outcome->recent_failures);
    bool failed = false;
    if (outcome->count > 0 && all < FAILED_BELOW) {
        failed = true;
        if (outcome->failures == outcome->count)
            say(reasons, AFMON_ERROR, "None of %s %s succeeded.", afmon_words_count(outcome->count).text,
                outcome->what);
        else
            say(reasons, AFMON_ERROR, "Only %s of %s %s succeeded.", afmon_words_percent(all).text,
                afmon_words_count(outcome->count).text, outcome->what);
    }
    if (has_recent(outcome) && recent < FAILED_BELOW) {
        failed = true;
        say(reasons, AFMON_ERROR, "In the last five minutes only %s of %s %s succeeded.",
            afmon_words_percent(recent).text, afmon_words_count(outcome->recent).text, outcome->what);
    }
    return failed;
}

static void say_alert(const afmon_alert_span *span, const afmon_run_summary *summary, struct remarks *reasons)
{
    double held_s = (double)((uint64_t)span->last_ns - (uint64_t)span->first_ns) / 1e9;
    const char *end = span->last_ns < summary->last_ns ? "; it was over at the end"
                      : summary->live                  ? "; it still holds"
                                                       : " until the end";
    if (span->first_ns == span->last_ns)
        say(reasons, span->worst.level, "%s (%s) at %s UTC%s.", span->worst.message, span->worst.name,
            afmon_words_time(span->first_ns).text, span->last_ns < summary->last_ns ? end : ", the end of the run");
    else
        say(reasons, span->worst.level, "%s (%s); the rule held from %s UTC, for %s%s.", span->worst.message,
            span->worst.name, afmon_words_time(span->first_ns).text, afmon_words_seconds(held_s).text, end);
}

/* Errors before warnings. */
static void say_alerts(const afmon_run_summary *summary, struct remarks *reasons)
{
    for (int level = AFMON_ERROR; level >= AFMON_INFO; level--) {
        for (size_t i = 0; i < summary->alert_count; i++) {
            if ((int)summary->alerts[i].worst.level == level)
                say_alert(&summary->alerts[i], summary, reasons);
        }
    }
}

static void say_missing(const struct afmon_run_facts *facts, struct remarks *remarks)
{
    if (facts->problem_count > 0)
        say(remarks, AFMON_WARNING, "%s line%s of the metrics files could not be read.",
            afmon_words_count(facts->problem_count).text, facts->problem_count == 1 ? "" : "s");
    if (facts->dropped > 0)
        say(remarks, AFMON_WARNING, "%s record%s had to be dropped while the run went on.",
            afmon_words_count(facts->dropped).text, facts->dropped == 1 ? "" : "s");
}

static void say_success(const struct outcome *outcome, struct remarks *reasons)
{
    if (outcome->count == 0)
        say(reasons, AFMON_INFO, "No generation and no evaluation was tracked.");
    else if (outcome->failures == 0)
        say(reasons, AFMON_INFO, "All %s %s succeeded.", afmon_words_count(outcome->count).text, outcome->what);
    else
        say(reasons, AFMON_INFO, "%s of %s %s succeeded.",
            afmon_words_percent(success(outcome->count, outcome->failures)).text,
            afmon_words_count(outcome->count).text, outcome->what);
    if (has_recent(outcome))
        say(reasons, AFMON_INFO, "In the last five minutes %s of %s succeeded.",
            afmon_words_percent(success(outcome->recent, outcome->recent_failures)).text,
            afmon_words_count(outcome->recent).text);
}

static void judge(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts, afmon_run_summary *summary,
                  struct remarks *reasons)
{
    if (summary->sample_count == 0) {
        say(reasons, AFMON_INFO, "There is not one sample yet.");
        say_missing(facts, reasons);
        return;
    }
    struct outcome outcome = outcome_of(tally, summary);
    bool failed = judge_outcome(&outcome, reasons);
    say_alerts(summary, reasons);
    say_missing(facts, reasons);
    summary->verdict = failed               ? AFMON_VERDICT_FAILED
                       : reasons->count > 0 ? AFMON_VERDICT_DEGRADED
                                            : AFMON_VERDICT_HEALTHY;
    if (summary->verdict == AFMON_VERDICT_HEALTHY)
        say(reasons, AFMON_INFO, "No alert rule held.");
    if (!failed)
        say_success(&outcome, reasons);
}

/* ---- Warnings about the data ---- */

static void warn(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts, struct remarks *warnings)
{
    say_missing(facts, warnings);
    if (tally->not_finite > 0)
        say(warnings, AFMON_WARNING,
            "%s sample%s had a value that is no number (NaN or infinite), and %s in no figure.",
            afmon_words_count(tally->not_finite).text, tally->not_finite == 1 ? "" : "s",
            tally->not_finite == 1 ? "is" : "are");
    if (facts->recovered > 0)
        say(warnings, AFMON_INFO, "%s record%s of a process that was killed had to be recovered first.",
            afmon_words_count(facts->recovered).text, facts->recovered == 1 ? "" : "s");
    if (tally->operations.names.other || tally->errors.names.other || tally->models.names.other ||
        tally->finishes.names.other || tally->scores.names.other)
        say(warnings, AFMON_WARNING,
            "More than 1,000 different names of a kind: those that came later count as "
            "\"(other)\".");
    if (tally->lost > 0)
        say(warnings, AFMON_WARNING, "Memory was short: details of %s samples were left out.",
            afmon_words_count(tally->lost).text);
}

void afmon_summary_judge(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts,
                         afmon_run_summary *summary, struct afmon_pool *pool)
{
    struct remarks reasons = remarks_begin(pool, MOST_REMARKS);
    struct remarks warnings = remarks_begin(pool, MOST_REMARKS);
    judge(tally, facts, summary, &reasons);
    warn(tally, facts, &warnings);
    summary->reasons = reasons.list;
    summary->reason_count = reasons.count;
    summary->warnings = warnings.list;
    summary->warning_count = warnings.count;
}
