/* The alerts of a view that are about successes and errors, without all the rest that a summary knows. */
#ifndef AFMON_MODEL_VIEW_ALERTS_H
#define AFMON_MODEL_VIEW_ALERTS_H

#include <afmon/afmon.h>

/* A summary whose alerts of rules on success_rate and error_rate, with their period, are those of the whole run's
 * summary: nothing else of it may be looked at. It reads the samples of these two metrics alone. */
afmon_status afmon_view_alerts_of_rates(afmon_view *view, afmon_run_summary **summary, afmon_error *error);

#endif
