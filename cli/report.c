/* afmon report: what a run came to, as a page, as Markdown or as JSON. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <afmon/afmon.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"

enum { FORMAT_ID = 'f', OUTPUT_ID = 'o', TITLE_ID = 't' };

static const cli_option option_list[] = {
    {FORMAT_ID, "format", "html|md|json", "By the ending of PATH, unless it is given: .html, .htm, .md, .json"},
    {OUTPUT_ID, "output", "PATH", "Where to; - is standard output"},
    {TITLE_ID, "title", "TEXT", "The heading (the name of the run folder)"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "report",
    .synopsis = "[DIR] --output PATH [--format html|md|json]",
    .description =
        "Writes what a run, live or finished, came to: a verdict and why, latency, errors by type, tokens by "
        "model, finish reasons, evaluation scores, alerts, operations, and what is wrong with the data. HTML "
        "is one page that needs no network; md is Markdown for a comment on a pull request; json has the summary "
        "that show, check, watch and serve give, too.",
    .options = option_list,
    .epilogue = "Exit status: 0 written, whatever the verdict; 1 it could not be read or written; 2 the command line "
                "is wrong.\n\n"
                "  afmon report RUN -o report.html\n"
                "  afmon report RUN -o - --format md\n",
};

struct request {
    const char *folder;
    const char *format;
    const char *output;
    const char *title;
};

static const char *guess_format(const char *path)
{
    const char *dot = strrchr(path, '.');
    if (dot && (strcasecmp(dot, ".html") == 0 || strcasecmp(dot, ".htm") == 0))
        return "html";
    if (dot && strcasecmp(dot, ".json") == 0)
        return "json";
    return dot && strcasecmp(dot, ".md") == 0 ? "md" : NULL;
}

static int check_request(struct request *request)
{
    if (!request->output || !*request->output)
        return cli_usage_error("report", "say where to: --output PATH, or --output - for standard output");
    if (!request->format)
        request->format = strcmp(request->output, "-") == 0 ? "html" : guess_format(request->output);
    if (!request->format)
        return cli_usage_error(
            "report", "'%s' has none of the endings .html, .md, .json: say --format html, md or json", request->output);
    if (strcmp(request->format, "html") != 0 && strcmp(request->format, "md") != 0 &&
        strcmp(request->format, "json") != 0)
        return cli_usage_error("report", "unknown format '%s'; there are html, md and json", request->format);
    return CLI_OK;
}

/* The last part of the folder's name; "." and the like say nothing. */
static void title_of(const char *folder, char *title, size_t size)
{
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && folder[begin - 1] != '/')
        begin--;
    int length = (int)(end - begin < 200 ? end - begin : 200);
    if (strspn(folder + begin, "./") >= (size_t)length)
        snprintf(title, size, "Report of a run");
    else
        snprintf(title, size, "Run %.*s", length, folder + begin);
}

static int write_report(afmon_view *view, const char *folder, const char *output, const char *format, const char *title)
{
    char own_title[256];
    afmon_report_options options;
    afmon_error error = {0};
    cli_progress progress;
    title_of(folder, own_title, sizeof own_title);
    afmon_report_options_init(&options);
    options.title = title ? title : own_title;
    options.summary.progress = cli_progress_show;
    options.summary.user = &progress;
    cli_progress_begin(&progress, "Summing up");
    progress.unit = "samples";
    afmon_status status = strcmp(output, "-") == 0 ? afmon_report_to_fd(view, STDOUT_FILENO, format, &options, &error)
                                                   : afmon_report(view, output, format, &options, &error);
    cli_progress_end(&progress);
    if (status == AFMON_OK)
        return CLI_OK;
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    return status == AFMON_E_ARGUMENT ? CLI_USAGE : CLI_FAILED;
}

static bool take(cli_args *args, int id, struct request *request)
{
    switch (id) {
    case FORMAT_ID:
        request->format = args->value;
        return true;
    case OUTPUT_ID:
        request->output = args->value;
        return true;
    case TITLE_ID:
        request->title = args->value;
        return true;
    default:
        return false;
    }
}

int cmd_report(int argc, char **argv)
{
    struct request request = {0};
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP || !take(&args, id, &request))
            return args.status;
    }
    request.folder = cli_folder_operand(&args);
    if (!request.folder)
        return CLI_USAGE;
    int status = check_request(&request);
    if (status != CLI_OK)
        return status;
    afmon_view *view = cli_open_run(request.folder);
    if (!view)
        return CLI_FAILED;
    status = write_report(view, request.folder, request.output, request.format, request.title);
    afmon_view_close(view);
    return status;
}
