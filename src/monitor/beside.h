/* A monitor in a command of `afmon run`: the proxy's run has the same calls, and each of the two names the other. */
#ifndef AFMON_MONITOR_BESIDE_H
#define AFMON_MONITOR_BESIDE_H

#include "monitor/core.h"

/* In the folder .afmon of the proxy's run: the folders of monitors that see the same calls, a line each. */
#define AFMON_BESIDE_NAME "monitors"

/* The proxy's run folder, from the root on, as the environment has it (AFMON_PROXY_RUN). NULL: there is none, or it is
 * this run's own. */
const char *afmon_beside_folder(const struct afmon_core *core);

/* Tells the proxy's run of this one. What cannot be told is not: the run record says it at least on this side. */
void afmon_beside_tell(const struct afmon_core *core);

#endif
