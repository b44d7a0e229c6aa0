/* Questions about some of a window's samples. */
#ifndef AFMON_STORE_FILTERED_H
#define AFMON_STORE_FILTERED_H

#include "store/batch.h"
#include "store/store_internal.h"
#include "store/window.h"

/* The wanted samples in a window of steady time: their aggregate (quantiles left 0), and the quantiles at q where there
 * is a finite sample. */
afmon_status afmon_store_wanted(struct afmon_store *store, const char *name, size_t length, struct afmon_times steady,
                                const struct afmon_filter *filter, const double *q, size_t q_count,
                                afmon_aggregate *aggregate, double *values);

/* The same of a series with marked samples and others (afmon_series_is_mixed). filter NULL: all are wanted. */
afmon_status afmon_store_mixed(struct afmon_store *store, const char *name, size_t length, struct afmon_times steady,
                               const struct afmon_filter *filter, const double *q, size_t q_count,
                               afmon_aggregate *aggregate, double *values);

/* Adds the wanted samples of a chunk in a window of wall time. False: no memory. Without the lock. */
bool afmon_gather_wanted(const struct afmon_entry *entry, struct afmon_times wall, const struct afmon_filter *filter,
                         struct afmon_values *values);

/* A filter's function: samples without the mark. */
bool afmon_wants_tracked(void *user, const struct afmon_set *set);

#endif
