/* afmon show: what is in a run folder. Gathers the facts; show_table.c and show_json.c print them. */
#include "cli/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/run.h"

enum { WINDOW_ID = 'w', INTERVAL_ID = 1000, JSON_ID };

static const cli_option options[] = {
    {WINDOW_ID, "window", "DURATION",
     "Only the last DURATION of the run, back from its last sample: 90s, 5m, 1h30m, 2d (the whole run)"},
    {INTERVAL_ID, "interval", "DURATION",
     "Time between two passes when the alert rules are replayed (a two-hundredth of the run, from 1s to 60s)"},
    {JSON_ID, "json", NULL, "Print a JSON object; afmon-show(1) describes it"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "show",
    .synopsis = "DIR [--window DURATION] [--json]",
    .description = "Shows what is in a run folder, live or finished: a table of every metric, the token usage of each "
                   "model, the alerts that held (by the default limits; 'afmon check' takes others), and lines that "
                   "could not be read.",
    .options = options,
    .epilogue = "Exit status: 0 shown; 1 the folder cannot be read; 2 the command line is wrong.\n",
};

static afmon_status gather_metrics(struct show_facts *facts)
{
    facts->metrics = calloc(facts->info.metric_count + 1, sizeof *facts->metrics);
    if (!facts->metrics)
        return AFMON_E_NO_MEMORY;
    for (size_t i = 0; i < facts->info.metric_count; i++) {
        struct show_metric *metric = &facts->metrics[facts->metric_count];
        metric->name = afmon_view_metric_name(facts->view, i, &metric->length);
        if (memchr(metric->name, '\0', metric->length)) { /* cut there it would be another metric */
            facts->left_out++;
            continue;
        }
        afmon_status status = afmon_view_aggregate(facts->view, metric->name, facts->window, &metric->aggregate);
        if (status != AFMON_OK)
            return status;
        if (metric->aggregate.count + metric->aggregate.not_finite > 0)
            facts->metric_count++;
    }
    return AFMON_OK;
}

/* The rules that held within the window. */
static afmon_status gather_alerts(struct show_facts *facts)
{
    afmon_alert_limits limits;
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count = 0;
    afmon_alert_limits_init(&limits);
    afmon_status status = afmon_view_check(facts->view, &limits, facts->interval_s, spans, &count);
    for (size_t i = 0; status == AFMON_OK && i < count; i++)
        if (spans[i].last_ns >= facts->window.since_ns)
            facts->alerts[facts->alert_count++] = spans[i];
    return status;
}

static afmon_status gather(struct show_facts *facts)
{
    afmon_status status = gather_metrics(facts);
    if (status == AFMON_OK)
        status = afmon_view_token_usage(facts->view, facts->window, &facts->usage);
    if (status == AFMON_OK && facts->info.sample_count > 0)
        status = gather_alerts(facts);
    return status;
}

static int show(afmon_view *view, const char *folder, double window_s, double interval_s, bool as_json)
{
    struct show_facts facts = {.folder = folder, .view = view, .window_s = window_s, .interval_s = interval_s};
    afmon_view_get_info(view, &facts.info);
    facts.window = cli_run_window(&facts.info, window_s);
    if (interval_s <= 0)
        facts.interval_s = cli_default_interval(&facts.info);
    int answer = CLI_FAILED;
    afmon_status status = gather(&facts);
    if (status == AFMON_OK)
        answer = as_json ? show_json(&facts) : show_table(&facts);
    else
        cli_error("%s: %s", folder, afmon_status_text(status));
    afmon_token_usage_free(&facts.usage);
    free(facts.metrics);
    return answer;
}

int cmd_show(int argc, char **argv)
{
    cli_args args;
    double window_s = AFMON_ALL_TIME;
    double interval_s = 0;
    bool as_json = false;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP || (id == WINDOW_ID && !cli_value_duration(&args, 0.001, INFINITY, &window_s)) ||
            (id == INTERVAL_ID && !cli_value_duration(&args, 1, 7 * 86400.0, &interval_s)))
            return args.status;
        as_json = as_json || id == JSON_ID;
    }
    const char *folder = cli_folder_operand(&args);
    if (!folder)
        return CLI_USAGE;
    afmon_view *view = cli_open_run(folder);
    if (!view)
        return CLI_FAILED;
    int status = show(view, folder, window_s, interval_s, as_json);
    afmon_view_close(view);
    return status;
}
