/* Feeding the meters that Prometheus scrapes. */
#ifndef AFMON_MONITOR_METERING_H
#define AFMON_MONITOR_METERING_H

#include "monitor/core.h"

/* Counts the samples of a batch, which holds whole calls. The core's own thread. */
void afmon_metering_add(struct afmon_core *core, const struct afmon_store_sample *samples, size_t count);

/* Counts a sample of another process, whose call on its way is given. The core's own thread. */
void afmon_metering_add_of(struct afmon_core *core, struct afmon_meter_call *call,
                           const struct afmon_store_sample *sample);

#endif
