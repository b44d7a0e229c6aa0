/* afmon check: the alert rules over a run, for scripts and CI. */
#include <math.h>
#include <string.h>

#include <afmon/afmon.h>

#include "cli/check.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"

enum {
    SUCCESS_ID = 1000,
    TIME_ID,
    ERROR_ID,
    PROMPT_ID,
    COMPLETION_ID,
    TOTAL_ID,
    LENGTH_ID,
    RULES_ID,
    INTERVAL_ID,
    JSON_ID
};

static const cli_option options[] = {
    {SUCCESS_ID, "min-success-rate", "RATE", "Fire below this mean of success_rate, 0 to 1 (0.8)"},
    {TIME_ID, "max-generation-time", "DURATION", "Fire above this mean of generation_time (30s)"},
    {ERROR_ID, "max-error-rate", "RATE", "Fire above this mean of error_rate, 0 to 1 (0.2)"},
    {PROMPT_ID, "max-prompt-tokens", "N", "Fire above this mean of prompt_token_count (4096)"},
    {COMPLETION_ID, "max-completion-tokens", "N", "Fire above this mean of completion_token_count (4096)"},
    {TOTAL_ID, "max-total-tokens", "N", "Fire above this mean of total_token_count (8192)"},
    {LENGTH_ID, "max-conversation-length", "TURNS", "Fire above this mean of conversation_length (2)"},
    {RULES_ID, "rules", "FILE", "Judge the rules of a YAML file, and say when each fired and was resolved"},
    {INTERVAL_ID, "interval", "DURATION", "Time between two passes of the rules (60s)"},
    {JSON_ID, "json", NULL, "Print a JSON object"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "check",
    .synopsis = "DIR [OPTION...]",
    .description = "Replays the alert rules over a run, live or finished: one pass every interval, and one at the last "
                   "sample, each over the means of the five minutes before it, as a monitor would have done. A rule "
                   "fires where a mean is strictly beyond its limit and there is at least one sample.",
    .options = options,
    .epilogue = "Exit status: 0 no rule fired; 1 at least one fired; 2 could not tell (no run\n"
                "folder, no data to judge, a wrong option).\n\n"
                "Example, in CI:\n"
                "  afmon check runs/nightly --min-success-rate 0.95 --max-generation-time 20s\n"
                "  afmon check runs/nightly --rules rules.yaml\n",
};

static bool take_option(cli_args *args, int id, check_request *request)
{
    const double any = INFINITY;
    afmon_alert_limits *limits = &request->limits;
    switch (id) {
    case SUCCESS_ID:
        return cli_value_number(args, 0, 1, &limits->min_success_rate);
    case TIME_ID:
        return cli_value_duration(args, 0, any, &limits->max_generation_time_s);
    case ERROR_ID:
        return cli_value_number(args, 0, 1, &limits->max_error_rate);
    case PROMPT_ID:
        return cli_value_number(args, 0, any, &limits->max_prompt_token_mean);
    case COMPLETION_ID:
        return cli_value_number(args, 0, any, &limits->max_completion_token_mean);
    case TOTAL_ID:
        return cli_value_number(args, 0, any, &limits->max_total_token_mean);
    case LENGTH_ID:
        return cli_value_number(args, 0, any, &limits->max_conversation_length_mean);
    case RULES_ID:
        request->rules_file = args->value;
        return true;
    case INTERVAL_ID:
        return cli_value_duration(args, 1, 7 * 86400.0, &request->interval_s);
    default:
        request->as_json = true;
        return true;
    }
}

/* Whether a metric that a rule looks at has a sample at all: "no alert" from nothing would be a lie. */
static bool has_something_to_judge(afmon_view *view, const afmon_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        afmon_aggregate aggregate;
        if (afmon_view_aggregate(view, rules->rules[i].metric, AFMON_WINDOW_ALL, &aggregate) == AFMON_OK &&
            aggregate.count > 0)
            return true;
    }
    return false;
}

static int print_as_json(const char *folder, const afmon_alert_span *spans, size_t count)
{
    bool failed = false;
    json_t *object = json_object();
    json_t *alerts = json_array();
    cli_json_set(object, "folder", cli_json_string(folder, strlen(folder)), &failed);
    cli_json_set(object, "fired", json_boolean(count > 0), &failed);
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(alerts, cli_alert_json(&spans[i])) != 0)
            failed = true;
    cli_json_set(object, "alerts", alerts, &failed);
    return cli_print_json(cli_json_done(object, failed));
}

static int print_for_people(const afmon_view_info *info, double interval_s, const afmon_alert_span *spans, size_t count)
{
    cli_screen screen;
    cli_screen_init(&screen, stdout);
    cli_print_alerts(&screen, spans, count);
    if (count == 0)
        printf("%s%s%s in %s samples, judged every %s.\n", cli_paint(&screen, CLI_GREEN), "No alert",
               cli_paint(&screen, CLI_PLAIN), cli_count(info->sample_count).s, cli_seconds(interval_s).s);
    return cli_finish_output(CLI_OK);
}

static int check(afmon_view *view, const char *folder, const check_request *request, const afmon_rules *built_in)
{
    afmon_alert_span spans[AFMON_ALERT_RULES];
    afmon_view_info info;
    size_t count = 0;
    afmon_view_get_info(view, &info);
    if (!has_something_to_judge(view, built_in)) {
        cli_error("%s: nothing to judge: no generation was recorded", folder);
        return CLI_USAGE;
    }
    afmon_status status = afmon_view_check(view, &request->limits, request->interval_s, spans, &count);
    if (status != AFMON_OK) {
        cli_error("%s: %s", folder, afmon_status_text(status));
        return CLI_USAGE;
    }
    int printed = request->as_json ? print_as_json(folder, spans, count)
                                   : print_for_people(&info, request->interval_s, spans, count);
    if (printed != CLI_OK)
        return CLI_USAGE; /* whoever asked did not get the answer */
    return count > 0 ? CLI_FAILED : CLI_OK;
}

static void tell_problems(const afmon_view *view, const char *folder)
{
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    const char *warning = afmon_view_warning(view, 0);
    if (warning != NULL)
        cli_error("%s: %s%s", folder, warning,
                  afmon_view_warning(view, 1) != NULL ? "; 'afmon show' names what else there is of times" : "");
    if (info.problem_count > 0)
        cli_error("%s: %s line%s could not be read and not judged; 'afmon show' names them", folder,
                  cli_count(info.problem_count).s, info.problem_count == 1 ? "" : "s");
}

/* The rules of the file, where one is given, else the built-in ones. The command line's limits are those of the
 * built-in ones in both. */
static bool load_rules(const check_request *request, afmon_rules *rules)
{
    afmon_error error;
    *rules = (afmon_rules){0};
    if (request->rules_file == NULL) {
        if (afmon_rules_built_in(&request->limits, rules, &error) == AFMON_OK)
            return true;
        cli_error("%s", error.message);
    } else {
        if (afmon_rules_load(request->rules_file, &request->limits, rules, &error) == AFMON_OK)
            return true;
        cli_error("--rules: %s", error.message);
    }
    return false;
}

int cmd_check(int argc, char **argv)
{
    cli_args args;
    check_request request = {.interval_s = 60};
    afmon_alert_limits_init(&request.limits);
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;)
        if (id == CLI_STOP || !take_option(&args, id, &request))
            return args.status;
    const char *folder = cli_folder_operand(&args);
    afmon_rules rules;
    if (!folder || !load_rules(&request, &rules))
        return CLI_USAGE;
    afmon_view *view = cli_open_run(folder);
    int status = CLI_USAGE;
    if (view != NULL) {
        tell_problems(view, folder);
        status = request.rules_file != NULL ? check_rules(view, folder, &request, &rules)
                                            : check(view, folder, &request, &rules);
    }
    afmon_view_close(view);
    afmon_rules_free(&rules);
    return status;
}
