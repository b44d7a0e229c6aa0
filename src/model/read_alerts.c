/* The alerts of a run: one list, from one judge. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "catalog/bare.h"
#include "model/model_internal.h"

/* ---- As the run's own monitor judged it ---- */

/* The pass after the last one would have come within a period; it may be a little late. */
static bool is_late(int64_t last_ns, int64_t end_ns, int64_t period_ns)
{
    int64_t allowed;
    if (__builtin_add_overflow(last_ns, period_ns + period_ns / 4, &allowed))
        return false;
    return end_ns > allowed;
}

/* Without a line that tells the end it is over where the line that should have come next did not. */
static bool is_firing(const struct afmon_logged_interval *logged, int64_t end_ns, int64_t period_ns)
{
    if (logged->resolved_ns != INT64_MIN)
        return false;
    if (logged->resolves)
        return true;
    int64_t next_ns = logged->renotify_ns > period_ns ? logged->renotify_ns : period_ns;
    return !is_late(logged->last_ns, end_ns, next_ns);
}

/* It held until the pass in which it did not, at the latest to the end. */
static int64_t over_ns(const struct afmon_logged_interval *logged, bool firing, int64_t end_ns, int64_t period_ns)
{
    int64_t over;
    if (logged->resolved_ns != INT64_MIN)
        return logged->resolved_ns;
    if (firing || __builtin_add_overflow(logged->last_ns, period_ns, &over))
        return end_ns;
    return over < end_ns ? over : end_ns;
}

static afmon_alert_interval interval_of(const struct afmon_logged_interval *logged, int64_t end_ns, int64_t period_ns)
{
    bool firing = is_firing(logged, end_ns, period_ns);
    int64_t over = over_ns(logged, firing, end_ns, period_ns);
    afmon_alert_interval interval = {.level = logged->level,
                                     .comparison = logged->comparison,
                                     .limit = logged->limit,
                                     .worst = logged->worst,
                                     .worst_ns = logged->worst_ns,
                                     .first_ns =
                                         logged->since_ns < logged->first_ns ? logged->since_ns : logged->first_ns,
                                     .last_ns = logged->last_ns,
                                     .resolved_ns = logged->resolved_ns,
                                     .passes = logged->passes,
                                     .firing = firing};
    if (over > interval.first_ns)
        interval.held_s = (double)((uint64_t)over - (uint64_t)interval.first_ns) / 1e9;
    memcpy(interval.name, logged->name, sizeof interval.name);
    memcpy(interval.message, logged->message, sizeof interval.message);
    memcpy(interval.metric, logged->metric, sizeof interval.metric);
    memcpy(interval.aggregate, logged->aggregate, sizeof interval.aggregate);
    return interval;
}

/* Whether a session without a run record logged passes too. Lines that name no session are the program's own. */
static bool has_passes_of_others(const struct afmon_run_log *log)
{
    for (size_t i = 0; i < log->interval_count; i++)
        if (log->intervals[i].session != 0 && log->intervals[i].session != log->sessions[0].serial)
            return true;
    return false;
}

/* True where the run's own passes are its alerts: one monitor, with rules and periodic passes, recorded all of it. */
static bool is_judged(const struct afmon_model_reading *reading, int64_t end_ns)
{
    const struct afmon_model *model = reading->model;
    const struct afmon_run_log *log = reading->facts->log;
    const struct afmon_run_session *session = log != NULL ? afmon_run_log_only_session(log) : NULL;
    if (session == NULL || session->period_ns <= 0 || session->rules_length <= 2 || model->options.replay ||
        has_passes_of_others(log))
        return false;
    bool begins = model->samples > 0 && model->first_ns >= session->started_ns - AFMON_NS_PER_S;
    bool passed = end_ns - session->started_ns >= session->period_ns;
    return begins && (passed || log->interval_count > 0);
}

static void read_logged(const struct afmon_model_reading *reading, int64_t end_ns)
{
    const struct afmon_run_log *log = reading->facts->log;
    int64_t period_ns = log->sessions[0].period_ns;
    afmon_run_summary *summary = reading->summary;
    afmon_alert_interval *alerts = afmon_pool_array(reading->pool, log->interval_count, sizeof *alerts);
    for (size_t i = 0; alerts != NULL && i < log->interval_count; i++)
        alerts[i] = interval_of(&log->intervals[i], end_ns, period_ns);
    summary->alerts = alerts;
    summary->alert_count = alerts != NULL ? log->interval_count : 0;
    summary->alerts_logged = true;
    summary->alerts_left_out = log->intervals_left_out;
    summary->alert_period_s = (double)period_ns / 1e9;
}

/* ---- Replayed ---- */

struct replay {
    afmon_alert_interval *list; /* a ring once it is full: the latest stay */
    size_t count;
    size_t capacity;
    uint64_t left_out;
    bool no_memory;
};

/* Of too many the one that began first goes. */
static void push_out_first(struct replay *replay)
{
    size_t first = 0;
    for (size_t i = 1; i < replay->count; i++)
        if (replay->list[i].first_ns < replay->list[first].first_ns)
            first = i;
    replay->list[first] = replay->list[--replay->count];
    replay->left_out++;
}

static bool take_interval(void *user, const afmon_alert_interval *interval)
{
    struct replay *replay = user;
    if (replay->count == AFMON_INTERVALS_MAX)
        push_out_first(replay);
    if (replay->count == replay->capacity) {
        size_t capacity = replay->capacity == 0 ? 8 : replay->capacity * 2;
        afmon_alert_interval *list = realloc(replay->list, capacity * sizeof *list);
        replay->no_memory = list == NULL;
        if (list == NULL)
            return false;
        replay->list = list;
        replay->capacity = capacity;
    }
    replay->list[replay->count++] = *interval;
    return true;
}

static int compare(const void *left, const void *right)
{
    const afmon_alert_interval *a = left;
    const afmon_alert_interval *b = right;
    if (a->first_ns != b->first_ns)
        return a->first_ns < b->first_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool is_of_derived(const afmon_alert_rule *rule)
{
    return afmon_metric_is_derived(rule->metric, strlen(rule->metric));
}

/* Those of some rules; tracks NULL: there is nothing to judge them by. */
static bool judge(struct afmon_tracks *tracks, uint64_t rules, const struct afmon_tracks_span *span,
                  struct replay *replay)
{
    return rules == 0 || tracks == NULL || afmon_tracks_judge(tracks, rules, span, take_interval, replay);
}

/* Each rule by the samples that it is to be judged by. */
static bool judge_all(const struct afmon_model_reading *reading, const struct afmon_tracks_span *span,
                      struct replay *replay)
{
    const struct afmon_model *model = reading->model;
    bool bare = model->bare_tracks != NULL && afmon_read_is_bare(model);
    uint64_t of_bare = bare ? afmon_tracks_that(model->tracks, is_of_derived) : 0;
    uint64_t of_outcomes = afmon_read_lacks_zeros(reading) ? model->error_shares : 0;
    return judge(model->tracks, ~(of_bare | of_outcomes), span, replay) &&
           judge(model->bare_tracks, of_bare, span, replay) &&
           judge(model->outcome_tracks, of_outcomes, span, replay) && !replay->no_memory;
}

static bool read_replayed(const struct afmon_model_reading *reading, int64_t end_ns)
{
    struct afmon_model *model = reading->model;
    afmon_run_summary *summary = reading->summary;
    struct replay replay = {0};
    const struct afmon_tracks_span span = {
        .first_ns = model->first_ns, .last_ns = model->last_ns, .end_ns = end_ns, .ended = !reading->facts->live};
    summary->alert_period_s = (double)afmon_tracks_period(model->tracks) / 1e9;
    bool ok = model->samples == 0 || judge_all(reading, &span, &replay);
    if (ok && replay.count > 1)
        qsort(replay.list, replay.count, sizeof *replay.list, compare);
    afmon_alert_interval *alerts = afmon_pool_array(reading->pool, replay.count, sizeof *alerts);
    if (ok && alerts != NULL && replay.count > 0)
        memcpy(alerts, replay.list, replay.count * sizeof *alerts);
    summary->alerts = alerts;
    summary->alert_count = replay.count;
    summary->alerts_left_out = replay.left_out;
    free(replay.list);
    return ok;
}

/* ---- Either ---- */

static int64_t end_of(const afmon_alert_interval *alert)
{
    int64_t end_ns;
    if (__builtin_add_overflow(alert->first_ns, afmon_seconds_to_ns(alert->held_s), &end_ns))
        return INT64_MAX;
    return end_ns > alert->last_ns ? end_ns : alert->last_ns;
}

/* Those that hold in the window, where the summary is of one; they held for what lies in it. */
static void keep_window(const struct afmon_model_reading *reading)
{
    const afmon_window *window = reading->facts->window;
    afmon_run_summary *summary = reading->summary;
    afmon_alert_interval *alerts = (afmon_alert_interval *)(uintptr_t)summary->alerts;
    size_t kept = 0;
    for (size_t i = 0; i < summary->alert_count; i++) {
        int64_t first_ns = alerts[i].first_ns;
        int64_t end_ns = end_of(&alerts[i]);
        if (end_ns < window->since_ns || first_ns > window->until_ns)
            continue;
        double before_s = first_ns < window->since_ns ? afmon_seconds_between(first_ns, window->since_ns) : 0;
        double after_s = end_ns > window->until_ns ? afmon_seconds_between(window->until_ns, end_ns) : 0;
        double held_s = alerts[i].held_s - before_s - after_s;
        alerts[kept] = alerts[i];
        alerts[kept++].held_s = held_s > 0 ? held_s : 0;
    }
    summary->alert_count = kept;
}

bool afmon_read_alerts(const struct afmon_model_reading *reading)
{
    const struct afmon_model_facts *facts = reading->facts;
    int64_t last_ns = reading->model->last_ns;
    int64_t end_ns = facts->live && facts->now_ns > last_ns ? facts->now_ns : last_ns;
    bool ok = true;
    if (is_judged(reading, end_ns))
        read_logged(reading, end_ns);
    else
        ok = read_replayed(reading, end_ns);
    if (ok && facts->window != NULL)
        keep_window(reading);
    return ok;
}
