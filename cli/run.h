/* Reading a run folder for the commands that look at one. */
#ifndef AFMON_CLI_RUN_H
#define AFMON_CLI_RUN_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* Reads a run folder, with a progress bar. NULL after a message. Close with afmon_view_close. */
afmon_view *cli_open_run(const char *folder);

/* The last `seconds` of the run (AFMON_ALL_TIME for all of it). */
afmon_window cli_run_window(const afmon_view_info *info, double seconds);

/* Seconds between two passes when the rules are replayed and nobody said otherwise: a two-hundredth of the run, from 1
 * to 60, so that a short run's incident is seen. */
double cli_default_interval(const afmon_view_info *info);

/* What `check` and `show` say about a rule that held: an object with name, level, message ... NULL: no memory. */
json_t *cli_alert_json(const afmon_alert_span *span);

/* Prints the rules that held, one a line, the worst value and when.. */
void cli_print_alerts(const cli_screen *screen, const afmon_alert_span *spans, size_t count);

/* json_object_set_new that takes a NULL value as what it is, a lack of memory. Sets *failed where it could not. */
void cli_json_set(json_t *object, const char *key, json_t *value, bool *failed);

/* What was built, or NULL (and it is released) where something failed on the way. */
json_t *cli_json_done(json_t *value, bool failed);

/* The one operand of a command, a run folder; NULL after a message (the command shall return CLI_USAGE). */
const char *cli_folder_operand(const cli_args *args);

#endif
