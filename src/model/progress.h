/* The items of a run on the axis of its own time: of work, without stops and without what lay between its sessions. */
#ifndef AFMON_MODEL_PROGRESS_H
#define AFMON_MODEL_PROGRESS_H

#include "model/time_left.h"

/* While work was under way, nothing began or ended for longer than chance has it. */
struct afmon_stop {
    double at_s;
    double lasted_s;
};

/* Times are seconds since the first item began. */
struct afmon_progress {
    double *began_s; /* of items in order of their ends */
    double *ended_s;
    double *took_s;
    bool *counts;
    size_t count;
    size_t counted;
    double *ages; /* of the open ones */
    size_t open_count;
    double now_s;
    struct afmon_stop *stops; /* that are over */
    size_t stop_count;
    double stopped_s; /* that it stands still now */
};

/* False: no memory. */
bool afmon_progress_begin(struct afmon_progress *progress, const struct afmon_work *work);
void afmon_progress_free(struct afmon_progress *progress);

#endif
