/* afmon plot: a run's charts as pictures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <afmon/afmon.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"

enum {
    DIR_ID = 'd',
    FORMAT_ID = 'f',
    METRIC_ID = 'm',
    WINDOW_ID = 'w',
    THEME_ID = 't',
    WIDTH_ID = 1000,
    HEIGHT_ID,
    SCALE_ID,
    ROLLING_ID,
    JSON_ID
};

static const cli_option option_list[] = {
    {DIR_ID, "save-dir", "FOLDER", "Where to (DIR/plots); it is created"},
    {FORMAT_ID, "format", "png|svg|pdf", "How the charts are written (png)"},
    {METRIC_ID, "metric", "NAME", "This metric, into metric_NAME.FORMAT, instead of the standard charts"},
    {WINDOW_ID, "window", "DURATION", "Only the last DURATION of the run, back from its last sample: 90s, 5m, 1h30m"},
    {THEME_ID, "theme", "light|dark|auto", "auto: an svg that is dark where its reader's system is (light)"},
    {ROLLING_ID, "rolling", "N", "Average over N samples, at least a hundredth of all of them (10)"},
    {WIDTH_ID, "width", "PIXELS", "Width, 320 to 8192 (1000)"},
    {HEIGHT_ID, "height", "PIXELS", "Height, 240 to 8192 (500)"},
    {SCALE_ID, "scale", "FACTOR", "Pixels of a png to one of these, 0.5 to 8 (1.5)"},
    {JSON_ID, "json", NULL, "Print what was written, and what was not and why, as JSON"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "plot",
    .synopsis = "[DIR] [--save-dir FOLDER] [--format FORMAT] [OPTION...]",
    .description =
        "Draws a run, live or finished: success and error rates with the periods in which an alert held, how long "
        "generations took, tokens, evaluation scores, how long evaluations took; those of them that have data. With "
        "--metric any one metric, its samples and their rolling average.",
    .options = option_list,
    .epilogue = "Exit status: 0 written; 1 nothing to draw, or it could not be read or written; 2 the command line is "
                "wrong.\n\n"
                "  afmon plot RUN --format svg --theme auto\n"
                "  afmon plot RUN --metric conversation_length --window 1h\n",
};

struct request {
    const char *folder;
    const char *save_dir;
    const char *metric;
    double window_s;
    bool json;
    afmon_plot_options options;
    char *warning; /* the first one */
};

static bool take_theme(cli_args *args, afmon_plot_theme *theme)
{
    static const char *const names[] = {"light", "dark", "auto"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(args->value, names[i]) == 0) {
            *theme = (afmon_plot_theme)i;
            return true;
        }
    }
    args->status = cli_usage_error("plot", "unknown theme '%s'; there are light, dark and auto", args->value);
    return false;
}

static bool take_format(cli_args *args, const char **format)
{
    static const char *const names[] = {"png", "svg", "pdf"};
    for (size_t i = 0; i < 3; i++) {
        if (strcasecmp(args->value, names[i]) == 0) {
            *format = names[i];
            return true;
        }
    }
    args->status = cli_usage_error("plot", "unknown format '%s'; there are png, svg and pdf", args->value);
    return false;
}

static bool take_size(cli_args *args, int64_t least, unsigned *size)
{
    int64_t value;
    if (!cli_value_integer(args, least, 8192, &value))
        return false;
    *size = (unsigned)value;
    return true;
}

static bool take_rolling(cli_args *args, size_t *window)
{
    int64_t value;
    if (!cli_value_integer(args, 1, INT64_C(1000000000), &value))
        return false;
    *window = (size_t)value;
    return true;
}

static bool take(cli_args *args, int id, struct request *request)
{
    afmon_plot_options *options = &request->options;
    switch (id) {
    case DIR_ID:
        request->save_dir = args->value;
        return true;
    case FORMAT_ID:
        return take_format(args, &options->format);
    case METRIC_ID:
        request->metric = args->value;
        return true;
    case WINDOW_ID:
        return cli_value_duration(args, 1e-6, 1e12, &request->window_s);
    case THEME_ID:
        return take_theme(args, &options->theme);
    case ROLLING_ID:
        return take_rolling(args, &options->rolling_window);
    case WIDTH_ID:
        return take_size(args, 320, &options->width);
    case HEIGHT_ID:
        return take_size(args, 240, &options->height);
    case SCALE_ID:
        return cli_value_number(args, 0.5, 8, &options->scale);
    default:
        request->json = true;
        return true;
    }
}

static void keep_warning(void *user, const char *message)
{
    struct request *request = user;
    if (!request->warning)
        request->warning = strdup(message);
}

/* A metric's name as that of a file: what could be a path, or is no plain letter, becomes '_'. */
static char *file_of(const struct request *request)
{
    const char *extension = request->options.format;
    size_t size = strlen(request->save_dir) + strlen(request->metric) + strlen(extension) + sizeof "/metric_.";
    char *path = malloc(size);
    if (!path)
        return NULL;
    int at = snprintf(path, size, "%s/metric_", request->save_dir);
    for (const char *c = request->metric; *c && at < 4000; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                     (*c && strchr("-_.", *c));
        if (c - request->metric < 200)
            path[at++] = plain ? *c : '_';
    }
    snprintf(path + at, size - (size_t)at, ".%s", extension);
    return path;
}

static int say_failure(afmon_status status, const afmon_error *error)
{
    cli_error("%s", error->message[0] ? error->message : afmon_status_text(status));
    return status == AFMON_E_ARGUMENT || status == AFMON_E_UNKNOWN_METRIC ? CLI_USAGE : CLI_FAILED;
}

static int report_path(const struct request *request, const char *path)
{
    if (!request->json) {
        char *safe = cli_safe(path, strlen(path));
        printf("%s\n", safe ? safe : "");
        free(safe);
        return CLI_OK;
    }
    bool failed = false;
    json_t *object = json_object();
    cli_json_set(object, "written", json_pack("[o]", cli_json_string(path, strlen(path))), &failed);
    return cli_print_json(cli_json_done(object, failed));
}

static int plot_metric(struct request *request, afmon_view *view)
{
    afmon_error error = {0};
    char *path = file_of(request);
    if (!path) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    afmon_status status = afmon_plot_metric(view, request->metric, path, &request->options, &error);
    int answer = status == AFMON_OK ? report_path(request, path) : say_failure(status, &error);
    free(path);
    return answer;
}

static int report_json(const struct request *request, const afmon_visualize_result *result)
{
    bool failed = false;
    json_t *written = json_array();
    json_t *left_out = json_object();
    for (size_t i = 0; i < AFMON_CHARTS; i++) {
        const afmon_chart_result *chart = &result->charts[i];
        char path[4352];
        snprintf(path, sizeof path, "%.4096s/%s", request->save_dir, chart->file);
        if (chart->status == AFMON_OK && json_array_append_new(written, cli_json_string(path, strlen(path))) != 0)
            failed = true;
        else if (chart->status != AFMON_OK)
            cli_json_set(left_out, afmon_chart_name((afmon_chart)i),
                         cli_json_string(chart->message, strlen(chart->message)), &failed);
    }
    json_t *object = json_object();
    cli_json_set(object, "written", written, &failed);
    cli_json_set(object, "left_out", left_out, &failed);
    return cli_print_json(cli_json_done(object, failed));
}

static int report_standard(const struct request *request, const afmon_visualize_result *result)
{
    if (request->json)
        return report_json(request, result);
    char *folder = cli_safe(request->save_dir, strlen(request->save_dir));
    for (size_t i = 0; i < AFMON_CHARTS; i++) {
        if (result->charts[i].status == AFMON_OK)
            printf("%s/%s\n", folder ? folder : "", result->charts[i].file);
        else
            fprintf(stderr, "%s: not drawn: %s\n", afmon_chart_name((afmon_chart)i), result->charts[i].message);
    }
    free(folder);
    return CLI_OK;
}

static int plot_standard(struct request *request, afmon_view *view)
{
    afmon_error error = {0};
    afmon_visualize_result result;
    afmon_status status = afmon_visualize(view, request->save_dir, &request->options, &result, &error);
    return status == AFMON_OK ? report_standard(request, &result) : say_failure(status, &error);
}

static int plot_run(struct request *request)
{
    afmon_view *view = cli_open_run(request->folder);
    afmon_view_info info;
    if (!view)
        return CLI_FAILED;
    afmon_view_get_info(view, &info);
    if (request->window_s > 0)
        request->options.window = cli_run_window(&info, request->window_s);
    request->options.warn = keep_warning;
    request->options.user = request;
    int answer = request->metric ? plot_metric(request, view) : plot_standard(request, view);
    if (request->warning)
        cli_error("warning: %s", request->warning);
    free(request->warning);
    afmon_view_close(view);
    return cli_finish_output(answer);
}

/* Where the charts go unless --save-dir says. */
static int plot_into_default(struct request *request)
{
    size_t size = strlen(request->folder) + sizeof "/plots";
    char *folder = malloc(size);
    if (!folder) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    snprintf(folder, size, "%s/plots", request->folder);
    request->save_dir = folder;
    int answer = plot_run(request);
    free(folder);
    return answer;
}

int cmd_plot(int argc, char **argv)
{
    cli_args args;
    struct request request = {0};
    afmon_plot_options_init(&request.options);
    request.options.format = "png";
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP || !take(&args, id, &request))
            return args.status;
    }
    request.folder = cli_folder_operand(&args);
    if (!request.folder)
        return CLI_USAGE;
    if (request.save_dir && !*request.save_dir)
        return cli_usage_error("plot", "--save-dir '' is no folder");
    return request.save_dir ? plot_run(&request) : plot_into_default(&request);
}
