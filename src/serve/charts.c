/* The five standard questions over time: one number a bucket. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/json.h"
#include "serve/picture.h"

#define BUCKETS_MAX 120
#define SCORES_MAX 8
#define SCORE_PREFIX "evaluation_score_"

struct buckets {
    int64_t start_ns;
    int64_t step_ns;
    size_t count;
};

static struct buckets cut(const afmon_view_info *info)
{
    static const double steps_s[] = {0.25, 0.5, 1,   2,    5,    10,   15,    30,    60,   120,
                                     300,  600, 900, 1800, 3600, 7200, 14400, 21600, 43200};
    struct buckets buckets = {.step_ns = 86400 * AFMON_NS_PER_S};
    int64_t span = info->last_ns - info->first_ns;
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        int64_t step_ns = afmon_seconds_to_ns(steps_s[i]);
        if (span / step_ns < BUCKETS_MAX - 1) {
            buckets.step_ns = step_ns;
            break;
        }
    }
    while (span / buckets.step_ns >= BUCKETS_MAX - 1)
        buckets.step_ns *= 2;
    buckets.start_ns = info->first_ns - info->first_ns % buckets.step_ns;
    buckets.count = info->sample_count > 0 ? (size_t)((info->last_ns - buckets.start_ns) / buckets.step_ns) + 1 : 0;
    return buckets;
}

enum what { MEAN, SUM, COUNT_PER_S };

static double value_of(const afmon_aggregate *of, enum what what, int64_t step_ns)
{
    if (what == COUNT_PER_S)
        return (double)of->count / ((double)step_ns / 1e9);
    if (of->count == 0)
        return NAN;
    return what == MEAN ? of->mean : of->sum;
}

static afmon_status aggregate(afmon_view *view, const struct buckets *buckets, const char *metric, size_t index,
                              afmon_aggregate *of)
{
    int64_t since = buckets->start_ns + (int64_t)index * buckets->step_ns;
    return afmon_view_aggregate(view, metric, (afmon_window){since, since + buckets->step_ns - 1}, of);
}

static afmon_status write_series(afmon_view *view, const struct buckets *buckets, const char *key, const char *metric,
                                 enum what what, struct afmon_json *json)
{
    afmon_status status = AFMON_OK;
    afmon_json_open(json, key, '[');
    for (size_t i = 0; i < buckets->count && status == AFMON_OK; i++) {
        afmon_aggregate of;
        status = aggregate(view, buckets, metric, i, &of);
        if (status == AFMON_OK)
            afmon_json_number(json, NULL, value_of(&of, what, buckets->step_ns));
    }
    afmon_json_close(json, ']');
    return status;
}

static afmon_status write_latency(afmon_view *view, const struct buckets *buckets, struct afmon_json *json)
{
    double values[3][BUCKETS_MAX + 1];
    static const char *const names[] = {"p50", "p90", "p99"};
    for (size_t i = 0; i < buckets->count; i++) {
        afmon_aggregate of;
        afmon_status status = aggregate(view, buckets, "generation_time", i, &of);
        if (status != AFMON_OK)
            return status;
        values[0][i] = of.count > 0 ? of.p50 : NAN;
        values[1][i] = of.count > 0 ? of.p90 : NAN;
        values[2][i] = of.count > 0 ? of.p99 : NAN;
    }
    for (size_t q = 0; q < 3; q++) {
        afmon_json_open(json, names[q], '[');
        for (size_t i = 0; i < buckets->count; i++)
            afmon_json_number(json, NULL, values[q][i]);
        afmon_json_close(json, ']');
    }
    return AFMON_OK;
}

static afmon_status write_scores(afmon_view *view, const afmon_view_info *info, const struct buckets *buckets,
                                 struct afmon_json *json)
{
    size_t found = 0;
    afmon_status status = AFMON_OK;
    afmon_json_open(json, "scores", '[');
    for (size_t i = 0; i < info->metric_count && found < SCORES_MAX && status == AFMON_OK; i++) {
        size_t length;
        const char *name = afmon_view_metric_name(view, i, &length);
        if (strncmp(name, SCORE_PREFIX, sizeof SCORE_PREFIX - 1) != 0 || strlen(name) != length)
            continue;
        found++;
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "name", name + sizeof SCORE_PREFIX - 1);
        status = write_series(view, buckets, "values", name, MEAN, json);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
    return status;
}

afmon_status afmon_picture_charts(afmon_view *view, const afmon_view_info *info, struct afmon_json *json)
{
    static const struct {
        const char *key;
        const char *metric;
        enum what what;
    } series[] = {
        {"success", "success_rate", MEAN},
        {"error", "error_rate", MEAN},
        {"throughput", "success_rate", COUNT_PER_S},
        {"prompt", "prompt_token_count", SUM},
        {"completion", "completion_token_count", SUM},
    };
    struct buckets buckets = cut(info);
    afmon_status status = AFMON_OK;
    afmon_json_open(json, "charts", '{');
    afmon_json_int(json, "start_ms", buckets.start_ns / 1000000);
    afmon_json_int(json, "step_ms", buckets.step_ns / 1000000);
    afmon_json_int(json, "count", (int64_t)buckets.count);
    for (size_t i = 0; i < sizeof series / sizeof series[0] && status == AFMON_OK; i++)
        status = write_series(view, &buckets, series[i].key, series[i].metric, series[i].what, json);
    if (status == AFMON_OK)
        status = write_latency(view, &buckets, json);
    if (status == AFMON_OK)
        status = write_scores(view, info, &buckets, json);
    afmon_json_close(json, '}');
    return status;
}
