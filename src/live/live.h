/* What of a follower only the library itself uses. */
#ifndef AFMON_LIVE_LIVE_H
#define AFMON_LIVE_LIVE_H

#include <afmon/afmon.h>

#include "meters/meters.h"
#include "model/item_outcomes.h"
#include "model/model.h"

/* What went on in the last window_s seconds (1 to 120): items and calls apart. */
struct afmon_model_pace afmon_live_pace(const afmon_live *live, double window_s);

/* Each item that has an outcome, in no order. */
void afmon_live_each_outcome(const afmon_live *live, afmon_outcome_visit visit, void *user);

/* Quantiles (q ascending, 0 to 1) of the values of a metric in a window, as afmon_live_aggregate takes them: of metrics
 * whose unit is seconds; of others, and where there are none, 0. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_live_window_quantiles(afmon_live *live, const char *name, afmon_window window, const double *q,
                                         size_t count, double *values);

/* The counters and histograms of what was read so far (meters/meters.h), for an exposition that costs what its label
 * sets cost, and no reading of the run. NULL: the follower was opened without the option meters. They only grow while
 * the run is followed, but by all that the run ever recorded while its past is still being read (afmon_live_info.loaded
 * below 1), and they begin anew where all is read again (afmon_live_info.restarts): valid until the next update. The
 * last call of a file is in them once another one follows, or the file was at rest from one update to the next. */
struct afmon_meters *afmon_live_meters(afmon_live *live);

/* The same, given away: the caller frees them, and the follower keeps none from then on. For a run that is over: its
 * counters outlive its follower. */
struct afmon_meters *afmon_live_take_meters(afmon_live *live);

#endif
