/* Questions about a metric: over all, over a window, over time. */
#include <math.h>
#include <string.h>

#include "live/live.h"
#include "live/live_internal.h"

/* What is gathered for an answer is there for a moment. */
static const struct afmon_sketch_limits limits = {.exact_max = AFMON_LIVE_EXACT_MAX};

struct percentiles {
    double p50;
    double p90;
    double p99;
};

static struct percentiles percentiles_of(struct afmon_sketch *sketch)
{
    double found[3];
    afmon_sketch_quantiles(sketch, (const double[]){0.5, 0.9, 0.99}, 3, found);
    return (struct percentiles){found[0], found[1], found[2]};
}

static void take_percentiles(struct afmon_sketch *sketch, afmon_aggregate *aggregate)
{
    struct percentiles found = percentiles_of(sketch);
    aggregate->p50 = found.p50;
    aggregate->p90 = found.p90;
    aggregate->p99 = found.p99;
}

/* The series that tells the figures of a metric, as a view has it (afmon_view_find_told). */
struct told {
    const char *name;
    struct afmon_live_series *series; /* NULL: there is none */
    bool by_outcomes;
};

static struct told find_told(afmon_live *live, const char *name)
{
    struct told told = {.name = name};
    told.by_outcomes = live->model != NULL && afmon_model_lacks_zeros(live->model) &&
                       strcmp(name, afmon_metric_name(AFMON_METRIC_ERROR)) == 0;
    const char *of = told.by_outcomes ? afmon_metric_name(AFMON_METRIC_SUCCESS) : name;
    told.series = afmon_live_series_find(live->table, of, strlen(of));
    return told;
}

static void all_time(afmon_live *live, const struct told *told, afmon_aggregate *aggregate)
{
    afmon_distribution of;
    struct afmon_summary sums = told->series->sums;
    if (told->by_outcomes)
        afmon_summary_complement(&sums);
    afmon_summary_aggregate(&sums, aggregate);
    aggregate->known = true;
    if (live->model == NULL || !afmon_model_metric(live->model, told->name, strlen(told->name), &of))
        of = (afmon_distribution){
            .p50 = (double)NAN, .p90 = (double)NAN, .p99 = (double)NAN, .quantile_error = (double)NAN};
    aggregate->approximate = !(of.quantile_error <= 0);
    aggregate->p50 = of.p50;
    aggregate->p90 = of.p90;
    aggregate->p99 = of.p99;
}

struct gathering {
    struct afmon_time_bucket sum;
    struct afmon_sketch sketch;
    int64_t from; /* quarters that are covered: from to `to`, `to` not included */
    int64_t to;
};

static bool gather(void *user, int64_t first, int64_t width, const struct afmon_time_bucket *cell,
                   const struct afmon_sketch *sketch)
{
    struct gathering *gathering = user;
    afmon_cell_merge(&gathering->sum, cell);
    gathering->from = first < gathering->from ? first : gathering->from;
    gathering->to = first + width > gathering->to ? first + width : gathering->to;
    return sketch == NULL || afmon_sketch_merge(&gathering->sketch, sketch, &limits);
}

/* Of the same number of values 1 - value; rates have no quantiles. */
static void complement(struct afmon_time_bucket *sum)
{
    *sum = (struct afmon_time_bucket){sum->count, (double)sum->count - sum->sum, 1 - sum->max, 1 - sum->min};
}

static afmon_status of_window(const struct told *told, afmon_window window, afmon_aggregate *aggregate,
                              afmon_window *covered)
{
    const struct afmon_live_series *series = told->series;
    struct gathering sums = {.from = afmon_quarter_of(window.since_ns), .to = afmon_quarter_of(window.until_ns) + 1};
    aggregate->known = true;
    aggregate->approximate = true;
    bool whole = afmon_cells_each(&series->cells, sums.from, sums.to - 1, gather, &sums);
    if (told->by_outcomes)
        complement(&sums.sum);
    const struct afmon_time_bucket *sum = &sums.sum;
    if (sum->count > 0) {
        aggregate->count = sum->count;
        aggregate->sum = sum->sum;
        aggregate->mean = sum->sum / (double)sum->count;
        aggregate->min = sum->min;
        aggregate->max = sum->max;
        take_percentiles(&sums.sketch, aggregate);
        aggregate->approximate = !series->cells.timed || afmon_sketch_error(&sums.sketch) > 0;
    }
    afmon_sketch_free(&sums.sketch, NULL);
    if (covered != NULL)
        *covered = (afmon_window){afmon_quarter_time(sums.from), afmon_quarter_time(sums.to)};
    return whole ? AFMON_OK : AFMON_E_NO_MEMORY;
}

afmon_status afmon_live_aggregate(afmon_live *live, const char *name, afmon_window window, afmon_aggregate *aggregate,
                                  afmon_window *covered)
{
    if (live == NULL || name == NULL || aggregate == NULL)
        return AFMON_E_ARGUMENT;
    *aggregate = (afmon_aggregate){0};
    if (covered != NULL)
        *covered = window;
    const struct told told = find_told(live, name);
    if (told.series == NULL || window.since_ns > window.until_ns)
        return AFMON_OK;
    if (window.since_ns != INT64_MIN || window.until_ns != INT64_MAX)
        return of_window(&told, window, aggregate, covered);
    all_time(live, &told, aggregate);
    if (covered != NULL)
        *covered = (afmon_window){live->first_ns, live->last_ns};
    return AFMON_OK;
}

afmon_status afmon_live_window_quantiles(afmon_live *live, const char *name, afmon_window window, const double *q,
                                         size_t count, double *values)
{
    struct gathering sums = {.from = afmon_quarter_of(window.since_ns), .to = afmon_quarter_of(window.until_ns) + 1};
    const struct told told = find_told(live, name);
    bool whole = told.series == NULL || afmon_cells_each(&told.series->cells, sums.from, sums.to - 1, gather, &sums);
    afmon_sketch_quantiles(&sums.sketch, q, count, values);
    afmon_sketch_free(&sums.sketch, NULL);
    return whole ? AFMON_OK : AFMON_E_NO_MEMORY;
}

/* ---- Buckets ---- */

struct filling {
    afmon_bucket *buckets;
    size_t count;
    int64_t first; /* number of the first bucket */
    unsigned shift;
    bool by_outcomes;
};

/* Rounded down, before 1970, too. */
static int64_t bucket_of(int64_t quarter, unsigned shift)
{
    int64_t width = INT64_C(1) << shift;
    return quarter >= 0 ? quarter / width : -((width - 1 - quarter) / width);
}

static bool fill(void *user, int64_t first, int64_t width, const struct afmon_time_bucket *cell,
                 const struct afmon_sketch *sketch)
{
    (void)width;
    (void)sketch;
    const struct filling *filling = user;
    int64_t at = bucket_of(first, filling->shift) - filling->first;
    if (at < 0 || at >= (int64_t)filling->count)
        return true;
    afmon_bucket *bucket = &filling->buckets[at];
    struct afmon_time_bucket sum = {bucket->count, bucket->sum, bucket->min, bucket->max};
    struct afmon_time_bucket told = *cell;
    if (filling->by_outcomes)
        complement(&told);
    afmon_cell_merge(&sum, &told);
    bucket->count = sum.count;
    bucket->sum = sum.sum;
    bucket->min = sum.min;
    bucket->max = sum.max;
    return true;
}

static bool merge(void *user, int64_t first, int64_t width, const struct afmon_time_bucket *cell,
                  const struct afmon_sketch *sketch)
{
    (void)first;
    (void)width;
    (void)cell;
    return afmon_sketch_merge(user, sketch, &limits);
}

static afmon_status fill_quantiles(const struct afmon_live_series *series, struct filling *filling)
{
    for (size_t i = 0; i < filling->count; i++) {
        afmon_bucket *bucket = &filling->buckets[i];
        if (bucket->count == 0)
            continue;
        int64_t width = INT64_C(1) << filling->shift;
        int64_t from = (filling->first + (int64_t)i) * width;
        struct afmon_sketch spread = {0};
        bool whole = afmon_cells_each(&series->cells, from, from + width - 1, merge, &spread);
        struct percentiles found = percentiles_of(&spread);
        bucket->p50 = found.p50;
        bucket->p90 = found.p90;
        bucket->p99 = found.p99;
        afmon_sketch_free(&spread, NULL);
        if (!whole)
            return AFMON_E_NO_MEMORY;
    }
    return AFMON_OK;
}

/* The window, cut to what there is: from the first sample to now. */
static bool span_of(const struct afmon_live *live, afmon_window window, int64_t *from, int64_t *to)
{
    afmon_live_info info;
    afmon_live_look(live, &info);
    int64_t last = info.now_ns > info.last_ns ? info.now_ns : info.last_ns;
    int64_t since = window.since_ns > info.first_ns ? window.since_ns : info.first_ns;
    int64_t until = window.until_ns < last ? window.until_ns : last;
    *from = afmon_quarter_of(since);
    *to = afmon_quarter_of(until);
    return info.sample_count > 0 && since <= until;
}

static unsigned shift_of(const struct afmon_cells *cells, int64_t from, int64_t to, size_t capacity)
{
    unsigned shift = afmon_cells_finest(cells, from);
    while (shift < 62 && (uint64_t)(bucket_of(to, shift) - bucket_of(from, shift)) >= capacity)
        shift++;
    return shift;
}

afmon_status afmon_live_buckets(afmon_live *live, const char *name, afmon_window window, size_t capacity,
                                afmon_bucket *buckets, size_t *count, int64_t *width_ns)
{
    int64_t from;
    int64_t to;
    if (live == NULL || name == NULL || buckets == NULL || count == NULL || width_ns == NULL || capacity < 2)
        return AFMON_E_ARGUMENT;
    *count = 0;
    *width_ns = AFMON_QUARTER_NS;
    const struct told told = find_told(live, name);
    const struct afmon_live_series *series = told.series;
    if (series == NULL || !series->cells.any || !span_of(live, window, &from, &to))
        return AFMON_OK;
    struct filling filling = {
        .buckets = buckets, .by_outcomes = told.by_outcomes, .shift = shift_of(&series->cells, from, to, capacity)};
    filling.first = bucket_of(from, filling.shift);
    filling.count = (size_t)(bucket_of(to, filling.shift) - filling.first) + 1;
    *count = filling.count;
    *width_ns = afmon_quarter_time(INT64_C(1) << filling.shift);
    for (size_t i = 0; i < filling.count; i++)
        buckets[i] = (afmon_bucket){
            .start_ns = afmon_quarter_time((filling.first + (int64_t)i) * (INT64_C(1) << filling.shift))};
    (void)afmon_cells_each(&series->cells, from, to, fill, &filling);
    return series->cells.timed ? fill_quantiles(series, &filling) : AFMON_OK;
}
