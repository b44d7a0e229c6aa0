#include "summary/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "alerts/rules.h"
#include "catalog/metrics.h"

#define FIRST_WIDTH_NS INT64_C(5000000000)
#define FIRST_CAPACITY ((size_t)64)
#define MOST_ROOM ((size_t)AFMON_TIMELINE_MOST / 4 * 5)
_Static_assert(MOST_ROOM >= AFMON_TIMELINE_MOST, "room for all buckets");
#define WINDOW_NS INT64_C(300000000000) /* of the built-in rules */

/* ---- Buckets ---- */

static int64_t width_of(const struct afmon_timeline *timeline)
{
    return FIRST_WIDTH_NS << timeline->doublings;
}

static int64_t number_of(const struct afmon_timeline *timeline, int64_t time_ns)
{
    int64_t width = width_of(timeline);
    return time_ns / width - (time_ns % width < 0);
}

static int64_t half(int64_t number) /* towards the past */
{
    return number / 2 - (number % 2 < 0);
}

static void add_bucket(struct afmon_timeline_bucket *into, const struct afmon_timeline_bucket *from)
{
    for (size_t i = 0; i < AFMON_TRACKS; i++) {
        into->of[i].count += from->of[i].count;
        into->of[i].sum += from->of[i].sum;
    }
}

static void double_width(struct afmon_timeline *timeline)
{
    struct afmon_timeline_bucket *buckets = timeline->room + timeline->begin;
    int64_t first = half(timeline->first);
    size_t count = 0;
    for (size_t i = 0; i < timeline->count; i++) {
        struct afmon_timeline_bucket bucket = buckets[i];
        size_t place = (size_t)(half(timeline->first + (int64_t)i) - first);
        if (place == count)
            buckets[count++] = bucket;
        else
            add_bucket(&buckets[place], &bucket);
    }
    memset(buckets + count, 0, (timeline->count - count) * sizeof *buckets);
    timeline->first = first;
    timeline->count = count;
    timeline->doublings++;
}

/* The range of buckets after `number` has joined it. */
static void reach(const struct afmon_timeline *timeline, int64_t number, int64_t *first, int64_t *last)
{
    *first = *last = number;
    if (timeline->count > 0) {
        int64_t end = timeline->first + (int64_t)timeline->count - 1;
        *first = number < timeline->first ? number : timeline->first;
        *last = number > end ? number : end;
    }
}

/* More room for `needed` buckets, of which `before` stand in front of those that are there, with as much to spare on
 * either side: a run may be read from its end. There is never less room than is needed. */
static bool more_room(struct afmon_timeline *timeline, size_t before, size_t needed)
{
    size_t capacity = timeline->capacity == 0 ? FIRST_CAPACITY : timeline->capacity;
    while (capacity < needed * 2 && capacity < MOST_ROOM)
        capacity = capacity * 2 < MOST_ROOM ? capacity * 2 : MOST_ROOM;
    struct afmon_timeline_bucket *room = calloc(capacity, sizeof *room);
    if (room == NULL)
        return false;
    size_t begin = (capacity - needed) / 2 + before;
    if (timeline->count > 0)
        memcpy(room + begin, timeline->room + timeline->begin, timeline->count * sizeof *room);
    free(timeline->room);
    timeline->room = room;
    timeline->capacity = capacity;
    timeline->begin = begin;
    return true;
}

/* The bucket of a number, which is in reach; NULL: no memory. */
static struct afmon_timeline_bucket *bucket_at(struct afmon_timeline *timeline, int64_t first, int64_t last,
                                               int64_t number)
{
    size_t before = timeline->count > 0 ? (size_t)(timeline->first - first) : 0;
    size_t count = (size_t)(last - first) + 1;
    bool fits = timeline->begin >= before && timeline->begin - before + count <= timeline->capacity;
    if (!fits && !more_room(timeline, before, count))
        return NULL;
    timeline->begin -= before;
    timeline->first = first;
    timeline->count = count;
    return &timeline->room[timeline->begin + (size_t)(number - first)];
}

bool afmon_timeline_add(struct afmon_timeline *timeline, enum afmon_track track, int64_t time_ns, double value)
{
    int64_t first;
    int64_t last;
    int64_t number = number_of(timeline, time_ns);
    reach(timeline, number, &first, &last);
    while (last - first >= AFMON_TIMELINE_MOST) {
        double_width(timeline);
        number = number_of(timeline, time_ns);
        reach(timeline, number, &first, &last);
    }
    struct afmon_timeline_bucket *bucket = bucket_at(timeline, first, last, number);
    if (bucket == NULL)
        return false;
    bucket->of[track].count++;
    bucket->of[track].sum += value;
    return true;
}

void afmon_timeline_free(struct afmon_timeline *timeline)
{
    free(timeline->room);
    *timeline = (struct afmon_timeline){0};
}

/* ---- Windows ---- */

/* Buckets that come nearest to five minutes, at least one. */
static size_t window_of(const struct afmon_timeline *timeline)
{
    int64_t width = width_of(timeline);
    int64_t buckets = (WINDOW_NS + width / 2) / width;
    return buckets > 0 ? (size_t)buckets : 1;
}

/* Of buckets [end - window, end), those that there are. */
static struct afmon_timeline_sum sum_to(const struct afmon_timeline *timeline, enum afmon_track track, size_t end)
{
    size_t window = window_of(timeline);
    const struct afmon_timeline_bucket *buckets = timeline->room + timeline->begin;
    struct afmon_timeline_sum sum = {0};
    for (size_t i = end > window ? end - window : 0; i < end; i++) {
        sum.count += buckets[i].of[track].count;
        sum.sum += buckets[i].of[track].sum;
    }
    return sum;
}

struct afmon_timeline_sum afmon_timeline_recent(const struct afmon_timeline *timeline, enum afmon_track track)
{
    return timeline->count == 0 ? (struct afmon_timeline_sum){0} : sum_to(timeline, track, timeline->count);
}

/* ---- Rules ---- */

static enum afmon_track track_of(const afmon_alert_rule *rule)
{
    switch (afmon_metric_find(rule->metric, strlen(rule->metric), NULL)) {
    case AFMON_METRIC_SUCCESS:
        return AFMON_TRACK_SUCCESS;
    case AFMON_METRIC_ERROR:
        return AFMON_TRACK_ERROR;
    case AFMON_METRIC_GENERATION_TIME:
        return AFMON_TRACK_GENERATION_TIME;
    case AFMON_METRIC_PROMPT:
        return AFMON_TRACK_PROMPT;
    case AFMON_METRIC_COMPLETION:
        return AFMON_TRACK_COMPLETION;
    case AFMON_METRIC_TOTAL:
        return AFMON_TRACK_TOTAL;
    case AFMON_METRIC_LENGTH:
        return AFMON_TRACK_LENGTH;
    default:
        return AFMON_TRACKS;
    }
}

struct judging {
    const afmon_alert_rule *rule;
    struct afmon_rule_state state;
    afmon_alert_span *span;
};

static void judge(struct judging *judging, struct afmon_timeline_sum sum, int64_t time_ns)
{
    afmon_alert_span *span = judging->span;
    if (sum.count == 0)
        return;
    double mean = sum.sum / (double)sum.count;
    struct afmon_finding finding = {
        .data = {.count = sum.count, .sum = sum.sum, .mean = mean, .min = mean, .max = mean, .known = true}};
    struct afmon_rule_step step = afmon_rule_step(judging->rule, &judging->state, &finding, time_ns, time_ns);
    span->passes += step.judged;
    if (!step.fires)
        return;
    if (span->passes_held == 0)
        span->first_ns = time_ns;
    span->last_ns = time_ns;
    if (span->passes_held == 0 ||
        afmon_rule_distance(judging->rule, step.value) > afmon_rule_distance(judging->rule, span->worst.value)) {
        afmon_alert_fill(judging->rule, &finding, &step, time_ns, judging->state.fired_wall_ns, &span->worst);
        span->worst.data.min = span->worst.data.max = 0; /* not known */
    }
    span->passes_held++;
}

/* When the pass behind a bucket is. */
static int64_t pass_time(const struct afmon_timeline *timeline, size_t bucket, int64_t last_ns)
{
    int64_t end;
    if (bucket + 1 >= timeline->count ||
        __builtin_mul_overflow(timeline->first + (int64_t)bucket + 1, width_of(timeline), &end))
        return last_ns;
    return end < last_ns ? end : last_ns;
}

static void judge_all(const struct afmon_timeline *timeline, struct judging *judging, enum afmon_track track,
                      int64_t last_ns)
{
    for (size_t i = 0; i < timeline->count; i++)
        judge(judging, sum_to(timeline, track, i + 1), pass_time(timeline, i, last_ns));
}

size_t afmon_timeline_check(const struct afmon_timeline *timeline, const afmon_alert_limits *limits, int64_t last_ns,
                            afmon_alert_span *spans)
{
    size_t count = 0;
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++) {
        afmon_alert_rule rule = afmon_rule_built_in(i, limits);
        enum afmon_track track = track_of(&rule);
        struct judging judging = {.rule = &rule, .span = &spans[count]};
        spans[count] = (afmon_alert_span){0};
        if (track != AFMON_TRACKS)
            judge_all(timeline, &judging, track, last_ns);
        count += spans[count].passes_held > 0;
    }
    return count;
}
