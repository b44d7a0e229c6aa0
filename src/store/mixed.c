/* Of a name that tracked calls derive, samples that a program recorded by the bare name count only in windows that hold
 * no tracked one. Both kinds are in one series, in the order of the files, for whoever lists or exports them. */
#include <string.h>

#include "base/quantile.h"
#include "store/filtered.h"

bool afmon_wants_tracked(void *user, const struct afmon_set *set)
{
    (void)user;
    return set == NULL || !set->bare;
}

static bool wants_both(void *user, const struct afmon_set *set)
{
    const struct afmon_filter *filter = user;
    return afmon_wants_tracked(NULL, set) && (filter == NULL || filter->wants(filter->user, set));
}

static bool wants_all(void *user, const struct afmon_set *set)
{
    (void)user;
    (void)set;
    return true;
}

static bool is_empty(const afmon_aggregate *aggregate)
{
    return aggregate->count + aggregate->not_finite == 0;
}

/* Parts that were remembered of the series before it was mixed are of other samples. */
static struct afmon_filter_memo *memo_of(const struct afmon_filter *filter)
{
    struct afmon_filter_memo *memo = filter != NULL ? filter->memo : NULL;
    if (memo != NULL && !memo->mixed) {
        afmon_filter_memo_free(memo);
        memo->mixed = true;
    }
    return memo;
}

afmon_status afmon_store_mixed(struct afmon_store *store, const char *name, size_t length, struct afmon_times steady,
                               const struct afmon_filter *filter, const double *q, size_t q_count,
                               afmon_aggregate *aggregate, double *values)
{
    const struct afmon_filter both = {.wants = wants_both, .user = (void *)(uintptr_t)filter, .memo = memo_of(filter)};
    const struct afmon_filter tracked = {.wants = afmon_wants_tracked};
    const struct afmon_filter all = {.wants = filter != NULL ? filter->wants : wants_all,
                                     .user = filter != NULL ? filter->user : NULL};
    afmon_status status = afmon_store_wanted(store, name, length, steady, &both, q, q_count, aggregate, values);
    if (status != AFMON_OK || !is_empty(aggregate))
        return status;
    afmon_aggregate any;
    if (filter != NULL) {
        status = afmon_store_wanted(store, name, length, steady, &tracked, NULL, 0, &any, NULL);
        if (status != AFMON_OK || !is_empty(&any))
            return status;
    }
    return afmon_store_wanted(store, name, length, steady, &all, q, q_count, aggregate, values);
}

static bool is_mixed(struct afmon_store *store, const char *name, size_t length)
{
    afmon_turn_take(&store->turn);
    const struct afmon_series_data *series = afmon_store_find(store, name, length);
    bool mixed = series != NULL && afmon_series_is_mixed(series);
    afmon_turn_leave(&store->turn);
    return mixed;
}

afmon_status afmon_store_filtered(struct afmon_store *store, const char *name, size_t length, int64_t now_steady_us,
                                  int64_t window_us, const struct afmon_filter *filter, const double *q, size_t q_count,
                                  afmon_aggregate *aggregate, double *quantiles)
{
    struct afmon_times steady = {.since_us = INT64_MIN, .until_us = INT64_MAX};
    memset(aggregate, 0, sizeof *aggregate);
    for (size_t i = 0; i < q_count; i++)
        if (!afmon_quantile_valid(q[i]))
            return AFMON_E_ARGUMENT;
    if (window_us != INT64_MAX && __builtin_sub_overflow(now_steady_us, window_us, &steady.since_us))
        steady.since_us = INT64_MIN;
    if (is_mixed(store, name, length))
        return afmon_store_mixed(store, name, length, steady, filter, q, q_count, aggregate, quantiles);
    return afmon_store_wanted(store, name, length, steady, filter, q, q_count, aggregate, quantiles);
}
