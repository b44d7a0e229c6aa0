/* One metric over a stretch of time: what it came to in each piece of it and, where wanted, how its values are spread.
 */
#include <math.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "live/live.h"
#include "serve/ask.h"

#define BUCKETS_MAX 240
#define HEAT_BUCKETS_MAX 120
#define ROWS 28          /* of a heat map, each as many times higher as the one below it */
#define VALUES_MAX 128   /* of a piece of time: so many are looked at one by one, of more so many quantiles */
#define RANGE_MIN 1.0e-9 /* what is not above that is in the lowest row */

struct series {
    afmon_live *live;
    struct afmon_json *json;
    const char *metric;
    afmon_window window;
    size_t count;
    int64_t width_ns;
    afmon_bucket buckets[BUCKETS_MAX];
};

enum what { COUNT, SUM, MEAN, MIN, MAX, P50, P90, P99 };

static double value_of(const afmon_bucket *bucket, enum what what)
{
    switch (what) {
    case COUNT:
        return (double)bucket->count;
    case SUM:
        return bucket->sum;
    case MIN:
        return bucket->min;
    case MAX:
        return bucket->max;
    case P50:
        return bucket->p50;
    case P90:
        return bucket->p90;
    case P99:
        return bucket->p99;
    case MEAN:
    default:
        return bucket->sum / (double)bucket->count;
    }
}

static void write_buckets(const struct series *series, bool timed)
{
    static const char *const keys[] = {"n", "sum", "mean", "min", "max", "p50", "p90", "p99"};
    for (unsigned what = COUNT; what <= (timed ? P99 : MAX); what++) {
        afmon_json_open(series->json, keys[what], '[');
        for (size_t i = 0; i < series->count; i++) {
            const afmon_bucket *bucket = &series->buckets[i];
            bool there = bucket->count > 0 || what == COUNT;
            afmon_json_rounded(series->json, NULL, there ? value_of(bucket, (enum what)what) : (double)NAN);
        }
        afmon_json_close(series->json, ']');
    }
}

static afmon_status write_whole(const struct series *series, bool timed)
{
    afmon_aggregate all;
    afmon_status status = afmon_live_aggregate(series->live, series->metric, series->window, &all, NULL);
    if (status != AFMON_OK)
        return status;
    bool any = all.count > 0;
    bool every = series->window.since_ns == INT64_MIN && series->window.until_ns == INT64_MAX;
    afmon_json_bool(series->json, "known", all.known);
    afmon_json_open(series->json, "whole", '{');
    afmon_json_count(series->json, "n", all.count);
    afmon_json_rounded(series->json, "sum", any ? all.sum : (double)NAN);
    afmon_json_rounded(series->json, "mean", any ? all.mean : (double)NAN);
    afmon_json_rounded(series->json, "min", any ? all.min : (double)NAN);
    afmon_json_rounded(series->json, "max", any ? all.max : (double)NAN);
    afmon_json_rounded(series->json, "p50", any && (timed || every) ? all.p50 : (double)NAN);
    afmon_json_rounded(series->json, "p90", any && (timed || every) ? all.p90 : (double)NAN);
    afmon_json_rounded(series->json, "p99", any && (timed || every) ? all.p99 : (double)NAN);
    afmon_json_close(series->json, '}');
    return AFMON_OK;
}

/* ---- The heat map ---- */

struct rows {
    double low; /* upper end of the lowest row */
    double factor;
};

static struct rows rows_of(const struct series *series)
{
    double low = INFINITY;
    double high = 0;
    for (size_t i = 0; i < series->count; i++) {
        if (series->buckets[i].count == 0)
            continue;
        low = fmin(low, fmax(series->buckets[i].min, RANGE_MIN));
        high = fmax(high, series->buckets[i].max);
    }
    struct rows rows = {.low = low, .factor = 1.25};
    if (high > low)
        rows.factor = fmax(rows.factor, pow(high / low, 1.0 / (ROWS - 1)) * (1 + 1e-9));
    rows.low = low * sqrt(rows.factor);
    return rows;
}

static size_t row_of(const struct rows *rows, double value)
{
    if (!(value > rows->low))
        return 0;
    double row = 1 + floor(log(value / rows->low) / log(rows->factor));
    return row < ROWS - 1 ? (size_t)row : ROWS - 1;
}

/* Of up to VALUES_MAX values each one: quantiles of type 7 at i/(n-1) are they. */
static afmon_status write_column(const struct series *series, const struct rows *rows, const afmon_bucket *bucket)
{
    double q[VALUES_MAX];
    double values[VALUES_MAX];
    double counts[ROWS] = {0};
    size_t n = bucket->count < VALUES_MAX ? (size_t)bucket->count : VALUES_MAX;
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < n; i++)
        q[i] = n > 1 ? (double)i / (double)(n - 1) : 0.5;
    if (n > 0)
        status = afmon_live_window_quantiles(
            series->live, series->metric,
            (afmon_window){bucket->start_ns, afmon_clamp_add(bucket->start_ns, series->width_ns - 1)}, q, n, values);
    for (size_t i = 0; i < n && status == AFMON_OK; i++)
        counts[row_of(rows, values[i])] += (double)bucket->count / (double)n;
    afmon_json_open(series->json, NULL, '[');
    for (size_t i = 0; i < ROWS && bucket->count > 0; i++)
        afmon_json_count(series->json, NULL, (uint64_t)llround(counts[i]));
    afmon_json_close(series->json, ']');
    return status;
}

static afmon_status write_heat(const struct series *series)
{
    struct rows rows = rows_of(series);
    afmon_status status = AFMON_OK;
    afmon_json_open(series->json, "heat", '{');
    afmon_json_rounded(series->json, "low", rows.low);
    afmon_json_rounded(series->json, "factor", rows.factor);
    afmon_json_int(series->json, "rows", ROWS);
    afmon_json_open(series->json, "counts", '[');
    for (size_t i = 0; i < series->count && status == AFMON_OK; i++)
        status = write_column(series, &rows, &series->buckets[i]);
    afmon_json_close(series->json, ']');
    afmon_json_close(series->json, '}');
    return status;
}

afmon_status afmon_series_write(afmon_live *live, const afmon_live_info *info, const struct afmon_question *question,
                                struct afmon_json *json)
{
    struct series series = {.live = live, .json = json, .metric = question->metric, .window = question->window};
    bool timed = afmon_metric_get_info(series.metric, strlen(series.metric))->unit == AFMON_UNIT_SECONDS;
    bool heat = question->heat && timed;
    afmon_status status = afmon_live_buckets(live, series.metric, series.window, heat ? HEAT_BUCKETS_MAX : BUCKETS_MAX,
                                             series.buckets, &series.count, &series.width_ns);
    if (status != AFMON_OK)
        return status;
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "metric", series.metric);
    afmon_json_rounded(json, "loaded", info->loaded);
    afmon_json_time(json, "start_ms", series.count > 0 ? series.buckets[0].start_ns : 0);
    afmon_json_int(json, "step_ms", series.width_ns / 1000000);
    afmon_json_int(json, "count", (int64_t)series.count);
    afmon_json_time(json, "end_ms", info->now_ns > info->last_ns ? info->now_ns : info->last_ns);
    status = write_whole(&series, timed);
    write_buckets(&series, timed);
    if (status == AFMON_OK && heat)
        status = write_heat(&series);
    afmon_json_close(json, '}');
    return status;
}
