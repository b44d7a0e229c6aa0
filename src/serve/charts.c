/* The standard questions over time: one number a piece of time. Once over the whole run, and where that is longer than
 * ten minutes, once over the last five. */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "catalog/metrics.h"
#include "live/live.h"
#include "serve/ask.h"
#include "serve/picture.h"

#define BUCKETS_MAX 120
#define SCORES_MAX 8
#define TOTALS_MAX 24
#define RECENT_NS (300 * AFMON_NS_PER_S)
#define LONG_NS (2 * RECENT_NS)

/* The pieces of time that all series of a chart share. */
struct frame {
    afmon_live *live;
    struct afmon_json *json;
    afmon_window window;
    int64_t first_ns; /* of the run, and its end so far */
    int64_t end_ns;
    int64_t start_ns;
    int64_t width_ns;
    size_t count;
    afmon_bucket buckets[BUCKETS_MAX]; /* of the series that was asked for last */
    struct {
        const char *key;
        double value; /* of the whole window */
    } totals[TOTALS_MAX];
    size_t total_count;
};

enum what { MEAN, COUNT_PER_S, SUM_PER_S, P50, P90, P99 };

/* How much of a piece of time the run was there for. NaN: too little to tell a rate. */
static double seconds_of(const struct frame *frame, size_t index)
{
    int64_t begin_ns = (int64_t)((uint64_t)frame->start_ns + index * (uint64_t)frame->width_ns);
    int64_t end_ns = afmon_clamp_add(begin_ns, frame->width_ns);
    begin_ns = begin_ns < frame->first_ns ? frame->first_ns : begin_ns;
    end_ns = end_ns > frame->end_ns ? frame->end_ns : end_ns;
    if (afmon_clamp_sub(end_ns, begin_ns) >= frame->width_ns / 2)
        return afmon_seconds_between(begin_ns, end_ns);
    return frame->count > 2 ? (double)NAN : (double)frame->width_ns / 1e9;
}

static double value_of(const struct frame *frame, size_t index, enum what what)
{
    const afmon_bucket *bucket = &frame->buckets[index];
    switch (what) {
    case COUNT_PER_S:
        return (double)bucket->count / seconds_of(frame, index);
    case SUM_PER_S:
        return bucket->count > 0 ? bucket->sum / seconds_of(frame, index) : (double)NAN;
    case P50:
        return bucket->count > 0 ? bucket->p50 : (double)NAN;
    case P90:
        return bucket->count > 0 ? bucket->p90 : (double)NAN;
    case P99:
        return bucket->count > 0 ? bucket->p99 : (double)NAN;
    case MEAN:
    default:
        return bucket->count > 0 ? bucket->sum / (double)bucket->count : (double)NAN;
    }
}

/* Asks for a metric. One without samples has empty buckets. */
static afmon_status ask(struct frame *frame, const char *metric)
{
    size_t count;
    int64_t width_ns;
    afmon_status status =
        afmon_live_buckets(frame->live, metric, frame->window, BUCKETS_MAX, frame->buckets, &count, &width_ns);
    if (status != AFMON_OK)
        return status;
    if (frame->count == 0 && count > 0) {
        frame->count = count;
        frame->width_ns = width_ns;
        frame->start_ns = frame->buckets[0].start_ns;
    }
    if (count != frame->count || width_ns != frame->width_ns)
        memset(frame->buckets, 0, sizeof frame->buckets);
    return AFMON_OK;
}

static void add_total(struct frame *frame, const char *key, double value)
{
    if (frame->total_count == TOTALS_MAX)
        return;
    frame->totals[frame->total_count].key = key;
    frame->totals[frame->total_count++].value = value;
}

static void write_totals(const struct frame *frame)
{
    afmon_json_open(frame->json, "totals", '{');
    for (size_t i = 0; i < frame->total_count; i++)
        afmon_json_rounded(frame->json, frame->totals[i].key, frame->totals[i].value);
    afmon_json_close(frame->json, '}');
}

/* How much of the window the run was there for. */
static double window_seconds(const struct frame *frame)
{
    int64_t begin_ns = frame->window.since_ns > frame->first_ns ? frame->window.since_ns : frame->first_ns;
    int64_t end_ns = frame->window.until_ns < frame->end_ns ? frame->window.until_ns : frame->end_ns;
    return afmon_seconds_between(begin_ns, end_ns);
}

/* What the whole window came to, as a piece of it does. NaN: there is nothing in it. */
static double total_of(const struct frame *frame, const afmon_aggregate *all, enum what what)
{
    double seconds = window_seconds(frame);
    if (all->count == 0)
        return (double)NAN;
    switch (what) {
    case COUNT_PER_S:
        return seconds > 0 ? (double)all->count / seconds : (double)NAN;
    case SUM_PER_S:
        return seconds > 0 ? all->sum / seconds : (double)NAN;
    case P50:
        return all->p50;
    case P90:
        return all->p90;
    case P99:
        return all->p99;
    case MEAN:
    default:
        return all->mean;
    }
}

/* Over all of the run they are the figures of its summary. */
static afmon_status aggregate(const struct frame *frame, const char *metric, afmon_aggregate *all)
{
    bool every = frame->window.since_ns <= frame->first_ns && frame->window.until_ns >= frame->end_ns;
    return afmon_live_aggregate(frame->live, metric, every ? AFMON_WINDOW_ALL : frame->window, all, NULL);
}

static void write(struct frame *frame, const char *key, enum what what)
{
    afmon_json_open(frame->json, key, '[');
    for (size_t i = 0; i < frame->count; i++)
        afmon_json_rounded(frame->json, NULL, value_of(frame, i, what));
    afmon_json_close(frame->json, ']');
}

static afmon_status write_metrics(struct frame *frame)
{
    static const struct {
        enum afmon_metric_id metric;
        struct {
            const char *key; /* NULL: no more */
            enum what what;
        } series[3];
    } rows[] = {
        {AFMON_METRIC_SUCCESS, {{"success", MEAN}, {"throughput", COUNT_PER_S}}},
        {AFMON_METRIC_ERROR, {{"error", MEAN}}},
        {AFMON_METRIC_GENERATION_TIME, {{"p50", P50}, {"p90", P90}, {"p99", P99}}},
        {AFMON_METRIC_EVALUATION_TIME, {{"evaluation_p50", P50}, {"evaluation_p90", P90}, {"evaluation_p99", P99}}},
        {AFMON_METRIC_PROMPT, {{"prompt", SUM_PER_S}}},
        {AFMON_METRIC_COMPLETION, {{"completion", SUM_PER_S}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        afmon_aggregate all;
        afmon_status status = ask(frame, afmon_metric_name(rows[i].metric));
        if (status == AFMON_OK)
            status = aggregate(frame, afmon_metric_name(rows[i].metric), &all);
        if (status != AFMON_OK)
            return status;
        for (size_t k = 0; k < 3 && rows[i].series[k].key != NULL; k++) {
            write(frame, rows[i].series[k].key, rows[i].series[k].what);
            add_total(frame, rows[i].series[k].key, total_of(frame, &all, rows[i].series[k].what));
        }
    }
    return AFMON_OK;
}

static afmon_status write_scores(struct frame *frame, size_t metric_count)
{
    size_t found = 0;
    afmon_status status = AFMON_OK;
    afmon_json_open(frame->json, "scores", '[');
    for (size_t i = 0; i < metric_count && found < SCORES_MAX && status == AFMON_OK; i++) {
        size_t length;
        const char *name = afmon_live_metric_name(frame->live, i, &length);
        struct afmon_piece score;
        if (afmon_metric_find(name, length, &score) != AFMON_METRIC_SCORE || strlen(name) != length)
            continue;
        found++;
        afmon_aggregate all = {0};
        status = ask(frame, name);
        if (status == AFMON_OK)
            status = aggregate(frame, name, &all);
        afmon_json_open(frame->json, NULL, '{');
        afmon_json_name(frame->json, "name", score.data, score.length);
        afmon_json_rounded(frame->json, "total", total_of(frame, &all, MEAN));
        write(frame, "values", MEAN);
        afmon_json_close(frame->json, '}');
    }
    afmon_json_close(frame->json, ']');
    return status;
}

/* What was spent until the end of each piece of time, in US dollars; null everywhere where nothing was priced. */
static afmon_status write_spent(struct frame *frame)
{
    const char *metric = afmon_metric_name(AFMON_METRIC_COST);
    afmon_aggregate all = {0};
    afmon_aggregate before = {0};
    afmon_status status = ask(frame, metric);
    if (status == AFMON_OK)
        status = afmon_live_aggregate(frame->live, metric, AFMON_WINDOW_ALL, &all, NULL);
    /* The pieces of time begin where a cell of the past ends, so that nothing is in both. */
    if (status == AFMON_OK && frame->start_ns > frame->first_ns)
        status =
            afmon_live_aggregate(frame->live, metric, (afmon_window){INT64_MIN, frame->start_ns - 1}, &before, NULL);
    double spent = before.sum;
    afmon_json_open(frame->json, "spent_usd", '[');
    for (size_t i = 0; i < frame->count; i++) {
        spent += frame->buckets[i].sum;
        afmon_json_rounded(frame->json, NULL, all.count > 0 ? spent : (double)NAN);
    }
    afmon_json_close(frame->json, ']');
    add_total(frame, "spent_usd", all.count > 0 ? spent : (double)NAN);
    return status;
}

struct outcomes {
    const struct frame *frame;
    uint32_t counts[BUCKETS_MAX][AFMON_OUTCOME_FAILED + 1];
};

static void take_outcome(void *user, int64_t ended_ns, enum afmon_item_outcome outcome)
{
    struct outcomes *outcomes = user;
    const struct frame *frame = outcomes->frame;
    if (ended_ns < frame->start_ns || ended_ns > frame->window.until_ns || frame->width_ns <= 0)
        return;
    uint64_t index = ((uint64_t)ended_ns - (uint64_t)frame->start_ns) / (uint64_t)frame->width_ns;
    if (index < frame->count)
        outcomes->counts[index][outcome]++;
}

/* Of the items that ended in a piece of time, what became of them. */
static void write_items(struct frame *frame)
{
    static const char *const keys[] = {NULL, "accepted", "rejected", "failed"};
    struct outcomes outcomes = {.frame = frame};
    uint64_t sums[AFMON_OUTCOME_FAILED + 1] = {0};
    afmon_live_each_outcome(frame->live, take_outcome, &outcomes);
    for (size_t k = 0; k < frame->count; k++)
        for (unsigned i = AFMON_OUTCOME_ACCEPTED; i <= AFMON_OUTCOME_FAILED; i++)
            sums[i] += outcomes.counts[k][i];
    double every = (double)(sums[AFMON_OUTCOME_ACCEPTED] + sums[AFMON_OUTCOME_REJECTED] + sums[AFMON_OUTCOME_FAILED]);
    for (unsigned i = AFMON_OUTCOME_ACCEPTED; i <= AFMON_OUTCOME_FAILED; i++) {
        add_total(frame, keys[i], every > 0 ? (double)sums[i] / every : (double)NAN);
        afmon_json_open(frame->json, keys[i], '[');
        for (size_t k = 0; k < frame->count; k++) {
            const uint32_t *counts = outcomes.counts[k];
            double ended =
                (double)counts[AFMON_OUTCOME_ACCEPTED] + counts[AFMON_OUTCOME_REJECTED] + counts[AFMON_OUTCOME_FAILED];
            afmon_json_rounded(frame->json, NULL, ended > 0 ? counts[i] / ended : (double)NAN);
        }
        afmon_json_close(frame->json, ']');
    }
}

/* Some metric that has samples tells the pieces of time. */
static afmon_status find_frame(struct frame *frame, size_t metric_count)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < metric_count && frame->count == 0 && status == AFMON_OK; i++) {
        size_t length;
        const char *name = afmon_live_metric_name(frame->live, i, &length);
        status = ask(frame, name);
    }
    return status;
}

/* When the run ended so far. */
static int64_t end_of(const afmon_live_info *info)
{
    return info->now_ns > info->last_ns ? info->now_ns : info->last_ns;
}

static afmon_status write_charts(afmon_live *live, const afmon_live_info *info, afmon_window window,
                                 struct afmon_json *json)
{
    struct frame frame = {.live = live,
                          .json = json,
                          .window = window,
                          .first_ns = info->first_ns,
                          .end_ns = end_of(info),
                          .width_ns = AFMON_NS_PER_S};
    afmon_status status = find_frame(&frame, info->metric_count);
    if (status != AFMON_OK)
        return status;
    afmon_json_time(json, "start_ms", frame.start_ns);
    afmon_json_int(json, "step_ms", frame.width_ns / 1000000);
    afmon_json_int(json, "count", (int64_t)frame.count);
    afmon_json_time(json, "end_ms", frame.end_ns);
    status = write_metrics(&frame);
    if (status == AFMON_OK)
        status = write_spent(&frame);
    write_items(&frame);
    write_totals(&frame);
    return status == AFMON_OK ? write_scores(&frame, info->metric_count) : status;
}

static afmon_status write_charts_as(afmon_live *live, const afmon_live_info *info, afmon_window window, const char *key,
                                    struct afmon_json *json)
{
    afmon_json_open(json, key, '{');
    afmon_status status = write_charts(live, info, window, json);
    afmon_json_close(json, '}');
    return status;
}

afmon_status afmon_picture_window(afmon_live *live, const afmon_live_info *info, afmon_window window,
                                  struct afmon_json *json)
{
    int64_t end_ns = end_of(info);
    window.until_ns = window.until_ns < end_ns ? window.until_ns : end_ns;
    afmon_json_open(json, NULL, '{');
    afmon_json_rounded(json, "loaded", info->loaded);
    afmon_status status = write_charts(live, info, window, json);
    afmon_json_close(json, '}');
    return status;
}

afmon_status afmon_picture_charts(afmon_live *live, const afmon_live_info *info, struct afmon_json *json)
{
    int64_t end_ns = end_of(info);
    afmon_status status = write_charts_as(live, info, (afmon_window){INT64_MIN, end_ns}, "charts", json);
    if (status != AFMON_OK || info->sample_count == 0 || afmon_clamp_sub(end_ns, info->first_ns) < LONG_NS) {
        afmon_json_string(json, "recent", NULL);
        return status;
    }
    return write_charts_as(live, info, (afmon_window){afmon_clamp_sub(end_ns, RECENT_NS), end_ns}, "recent", json);
}
