/* afmon show: what is in a run folder. Gathers the facts; show_table.c and show_json.c print them. */
#include "cli/show.h"

#include <math.h>

#include "cli/commands.h"
#include "cli/run.h"

enum { WINDOW_ID = 'w', JSON_ID = 1000 };

static const cli_option options[] = {
    {WINDOW_ID, "window", "DURATION",
     "Only the last DURATION of the run, back from its last sample: 90s, 5m, 1h30m, 2d (the whole run)"},
    {JSON_ID, "json", NULL, "Print a JSON object; afmon-show(1) describes it"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "show",
    .synopsis = "[DIR] [--window DURATION] [--json]",
    .description = "Shows what is in a run folder, live or finished: how it stands and why, what was made and what "
                   "failed, a table of every metric, the tokens of each model, the alerts that held, and lines that "
                   "could not be read.",
    .options = options,
    .epilogue = "Exit status: 0 shown; 1 the folder cannot be read; 2 the command line is wrong.\n",
};

/* How long a run takes yet is told by what follows it: the pace of late, and what is open now. */
static void ask_plan(const char *folder, afmon_live_plan *plan)
{
    afmon_live *live = NULL;
    afmon_live_info info;
    if (afmon_live_open(folder, NULL, &live, NULL) == AFMON_OK && cli_follow_whole(live, &info, NULL) == AFMON_OK)
        afmon_live_get_plan(live, plan);
    afmon_live_close(live);
}

static int show(afmon_view *view, const char *folder, double window_s, bool as_json)
{
    struct show_facts facts = {.folder = folder, .view = view, .window_s = window_s};
    afmon_view_get_info(view, &facts.info);
    facts.window = cli_run_window(&facts.info, window_s);
    facts.summary = cli_summarize(view, facts.window);
    if (facts.summary == NULL)
        return CLI_FAILED;
    if (facts.info.live)
        ask_plan(folder, &facts.plan);
    int answer = as_json ? show_json(&facts) : show_table(&facts);
    afmon_run_summary_free(facts.summary);
    return answer;
}

int cmd_show(int argc, char **argv)
{
    cli_args args;
    double window_s = AFMON_ALL_TIME;
    bool as_json = false;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP || (id == WINDOW_ID && !cli_value_duration(&args, 0.001, INFINITY, &window_s)))
            return args.status;
        as_json = as_json || id == JSON_ID;
    }
    const char *folder = cli_folder_operand(&args);
    if (!folder)
        return CLI_USAGE;
    afmon_view *view = cli_open_run(folder);
    if (!view)
        return CLI_FAILED;
    int status = show(view, folder, window_s, as_json);
    afmon_view_close(view);
    return status;
}
