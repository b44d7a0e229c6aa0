/* The samples of a view that alerts of success_rate and error_rate are about. */
#ifndef AFMON_MODEL_VIEW_RATES_H
#define AFMON_MODEL_VIEW_RATES_H

#include "model/model.h"
#include "store/view_internal.h"

/* Adds the samples of these two metrics in a window, for what a model says of alerts: in columns where nothing but
 * their values tells them apart. */
afmon_status afmon_view_add_rates(afmon_view *view, afmon_window window, struct afmon_model *model, afmon_error *error);

#endif
