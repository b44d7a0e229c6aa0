/* afmon export: a run's samples as files that other tools open. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <afmon/afmon.h>

#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"

enum { FORMAT_ID = 'f', OUTPUT_ID = 'o', WINDOW_ID = 'w', METRIC_ID = 'm', SINCE_ID = 1000, UNTIL_ID };

static const cli_option option_list[] = {
    {FORMAT_ID, "format", "json|csv|excel|parquet",
     "By the ending of PATH, unless it is given: .json, .csv, .xlsx, .parquet"},
    {OUTPUT_ID, "output", "PATH",
     "Where to; - is standard output, for json, and for csv as one long table. A csv PATH STEM.csv becomes a file for "
     "each metric, STEM_METRIC.csv"},
    {METRIC_ID, "metric", "NAME", "Only this metric; may be given several times (all)"},
    {WINDOW_ID, "window", "DURATION", "Only the last DURATION of the run, back from its last sample: 90s, 5m, 1h30m"},
    {SINCE_ID, "since", "TIME", "Only from TIME on: 2026-11-23, '2026-11-23 09:20', 2026-11-23T09:20:35Z"},
    {UNTIL_ID, "until", "TIME", "Only up to TIME, inclusive"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "export",
    .synopsis = "[DIR] --output PATH [--format FORMAT] [OPTION...]",
    .description =
        "Writes the samples of a run, live or finished, with their metadata. A file is written beside its place and "
        "renamed when it is whole, so that what stood there stays if anything goes wrong. Times without a zone are "
        "local.",
    .options = option_list,
    .epilogue = "Exit status: 0 written; 1 it could not be read or written; 2 the command line is wrong.\n\n"
                "  afmon export RUN -o run.xlsx --window 1h\n"
                "  afmon export RUN -o - --format csv --metric generation_time | head\n",
};

struct request {
    const char *folder;
    const char *format;
    const char *output;
    double window_s;
    bool has_window;
    afmon_window span;
    const char **metrics;
    size_t metric_count;
};

enum { FORMATS = 4 };
static const char *const formats[FORMATS] = {"json", "csv", "excel", "parquet"};
static const char *const endings[FORMATS] = {".json", ".csv", ".xlsx", ".parquet"};
static const bool streams[FORMATS] = {true, true, false, false}; /* may go to standard output */

static const char *guess_format(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < FORMATS; i++) {
        if (strcasecmp(dot, endings[i]) == 0)
            return formats[i];
    }
    return NULL;
}

static bool take_time(cli_args *args, int64_t *ns)
{
    if (cli_parse_time(args->value, ns))
        return true;
    args->status = cli_usage_error("export",
                                   "--%s '%s' is no time; write it as 2026-11-23, '2026-11-23 09:20' or "
                                   "2026-11-23T09:20:35Z",
                                   args->name, args->value);
    return false;
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
    case METRIC_ID:
        request->metrics[request->metric_count++] = args->value;
        return true;
    case WINDOW_ID:
        request->has_window = true;
        return cli_value_duration(args, 1e-6, 1e12, &request->window_s);
    case SINCE_ID:
        return take_time(args, &request->span.since_ns);
    default:
        return take_time(args, &request->span.until_ns);
    }
}

static int check_format(struct request *request)
{
    if (!request->output || !*request->output)
        return cli_usage_error("export", "say where to: --output PATH, or --output - for standard output");
    bool to_stream = strcmp(request->output, "-") == 0;
    if (!request->format)
        request->format = to_stream ? "json" : guess_format(request->output);
    if (!request->format)
        return cli_usage_error("export",
                               "'%s' has none of the endings .json, .csv, .xlsx, .parquet: say --format json, csv, "
                               "excel or parquet",
                               request->output);
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(request->format, formats[i]) == 0) {
            if (to_stream && !streams[i])
                return cli_usage_error("export", "%s needs a file; only json and csv go to standard output",
                                       formats[i]);
            return CLI_OK;
        }
    }
    const char *meant = afmon_suggest(request->format, formats, FORMATS);
    return cli_usage_error("export", "unknown format '%s'; there are json, csv, excel and parquet%s%s%s",
                           request->format, meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static int check_request(struct request *request)
{
    bool has_span = request->span.since_ns != INT64_MIN || request->span.until_ns != INT64_MAX;
    if (request->has_window && has_span)
        return cli_usage_error("export", "--window, or --since and --until, not both");
    if (request->span.since_ns > request->span.until_ns)
        return cli_usage_error("export", "--since is later than --until");
    return check_format(request);
}

/* What was taken, on standard error: standard output may be the export. */
static void say_window(const struct request *request, const afmon_view_info *info)
{
    if (request->has_window && !info->live && info->sample_count > 0)
        fprintf(stderr, "The run ended at %s; the last %s count back from there.\n", cli_time(info->last_ns).s,
                cli_seconds(request->window_s).s);
}

static int write_out(afmon_view *view, const struct request *request)
{
    afmon_export_options options;
    afmon_error error = {0};
    cli_progress progress;
    afmon_export_options_init(&options);
    options.window = request->span;
    options.metrics = request->metrics;
    options.metric_count = request->metric_count;
    options.progress = cli_progress_show;
    options.user = &progress;
    cli_progress_begin(&progress, "Writing");
    progress.unit = "samples";
    afmon_status status = strcmp(request->output, "-") == 0
                              ? afmon_export_to_fd(view, STDOUT_FILENO, request->format, &options, &error)
                              : afmon_export(view, request->output, request->format, &options, &error);
    cli_progress_end(&progress);
    if (status == AFMON_OK)
        return CLI_OK;
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    return status == AFMON_E_ARGUMENT || status == AFMON_E_UNKNOWN_METRIC ? CLI_USAGE : CLI_FAILED;
}

static int export_run(struct request *request)
{
    afmon_view *view = cli_open_run(request->folder);
    afmon_view_info info;
    if (!view)
        return CLI_FAILED;
    afmon_view_get_info(view, &info);
    if (request->has_window)
        request->span = cli_run_window(&info, request->window_s);
    say_window(request, &info);
    int answer = write_out(view, request);
    afmon_view_close(view);
    return answer;
}

static int parse_and_run(int argc, char **argv, struct request *request)
{
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP || !take(&args, id, request))
            return args.status;
    }
    request->folder = cli_folder_operand(&args);
    if (!request->folder)
        return CLI_USAGE;
    int status = check_request(request);
    return status == CLI_OK ? export_run(request) : status;
}

int cmd_export(int argc, char **argv)
{
    struct request request = {.span = AFMON_WINDOW_ALL};
    request.metrics = calloc((size_t)argc + 1, sizeof *request.metrics);
    if (!request.metrics) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    int status = parse_and_run(argc, argv, &request);
    free(request.metrics);
    return status;
}
