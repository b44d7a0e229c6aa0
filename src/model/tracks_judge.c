/* Rules through the passes of a run, and the intervals in which they held. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/walk.h"
#include "base/clock.h"
#include "model/tracks_internal.h"

#define WINDOW_VALUES 4096 /* held exactly, where its segments hold theirs so */

/* One rule on its way. The window is segments [begin, end). As nothing is ever subtracted from a sum, no error piles
 * up: front[i] is the sum of segments i to middle - 1, back that of middle to end - 1 (a queue of two stacks). */
struct way {
    struct afmon_tracks *tracks;
    const struct afmon_tracks_span *span;
    const afmon_alert_rule *rule;
    unsigned number;
    struct afmon_segment *const *segments; /* in order */
    size_t count;
    size_t begin;
    size_t middle;
    size_t end;
    struct afmon_segment *front;
    struct afmon_segment back;
    int64_t last_pass;
    bool no_memory;
    bool open; /* interval is not over */
    afmon_alert_interval interval;
    bool (*visit)(void *user, const afmon_alert_interval *interval);
    void *user;
};

/* ---- The window ---- */

static void turn_over(struct way *way)
{
    for (size_t i = way->end; i-- > way->begin;) {
        way->front[i] = *way->segments[i];
        if (i + 1 < way->end)
            afmon_segment_merge(&way->front[i], &way->front[i + 1]);
    }
    way->middle = way->end;
    way->back = (struct afmon_segment){0};
}

static void move(struct way *way, int64_t pass)
{
    while (way->end < way->count && way->segments[way->end]->lo <= pass)
        afmon_segment_merge(&way->back, way->segments[way->end++]);
    while (way->begin < way->end && way->segments[way->begin]->hi < pass) {
        if (way->begin == way->middle)
            turn_over(way);
        way->begin++;
    }
}

static int64_t next(void *user, int64_t pass)
{
    struct way *way = user;
    move(way, pass);
    while (way->begin == way->end) {
        if (way->end == way->count)
            return INT64_MAX;
        if (way->segments[way->end]->lo > pass)
            pass = way->segments[way->end]->lo;
        move(way, pass);
    }
    return pass;
}

static int64_t time_of(void *user, int64_t pass)
{
    const struct way *way = user;
    int64_t time_ns;
    if (__builtin_mul_overflow(pass, way->tracks->period_ns, &time_ns))
        time_ns = pass < 0 ? INT64_MIN : INT64_MAX;
    return time_ns;
}

/* ---- What is in it ---- */

static bool gather(struct way *way, struct afmon_sketch *sketch)
{
    static const struct afmon_sketch_limits limits = {.exact_max = WINDOW_VALUES};
    bool ok = true;
    for (size_t i = way->begin; i < way->end; i++)
        ok = afmon_sketch_merge(sketch, &way->segments[i]->sketch, &limits) && ok;
    return ok;
}

static void find_spread(struct way *way, struct afmon_finding *finding)
{
    struct afmon_sketch sketch = {0};
    way->no_memory |= !gather(way, &sketch);
    if (way->rule->aggregate == AFMON_RULE_QUANTILE)
        afmon_sketch_quantiles(&sketch, &way->rule->quantile, 1, &finding->quantile);
    else
        finding->data.stddev = afmon_sketch_stddev(&sketch);
    afmon_sketch_free(&sketch, NULL);
}

static void find(void *user, int64_t pass, struct afmon_finding *finding)
{
    (void)pass; /* next has moved there */
    struct way *way = user;
    struct afmon_segment sum = {0};
    if (way->begin < way->middle)
        sum = way->front[way->begin];
    afmon_segment_merge(&sum, &way->back);
    finding->data = (afmon_aggregate){.known = true,
                                      .count = sum.count,
                                      .sum = afmon_exact_sum_value(&sum.sum),
                                      .mean = afmon_exact_sum_mean(&sum.sum, sum.count),
                                      .min = sum.min,
                                      .max = sum.max};
    if ((way->tracks->sketched >> way->number & 1) != 0)
        find_spread(way, finding);
}

/* ---- Intervals ---- */

/* Passes beyond the run's end are told as of its end. */
static int64_t shown_time(const struct way *way, int64_t time_ns)
{
    return time_ns < way->span->end_ns ? time_ns : way->span->end_ns;
}

static void open_interval(struct way *way, const struct afmon_walk_pass *pass)
{
    int64_t period_ns = way->tracks->period_ns;
    int64_t first_ns = pass->time_ns - (int64_t)pass->repeated * period_ns;
    way->open = true;
    way->interval = (afmon_alert_interval){.level = way->rule->level,
                                           .comparison = way->rule->comparison,
                                           .limit = way->rule->limit,
                                           .first_ns = shown_time(way, first_ns),
                                           .resolved_ns = INT64_MIN,
                                           .worst = NAN};
}

static void note_worst(struct way *way, const struct afmon_walk_pass *pass)
{
    afmon_alert alert;
    afmon_alert_interval *interval = &way->interval;
    bool farther = isnan(interval->worst) ||
                   afmon_rule_distance(way->rule, pass->step.value) > afmon_rule_distance(way->rule, interval->worst);
    if (!(farther && (pass->step.judged || interval->name[0] == '\0')))
        return;
    afmon_alert_fill(way->rule, pass->finding, &pass->step, pass->time_ns, pass->fired_ns, &alert);
    interval->worst = pass->step.judged ? pass->step.value : NAN;
    interval->worst_ns = shown_time(way, pass->time_ns);
    memcpy(interval->name, alert.name, sizeof interval->name);
    memcpy(interval->message, alert.message, sizeof interval->message);
    memcpy(interval->metric, alert.metric, sizeof interval->metric);
    memcpy(interval->aggregate, alert.aggregate, sizeof interval->aggregate);
}

/* It held from its first pass to the one in which it did not, or to the run's end. */
static int close_interval(struct way *way, int64_t over_ns, bool resolved)
{
    afmon_alert_interval *interval = &way->interval;
    int64_t end_ns = shown_time(way, over_ns);
    way->open = false;
    interval->held_s = (double)((uint64_t)end_ns - (uint64_t)interval->first_ns) / 1e9;
    interval->firing = !resolved;
    interval->resolved_ns = resolved ? over_ns : INT64_MIN;
    return way->visit(way->user, interval) ? 0 : 1;
}

static int tell(void *user, const struct afmon_walk_pass *pass)
{
    struct way *way = user;
    if (!pass->step.fires)
        return way->open ? close_interval(way, pass->time_ns - (int64_t)pass->repeated * way->tracks->period_ns, true)
                         : 0;
    if (!way->open)
        open_interval(way, pass);
    way->interval.last_ns = shown_time(way, pass->time_ns);
    way->interval.passes += pass->repeated + 1;
    note_worst(way, pass);
    return 0;
}

/* ---- All rules ---- */

static int compare(const void *left, const void *right)
{
    const struct afmon_segment *a = *(const struct afmon_segment *const *)left;
    const struct afmon_segment *b = *(const struct afmon_segment *const *)right;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    if (a->lo != b->lo)
        return a->lo < b->lo ? -1 : 1;
    return (a->hi > b->hi) - (a->hi < b->hi);
}

static int64_t last_pass(const struct afmon_tracks *tracks, const struct afmon_tracks_span *span)
{
    int64_t period_ns = tracks->period_ns;
    int64_t pass = span->end_ns / period_ns - (span->end_ns % period_ns < 0);
    return span->ended && span->end_ns % period_ns != 0 ? pass + 1 : pass;
}

/* A monitor's first pass is a period after its run began: one at the first samples would judge next to nothing. A run
 * that ended sooner is judged once, after its end. */
static int64_t first_pass(const struct way *way)
{
    int64_t period_ns = way->tracks->period_ns;
    int64_t first_ns = way->span->first_ns;
    int64_t pass = first_ns / period_ns + (first_ns % period_ns > 0) + 1;
    return way->span->ended && pass > way->last_pass ? way->last_pass : pass;
}

static bool judge_rule(struct way *way)
{
    struct afmon_walk_state state = {0};
    int64_t period_ns = way->tracks->period_ns;
    const struct afmon_walk walk = {.rule = way->rule,
                                    .state = &state,
                                    .interval_ns = (uint64_t)period_ns,
                                    .last_of_all = way->last_pass,
                                    .time_of = time_of,
                                    .next = next,
                                    .find = find,
                                    .tell = tell,
                                    .user = way};
    int64_t first = first_pass(way);
    bool going = first > way->last_pass || afmon_walk_passes(&walk, first, way->last_pass);
    if (going && way->open)
        going = close_interval(way, INT64_MAX, false) == 0;
    return going;
}

bool afmon_tracks_judge(struct afmon_tracks *tracks, uint64_t rules, const struct afmon_tracks_span *span,
                        bool (*visit)(void *user, const afmon_alert_interval *interval), void *user)
{
    struct afmon_segment **sorted = malloc((tracks->count + 1) * sizeof *sorted);
    struct afmon_segment *front = malloc((tracks->count + 1) * sizeof *front);
    bool ok = sorted != NULL && front != NULL;
    for (size_t i = 0; ok && i < tracks->count; i++)
        sorted[i] = &tracks->segments[i];
    if (ok && tracks->count > 1)
        qsort(sorted, tracks->count, sizeof *sorted, compare);
    size_t begin = 0;
    bool going = true;
    for (unsigned i = 0; ok && going && i < tracks->rules.count; i++) {
        size_t end = begin;
        while (end < tracks->count && sorted[end]->rule == i)
            end++;
        struct way way = {.tracks = tracks,
                          .span = span,
                          .rule = &tracks->rules.rules[i],
                          .number = i,
                          .segments = sorted + begin,
                          .count = end - begin,
                          .front = front,
                          .last_pass = last_pass(tracks, span),
                          .visit = visit,
                          .user = user};
        going = (rules >> i & 1) == 0 || judge_rule(&way);
        ok = !way.no_memory;
        begin = end;
    }
    free(sorted);
    free(front);
    return ok;
}
