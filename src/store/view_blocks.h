/* Samples of a view in blocks of columns, for who looks at values and times alone: much quicker than one by one. */
#ifndef AFMON_STORE_VIEW_BLOCKS_H
#define AFMON_STORE_VIEW_BLOCKS_H

#include "store/view_internal.h"

struct afmon_block {
    const struct afmon_view_series *series;
    const double *values;
    const int32_t *offsets; /* microseconds from base_us */
    int64_t base_us;
    size_t count;
};

/* Visits the samples of a window of the series that `wants` takes, evicted ones (in blocks of one) included; marked
 * ones (catalog/bare.h) only where the window has no others of the series. Other statuses than AFMON_OK end it. One
 * pass over the files at most. Any thread. */
afmon_status afmon_view_each_block(afmon_view *view, afmon_window window,
                                   bool (*wants)(void *user, const struct afmon_view_series *series),
                                   afmon_status (*visit)(void *user, const struct afmon_block *block), void *user,
                                   afmon_error *error);

/* Wall times that all samples of a series in a window lie between; false where it has none. May be a little wide, where
 * a chunk is cut by the window's edge. */
bool afmon_view_series_times(const struct afmon_view_series *series, afmon_window window, int64_t *first_us,
                             int64_t *last_us);

#endif
