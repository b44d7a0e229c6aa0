/* The charts and the report at the end of a demo. */
#ifndef AFMON_CLI_DEMO_PICTURES_H
#define AFMON_CLI_DEMO_PICTURES_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* Writes plots/ and report.html into the monitor's run folder, and prints where. Says so where something cannot be
 * written; the run is there all the same. */
void demo_pictures(afmon_monitor *monitor);

#endif
