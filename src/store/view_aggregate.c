/* Aggregates of a view: all values of the window, from memory and from the files, are gathered and searched. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/bare.h"
#include "store/batch.h"
#include "store/filtered.h"
#include "store/index_search.h"
#include "base/order.h"
#include "base/quantile.h"
#include "store/view_internal.h"

/* What is asked for, and found. */
struct gathering {
    struct afmon_times times;
    struct afmon_values values;
    struct afmon_summary summary;
    bool by_outcomes; /* of success_rate, to tell error_rate (catalog/error_share.h) */
    bool tracked;     /* marked samples (catalog/bare.h) are left out */
    bool partial;
    bool approximate;
};

static afmon_status add_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                 struct afmon_read_sample *sample)
{
    struct gathering *gathering = user;
    (void)series;
    afmon_status status = gathering->tracked ? afmon_reader_packed(reader, sample) : AFMON_OK;
    if (status != AFMON_OK || (gathering->tracked && afmon_packed_is_bare(sample->packed, sample->packed_length)))
        return status;
    if (!afmon_values_reserve(&gathering->values, 1))
        return AFMON_E_NO_MEMORY;
    gathering->values.values[gathering->values.count++] = sample->value;
    return AFMON_OK;
}

static bool gather_memory(const struct afmon_view_series *series, struct gathering *gathering)
{
    static const struct afmon_filter tracked = {.wants = afmon_wants_tracked};
    for (uint32_t i = 0; i < series->entry_count; i++) {
        const struct afmon_entry *entry = &series->entries[i];
        if (afmon_entry_cover(entry, gathering->times) == AFMON_COVER_NONE)
            continue;
        bool added = gathering->tracked ? afmon_gather_wanted(entry, gathering->times, &tracked, &gathering->values)
                                        : afmon_values_add_part(&gathering->values, entry, gathering->times);
        if (!added)
            return false;
    }
    return true;
}

static bool takes_all_of(const struct afmon_view_series *series, struct afmon_times times)
{
    const struct afmon_evicted *evicted = &series->evicted;
    bool all = evicted->count == 0 || afmon_cover_of(evicted->min_us, evicted->max_us, times) == AFMON_COVER_WHOLE;
    for (uint32_t i = 0; i < series->entry_count && all; i++)
        all = afmon_entry_cover(&series->entries[i], times) == AFMON_COVER_WHOLE;
    return all;
}

/* Where success_rate tells error_rate each value at hand gives way to its complement. What a sketch holds stays: what
 * is found in it is complemented (approximate_quantiles). */
static void sum_up(const struct afmon_view_series *series, struct gathering *gathering)
{
    struct afmon_values *values = &gathering->values;
    if (gathering->approximate) {
        gathering->summary = series->all;
        if (gathering->by_outcomes)
            afmon_summary_complement(&gathering->summary);
        return;
    }
    for (size_t i = 0; gathering->by_outcomes && i < values->count; i++)
        values->values[i] = afmon_error_of_outcome(values->values[i]);
    afmon_summary_of(&gathering->summary, values->values, values->count);
}

/* Where evicted samples are out of reach (there are no sources, or not all of what was written), the answer for a
 * window is partial; for all time there are the sums and the sketch that the store has kept. */
static afmon_status gather(afmon_view *view, const struct afmon_view_series *series, struct gathering *gathering)
{
    struct afmon_recall recall = {.only = series, .times = gathering->times, .visit = add_recalled, .user = gathering};
    afmon_status status = afmon_view_recall(view, &recall, NULL);
    if (status != AFMON_OK)
        return status;
    gathering->approximate = recall.missing > 0 && !gathering->tracked && takes_all_of(series, gathering->times);
    gathering->partial = recall.missing > 0 && !gathering->approximate;
    if (gathering->approximate)
        gathering->values.count = 0; /* the sketch has them */
    if (!gather_memory(series, gathering))
        return AFMON_E_NO_MEMORY;
    sum_up(series, gathering);
    return AFMON_OK;
}

/* Marked samples count only where the window holds no others. */
static afmon_status gather_counting(afmon_view *view, const struct afmon_view_series *series,
                                    struct gathering *gathering)
{
    gathering->tracked = series->mixed;
    afmon_status status = gather(view, series, gathering);
    if (status != AFMON_OK || !series->mixed || gathering->values.count > 0)
        return status;
    gathering->tracked = false;
    return gather(view, series, gathering);
}

afmon_status afmon_view_leaves_out(afmon_view *view, const struct afmon_view_series *series, struct afmon_times times,
                                   bool *leaves_out)
{
    struct gathering gathering = {.times = times, .tracked = true};
    afmon_status status = series->mixed ? gather(view, series, &gathering) : AFMON_OK;
    *leaves_out = gathering.values.count > 0;
    afmon_values_free(&gathering.values);
    return status;
}

/* ---- Quantiles ---- */

static void exact_quantiles(uint64_t *keys, size_t count, const double *q, size_t q_count, double *values)
{
    struct afmon_selector selector;
    afmon_select_begin(&selector, keys, count);
    for (size_t i = 0; i < q_count; i++) {
        struct afmon_quantile_place place = afmon_quantile_place(q[i], count);
        uint64_t pair[2];
        afmon_select_pair(&selector, (size_t)place.rank, pair);
        values[i] = afmon_quantile_between(afmon_order_value(pair[0]), afmon_order_value(pair[1]), place.fraction);
    }
}

/* With what is remembered of values that can no longer be read. */
static afmon_status approximate_quantiles(const struct afmon_search_source *source, bool by_outcomes, const double *q,
                                          size_t q_count, double *values)
{
    struct afmon_search *search = afmon_search_new();
    if (search == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = afmon_search_begin(search, source) ? AFMON_OK : AFMON_E_NO_MEMORY;
    for (size_t i = 0; i < q_count && status == AFMON_OK && afmon_search_count(search) > 0; i++) {
        double at = by_outcomes ? 1 - q[i] : q[i];
        struct afmon_quantile_place place = afmon_quantile_place(at, afmon_search_count(search));
        uint64_t pair[2];
        status = afmon_search_pair(search, place.rank, pair);
        if (status == AFMON_OK)
            values[i] = afmon_quantile_between(afmon_order_value(pair[0]), afmon_order_value(pair[1]), place.fraction);
        if (status == AFMON_OK && by_outcomes)
            values[i] = afmon_error_of_outcome(values[i]);
    }
    afmon_search_free(search);
    return status;
}

static afmon_status find_quantiles(const struct afmon_view_series *series, struct gathering *gathering, const double *q,
                                   size_t q_count, double *values)
{
    uint64_t *keys;
    size_t count = afmon_values_to_keys(&gathering->values, &keys);
    if (gathering->approximate) {
        struct afmon_search_source source = {.keys = keys, .key_count = count, .sketch = series->evicted.sketch};
        return approximate_quantiles(&source, gathering->by_outcomes, q, q_count, values);
    }
    if (count > 0)
        exact_quantiles(keys, count, q, q_count, values);
    return AFMON_OK;
}

/* ---- Questions ---- */

static afmon_status ask(afmon_view *view, const char *name, struct gathering *gathering, const double *q,
                        size_t q_count, double *values, bool *known)
{
    const struct afmon_view_series *series;
    afmon_status status = afmon_view_find_told(view, name, &series, &gathering->by_outcomes);
    *known = series != NULL;
    if (status == AFMON_OK && series != NULL)
        status = gather_counting(view, series, gathering);
    if (status == AFMON_OK && series != NULL)
        status = find_quantiles(series, gathering, q, q_count, values);
    afmon_values_free(&gathering->values);
    return status;
}

afmon_status afmon_view_aggregate(afmon_view *view, const char *name, afmon_window window, afmon_aggregate *aggregate)
{
    static const double standard[] = {0.5, 0.9, 0.99};
    double values[3] = {0};
    bool known;
    if (view == NULL || name == NULL || aggregate == NULL)
        return AFMON_E_ARGUMENT;
    memset(aggregate, 0, sizeof *aggregate);
    struct gathering gathering = {.times = afmon_view_times(window)};
    afmon_status status = ask(view, name, &gathering, standard, 3, values, &known);
    if (status != AFMON_OK)
        return status;
    afmon_summary_aggregate(&gathering.summary, aggregate);
    aggregate->p50 = values[0];
    aggregate->p90 = values[1];
    aggregate->p99 = values[2];
    aggregate->known = known;
    aggregate->partial = gathering.partial;
    aggregate->approximate = gathering.approximate;
    return AFMON_OK;
}

afmon_status afmon_view_quantiles(afmon_view *view, const char *name, afmon_window window, const double *q,
                                  size_t count, double *values)
{
    bool known;
    if (view == NULL || name == NULL || (count > 0 && (q == NULL || values == NULL)))
        return AFMON_E_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        if (!afmon_quantile_valid(q[i]))
            return AFMON_E_ARGUMENT;
    }
    struct gathering gathering = {.times = afmon_view_times(window)};
    afmon_status status = ask(view, name, &gathering, q, count, values, &known);
    if (status != AFMON_OK)
        return status;
    return gathering.summary.count > 0 ? AFMON_OK : AFMON_E_NO_DATA;
}
