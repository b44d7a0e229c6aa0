/* Counters and buckets. */
#include <math.h>
#include <string.h>

#include "meters/internal.h"

/* The order of samples differs between who reads a run from its end and who reads it from its beginning; what is shown
 * does not. */
static void add(struct afmon_meter_series *series, double value)
{
    afmon_exact_sum_add(&series->sum, value);
    series->meter.value = afmon_exact_sum_value(&series->sum);
}

/* *other: it is the one of "other". */
static struct afmon_meter_series *find(struct afmon_meters *meters, enum afmon_instrument_id id,
                                       const struct afmon_label_text *values, bool *other)
{
    size_t before = meters->counts->count;
    struct afmon_meter_series *series = afmon_meter_table_find(meters->counts, id, values, other);
    if (series != NULL && meters->counts->count > before)
        series->meter.since_ns = meters->since_ns[id];
    if (!*other)
        return series;
    bool of_overflows;
    const char *name = afmon_instruments[id].prom;
    struct afmon_label_text instrument = {name, strlen(name)};
    struct afmon_meter_series *overflows =
        afmon_meter_table_find(&meters->table, AFMON_INSTRUMENT_OVERFLOWS, &instrument, &of_overflows);
    if (overflows != NULL)
        add(overflows, 1);
    return series;
}

struct afmon_meter_series *afmon_meter_series_of(struct afmon_meters *meters, enum afmon_instrument_id id,
                                                 const struct afmon_label_text *values)
{
    bool other;
    return find(meters, id, values, &other);
}

/* A metric with one name, which most are, is found once. */
void afmon_meter_count_sample(struct afmon_meters *meters, enum afmon_metric_id metric, struct afmon_label_text name)
{
    bool one_name = metric != AFMON_METRIC_OTHER && !afmon_metric_row(metric)->info.is_prefix;
    bool other = false;
    struct afmon_meter_series *series = one_name ? meters->samples_of[metric] : NULL;
    if (series == NULL)
        series = find(meters, AFMON_INSTRUMENT_SAMPLES, &name, &other);
    if (one_name && !other)
        meters->samples_of[metric] = series;
    if (series != NULL)
        add(series, 1);
}

void afmon_meter_count(struct afmon_meters *meters, enum afmon_instrument_id id, const struct afmon_label_text *values,
                       double by)
{
    struct afmon_meter_series *series = afmon_meter_series_of(meters, id, values);
    if (series != NULL)
        add(series, by);
}

static size_t bucket_of(const struct afmon_bounds *bounds, double value)
{
    size_t low = 0;
    size_t high = bounds->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (value <= bounds->values[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void afmon_meter_observe(struct afmon_meters *meters, enum afmon_instrument_id id,
                         const struct afmon_label_text *values, double value)
{
    struct afmon_meter_series *series = isfinite(value) ? afmon_meter_series_of(meters, id, values) : NULL;
    if (series == NULL)
        return;
    series->buckets[bucket_of(series->meter.instrument->bounds, value)]++;
    series->meter.count++;
    add(series, value);
}
