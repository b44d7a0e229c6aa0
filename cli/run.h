/* Reading a run folder for the commands that look at one. */
#ifndef AFMON_CLI_RUN_H
#define AFMON_CLI_RUN_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* Reads a run folder, with a progress bar. NULL after a message. Close with afmon_view_close. */
afmon_view *cli_open_run(const char *folder);

/* The last `seconds` of the run (AFMON_ALL_TIME for all of it). */
afmon_window cli_run_window(const afmon_view_info *info, double seconds);

/* What the run came to, in a window (AFMON_WINDOW_ALL for all of it), with a progress bar. NULL after a message. */
afmon_run_summary *cli_summarize(afmon_view *view, afmon_window window);

/* Prints the stretches in which rules held, two lines each: the worst value, and when. */
void cli_print_alerts(const cli_screen *screen, const afmon_run_summary *summary);

/* Prints what the run will have cost at the end of its plan, where that is known and something is missing. */
void cli_print_budget(const cli_screen *screen, const afmon_budget *budget, const char *indent);
void cli_print_projection(const cli_screen *screen, const afmon_cost_summary *cost, const char *indent);

/* Prints a JSON object (which is released) with a summary as its last member, in the bytes that all surfaces share.
 * Returns an exit status, after a message where it failed. */
int cli_print_json_summary(json_t *object, const afmon_run_summary *summary);

/* How far a run is that has a plan, and how long it takes yet; null: it has none. NULL: no memory. */
json_t *cli_plan_json(const afmon_live_plan *plan);

/* json_object_set_new that takes a NULL value as what it is, a lack of memory. Sets *failed where it could not. */
void cli_json_set(json_t *object, const char *key, json_t *value, bool *failed);

/* What was built, or NULL (and it is released) where something failed on the way. */
json_t *cli_json_done(json_t *value, bool failed);

/* Reads all that is there of a run that is followed, with a progress bar. */
afmon_status cli_follow_whole(afmon_live *live, afmon_live_info *info, afmon_error *error);

/* ---- Which run (here.c) ---- */

/* Where runs are looked for when no folder is named: where monitors make them by default, and the current folder. */
enum { CLI_PLACES = 2 };
const char *cli_place(int index); /* (places.c) */

/* The run folder that the one operand of a command names; without an operand the newest run here, which is said on
 * standard error. NULL after a message (the command shall return CLI_USAGE). Valid as long as the arguments. */
const char *cli_folder_operand(cli_args *args);

/* What a word names: a folder, as it is; a run's metrics file or log, its folder; else a run here, by the name of its
 * folder or its own (the newest of several, which is said). A word that names none of these comes back as it is. The
 * text is the word, or in args->folder. */
const char *cli_run_folder(cli_args *args, const char *word);

/* A folder as people write it: without "./". (places.c) */
const char *cli_plain_folder(const char *folder);

#endif
