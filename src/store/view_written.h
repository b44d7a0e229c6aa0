/* Every sample of a view in the order in which it was written, file by file. What belongs to one tracked call comes one
 * behind the other that way; afmon_view_each gives it metric by metric. */
#ifndef AFMON_STORE_VIEW_WRITTEN_H
#define AFMON_STORE_VIEW_WRITTEN_H

#include "store/view_internal.h"

#define AFMON_NO_SOURCE SIZE_MAX

struct afmon_written {
    const struct afmon_view_series *series;
    size_t source; /* which file, counted from 0; AFMON_NO_SOURCE: it is in none */
    /* The set of its metadata (NULL: it has none) where the sample is still in memory: the same for the same metadata,
     * so that who knows what a set says need not look again. The sample is complete then. */
    bool in_memory;
    const struct afmon_set *set;
    struct afmon_read_sample *sample;
    struct afmon_reader *reader; /* completes other samples (afmon_reader_packed) */
};

/* Calls visit for each sample of the window; a status other than AFMON_OK ends it. One pass over the files. Samples
 * that are in no file (a monitor that writes none), or in files that have lost them since, come last, ordered by their
 * times, of one time as they were recorded. Any thread.
 *
 * AFMON_E_CANCELLED is for visit to return. An error of the files is one only where samples are nowhere else. */
afmon_status afmon_view_each_written(afmon_view *view, afmon_window window,
                                     afmon_status (*visit)(void *user, const struct afmon_written *written), void *user,
                                     afmon_error *error);

#endif
