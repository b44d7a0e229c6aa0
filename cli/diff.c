/* afmon diff: what got better, what got worse, and what cannot be told. */
#include "cli/diff.h"

#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/run.h"

enum { ALL_ID = 'a', JSON_ID = 1000, MD_ID, FAIL_ID, WHERE_ID };
enum { RUNS_MAX = 16, WHERE_MAX = 16 };

static const cli_option options[] = {
    {WHERE_ID, "where", "KEY=VALUE",
     "Only samples with that metadata: operation=answer_generation; may be given several times"},
    {FAIL_ID, "fail-on", "CONDITION",
     "Exit with 1 where it holds: 'worse' (any figure), 'yield worse', 'generation_time.p50 > 10%', "
     "'success_rate[operation=chat] < -2%'; several with commas"},
    {ALL_ID, "all", NULL, "Show all figures, those that tell nothing, too"},
    {MD_ID, "md", NULL, "Print Markdown, for a comment on a pull request"},
    {JSON_ID, "json", NULL, "Print a JSON object; afmon-diff(1) describes it"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "diff",
    .synopsis = "A B... [OPTION...]",
    .description =
        "Compares run B with run A: yield, failures, latency, tokens, cost and scores, of the whole run and by "
        "operation, model, kind and reason. For each figure: both values, how far they are apart, the interval of 95 % "
        "in which that lies, and whether it is better, worse, too small to matter, or cannot be told yet. Calls of one "
        "item count as one observation, and items with the same id in both runs are compared with each other. Further "
        "runs are each compared with A.",
    .options = options,
    .epilogue =
        "Exit status: 0 compared; 1 the condition of --fail-on holds, or a folder cannot be read; 2 the command\n"
        "line is wrong, or the condition names a figure that the runs do not have.\n\n"
        "  afmon diff RUN-OLD RUN-NEW\n"
        "  afmon diff RUN-OLD RUN-NEW --md --fail-on worse\n"
        "  afmon diff RUN-OLD RUN-NEW --fail-on 'generation_time.p50 > 10%, yield worse'\n",
};

struct request {
    const char *runs[RUNS_MAX];
    size_t run_count;
    afmon_compare_where where[WHERE_MAX];
    char *keys[WHERE_MAX];
    size_t where_count;
    const char *condition;
    bool all;
    bool json;
    bool md;
};

/* ---- The command line ---- */

static bool take_where(cli_args *args, struct request *request)
{
    const char *equals = strchr(args->value, '=');
    if (equals == NULL || equals == args->value) {
        args->status = cli_usage_error("diff", "--where '%s': give KEY=VALUE", args->value);
        return false;
    }
    if (request->where_count == WHERE_MAX) {
        args->status = cli_usage_error("diff", "--where: at most %d of them", WHERE_MAX);
        return false;
    }
    char *key = strndup(args->value, (size_t)(equals - args->value));
    if (key == NULL) {
        cli_error("out of memory");
        args->status = CLI_FAILED;
        return false;
    }
    request->keys[request->where_count] = key;
    request->where[request->where_count++] = (afmon_compare_where){key, equals + 1};
    return true;
}

static bool take(cli_args *args, int id, struct request *request)
{
    switch (id) {
    case WHERE_ID:
        return take_where(args, request);
    case FAIL_ID:
        request->condition = args->value;
        return true;
    case ALL_ID:
        request->all = true;
        return true;
    case JSON_ID:
        request->json = true;
        return true;
    case MD_ID:
        request->md = true;
        return true;
    default:
        return false;
    }
}

static int check_request(const cli_args *args, struct request *request)
{
    int count = cli_operand_count(args);
    if (count < 2)
        return cli_usage_error("diff", "give two run folders or more: what to compare with, and what to compare");
    if (count > RUNS_MAX)
        return cli_usage_error("diff", "at most %d runs at a time", RUNS_MAX);
    if (request->json && request->md)
        return cli_usage_error("diff", "--json and --md: one of them");
    for (int i = 0; i < count; i++)
        request->runs[i] = cli_operand(args, i);
    request->run_count = (size_t)count;
    return CLI_OK;
}

/* ---- Comparing ---- */

static int put_bytes(void *user, const void *data, size_t size)
{
    return fwrite(data, 1, size, user) == size ? 0 : 1;
}

/* False after a message. */
static bool print(const struct request *request, const afmon_comparison *comparison)
{
    cli_screen screen;
    const diff_shown shown = {comparison, request->runs, request->all};
    if (request->json) {
        bool written = afmon_comparison_write_json(comparison, request->runs, put_bytes, stdout) == AFMON_OK;
        return written && fputc('\n', stdout) != EOF;
    }
    if (request->md) {
        diff_print_markdown(&shown, stdout);
        return true;
    }
    cli_screen_init(&screen, stdout);
    return diff_print(&shown, &screen);
}

/* The exit status. */
static int judge(const struct request *request, const afmon_comparison *comparison)
{
    bool holds = false;
    afmon_error error = {0};
    if (request->condition == NULL)
        return CLI_OK;
    if (afmon_comparison_holds(comparison, request->condition, &holds, &error) != AFMON_OK)
        return cli_usage_error("diff", "--fail-on: %s", error.message);
    if (holds)
        cli_error("--fail-on '%s' holds", request->condition);
    return holds ? CLI_FAILED : CLI_OK;
}

static int compare(const struct request *request, afmon_view *const *views)
{
    afmon_compare_options compared;
    afmon_comparison *comparison = NULL;
    afmon_error error = {0};
    afmon_compare_options_init(&compared);
    compared.where = request->where;
    compared.where_count = request->where_count;
    afmon_status status = afmon_compare(views, request->run_count, &compared, &comparison, &error);
    if (status != AFMON_OK) {
        cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
        return CLI_FAILED;
    }
    int answer = judge(request, comparison);
    bool printed = print(request, comparison);
    afmon_comparison_free(comparison);
    answer = cli_finish_output(answer);
    return printed || answer != CLI_OK ? answer : CLI_FAILED;
}

static int open_and_compare(const struct request *request)
{
    afmon_view *views[RUNS_MAX];
    size_t count = 0;
    int answer = CLI_FAILED;
    while (count < request->run_count && (views[count] = cli_open_run(request->runs[count])) != NULL)
        count++;
    if (count == request->run_count)
        answer = compare(request, views);
    for (size_t i = 0; i < count; i++)
        afmon_view_close(views[i]);
    return answer;
}

static int take_all(cli_args *args, struct request *request)
{
    for (int id; (id = cli_next_option(args)) != CLI_END;)
        if (id == CLI_STOP || !take(args, id, request))
            return args->status;
    int status = check_request(args, request);
    return status == CLI_OK ? open_and_compare(request) : status;
}

int cmd_diff(int argc, char **argv)
{
    struct request request = {0};
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    int status = take_all(&args, &request);
    for (size_t i = 0; i < request.where_count; i++)
        free(request.keys[i]);
    return status;
}
