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
    FAIL_ID,
    IGNORE_ID,
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
    {FAIL_ID, "fail-on", "LEVEL", "Exit with 1 for alerts of at least this level alone: info, warning, error (info)"},
    {IGNORE_ID, "ignore", "RULE", "Pass over a rule; may be given several times"},
    {JSON_ID, "json", NULL, "Print a JSON object"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "check",
    .synopsis = "[DIR] [OPTION...]",
    .description = "Says whether alerts held in a run, live or finished: those of every other screen, as the run's own "
                   "monitor judged them, or where it did not judge the whole run a replay. With limits, --rules or "
                   "--interval the rules are replayed: one pass every interval, and one at the last sample, each over "
                   "the window before it.",
    .options = options,
    .epilogue = "Exit status: 0 no alert held; 1 at least one held; 2 could not tell (no run\n"
                "folder, no data to judge, a wrong option).\n\n"
                "Example, in CI:\n"
                "  afmon check runs/nightly --fail-on error --ignore long_conversations\n"
                "  afmon check runs/nightly --min-success-rate 0.95 --max-generation-time 20s\n"
                "  afmon check runs/nightly --rules rules.yaml\n",
};

static bool take_level(cli_args *args, afmon_level *level)
{
    for (int i = AFMON_INFO; i <= AFMON_ERROR; i++) {
        *level = (afmon_level)i;
        if (strcmp(args->value, afmon_level_name(*level)) == 0)
            return true;
    }
    args->status = cli_usage_error("check", "--fail-on is '%s'; it must be info, warning or error", args->value);
    return false;
}

static bool take_ignored(cli_args *args, check_request *request)
{
    if (request->ignored_count == CHECK_IGNORED) {
        args->status = cli_usage_error("check", "--ignore can be given %d times", CHECK_IGNORED);
        return false;
    }
    request->ignored[request->ignored_count++] = args->value;
    return true;
}

static bool take_option(cli_args *args, int id, check_request *request)
{
    request->replay = request->replay || (id >= SUCCESS_ID && id <= INTERVAL_ID);
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
    case FAIL_ID:
        return take_level(args, &request->fail_on);
    case IGNORE_ID:
        return take_ignored(args, request);
    default:
        request->as_json = true;
        return true;
    }
}

/* ---- The run's own alerts ---- */

/* "No alert" from nothing would be a lie. */
static bool has_something_to_judge(const afmon_run_summary *summary)
{
    return summary->calls + summary->evaluations > 0 || summary->item_count > 0 || summary->alert_count > 0;
}

static bool has_fired(const afmon_run_summary *summary, const check_request *request)
{
    for (size_t i = 0; i < summary->alert_count; i++)
        if (check_counts(request, summary->alerts[i].name, summary->alerts[i].level))
            return true;
    return false;
}

static int print(const char *folder, const afmon_run_summary *summary, const check_request *request, bool fired)
{
    cli_screen screen;
    if (request->as_json) {
        bool failed = false;
        json_t *object = json_object();
        cli_json_set(object, "folder", cli_json_string(folder, strlen(folder)), &failed);
        cli_json_set(object, "fired", json_boolean(fired), &failed);
        return cli_print_json_summary(cli_json_done(object, failed), summary);
    }
    cli_screen_init(&screen, stdout);
    cli_print_alerts(&screen, summary);
    if (summary->alert_count > 0 && !fired)
        fputs("None of them counts here.\n", screen.out);
    return cli_finish_output(CLI_OK);
}

static int check(afmon_view *view, const char *folder, const check_request *request)
{
    afmon_run_summary *summary = cli_summarize(view, AFMON_WINDOW_ALL);
    if (summary == NULL)
        return CLI_USAGE;
    int status = CLI_USAGE;
    if (!has_something_to_judge(summary)) {
        cli_error("%s: nothing to judge: no generation was recorded", folder);
        if (request->as_json)
            (void)print(folder, summary, request, false);
    } else {
        bool fired = has_fired(summary, request);
        int printed = print(folder, summary, request, fired);
        status = printed != CLI_OK ? CLI_USAGE : fired ? CLI_FAILED : CLI_OK; /* CLI_USAGE: no answer came out */
    }
    afmon_run_summary_free(summary);
    return status;
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

/* The rules of the file, or the built-in ones. The command line's limits are those of the built-in ones. */
static bool load_rules(const check_request *request, afmon_rules *rules)
{
    afmon_error error;
    *rules = (afmon_rules){0};
    if (!request->replay)
        return true;
    bool ok = request->rules_file != NULL
                  ? afmon_rules_load(request->rules_file, &request->limits, rules, &error) == AFMON_OK
                  : afmon_rules_built_in(&request->limits, rules, &error) == AFMON_OK;
    if (ok)
        cli_warn_of_rules(rules);
    else
        cli_error("%s%s", request->rules_file != NULL ? "--rules: " : "", error.message);
    return ok;
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
        status = request.replay ? check_rules(view, folder, &request, &rules) : check(view, folder, &request);
    }
    afmon_view_close(view);
    afmon_rules_free(&rules);
    return status;
}
