/* The public functions: options, files, memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/options.h"
#include "base/quiet.h"
#include "base/status.h"
#include "base/target.h"
#include "plot/chart.h"

#define FILE_LIMIT ((size_t)256 << 20)

static const struct afmon_chart_kind *const kinds[AFMON_CHARTS] = {
    &afmon_kind_rates,           &afmon_kind_generation_time, &afmon_kind_tokens,   &afmon_kind_scores,
    &afmon_kind_evaluation_time, &afmon_kind_yield,           &afmon_kind_spending, &afmon_kind_first_token,
    &afmon_kind_funnel,          &afmon_kind_heat_map};
static const char *const formats[] = {"png", "svg", "pdf"};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static const struct afmon_chart_kind *kind_of(afmon_chart chart)
{
    return (unsigned)chart < AFMON_CHARTS ? kinds[chart] : NULL;
}

const char *afmon_chart_name(afmon_chart chart)
{
    return kind_of(chart) == NULL ? "" : kinds[chart]->name;
}

const char *afmon_chart_title(afmon_chart chart)
{
    return kind_of(chart) == NULL ? "" : kinds[chart]->title;
}

/* ---- Options ---- */

void afmon_plot_options_init(afmon_plot_options *options)
{
    *options = (afmon_plot_options){.size = sizeof *options,
                                    .width = 1000,
                                    .height = 500,
                                    .scale = 1.5,
                                    .rolling_window = 10,
                                    .window = AFMON_WINDOW_ALL};
}

static bool is_id(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t length = strlen(text);
    return length > 0 && length <= 64 && strchr(letters, text[0]) != NULL && strspn(text, all) == length;
}

static const char *find_format(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcasecmp(formats[i], name) == 0)
            return formats[i];
    }
    return NULL;
}

/* NULL, and the error is filled, where there is no such format. */
static const char *format_of(const afmon_plot_options *options, const char *path, afmon_error *error)
{
    const char *dot = path == NULL ? NULL : strrchr(path, '.');
    const char *wanted = options->format != NULL ? options->format : dot != NULL ? dot + 1 : "png";
    const char *format = find_format(wanted);
    if (format != NULL)
        return format;
    if (options->format == NULL && path != NULL)
        afmon_fail(error, AFMON_E_ARGUMENT, "%s ends in none of .png, .svg, .pdf: name the format", path);
    else
        afmon_fail(error, AFMON_E_ARGUMENT, "unknown format '%s'; there are: png, svg, pdf", wanted);
    return NULL;
}

static afmon_status take_options(afmon_plot_options *options, const afmon_plot_options *given, const afmon_view *view,
                                 const void *place, afmon_error *error)
{
    if (view == NULL || place == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a chart needs a view and a place");
    afmon_plot_options_init(options);
    afmon_status status = afmon_options_take(options, sizeof *options, given, "afmon_plot_options", error);
    if (status != AFMON_OK)
        return status;
    if (options->width < 320 || options->width > 8192 || options->height < 240 || options->height > 8192)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a chart is 320 to 8192 wide and 240 to 8192 high, not %u by %u",
                          options->width, options->height);
    if (!(options->scale >= 0.5 && options->scale <= 8))
        return afmon_fail(error, AFMON_E_ARGUMENT, "the scale of a chart is 0.5 to 8");
    if (options->theme != AFMON_PLOT_LIGHT && options->theme != AFMON_PLOT_DARK && options->theme != AFMON_PLOT_AUTO)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%d is no theme of charts", (int)options->theme);
    if (options->window.since_ns > options->window.until_ns)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the window ends before it begins");
    if (options->id_prefix != NULL && !is_id(options->id_prefix))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "the prefix of ids is a letter, then letters, digits, '-' and '_', 64 at most");
    return AFMON_OK;
}

/* ---- Into memory, into files ---- */

static afmon_status write_file(const char *path, const struct afmon_buffer *data, afmon_error *error)
{
    struct afmon_target target = {0};
    struct afmon_quiet quiet;
    afmon_quiet_begin(&quiet);
    afmon_status status = afmon_target_begin(&target, path, error);
    if (status == AFMON_OK)
        status = afmon_target_append(&target, data->data, data->length, error);
    if (status == AFMON_OK)
        status = afmon_target_finish(&target, error);
    afmon_target_drop(&target);
    afmon_quiet_end(&quiet);
    return status;
}

/* All of one chart. The job is ended. */
static afmon_status draw_one(struct afmon_chart_job *job, const char *format, struct afmon_buffer *out)
{
    afmon_buffer_init(out, FILE_LIMIT);
    afmon_status status = afmon_chart_begin(job);
    if (status == AFMON_OK)
        status = afmon_charts_gather(job, 1);
    if (status == AFMON_OK)
        status = afmon_chart_complete(job);
    if (status == AFMON_OK)
        status = afmon_chart_render(job, format, out);
    afmon_chart_end(job);
    return status;
}

static afmon_status draw_to(struct afmon_chart_job *job, const char *format, afmon_write_fn write, void *user)
{
    struct afmon_buffer out;
    afmon_status status = draw_one(job, format, &out);
    if (status == AFMON_OK && write(user, out.data, out.length) != 0)
        status = afmon_fail(job->error, AFMON_E_CANCELLED, "cancelled");
    afmon_buffer_free(&out);
    return status;
}

/* The place is NULL where something that the caller must give is missing. */
static afmon_status plot_to(struct afmon_chart_job *job, const afmon_plot_options *given, const void *place,
                            afmon_write_fn write, void *user)
{
    afmon_plot_options options;
    job->options = &options;
    afmon_status status = take_options(&options, given, job->view, place, job->error);
    const char *format = status == AFMON_OK ? format_of(job->options, NULL, job->error) : NULL;
    return format == NULL ? AFMON_E_ARGUMENT : draw_to(job, format, write, user);
}

afmon_status afmon_plot_chart(afmon_view *view, afmon_chart chart, const afmon_plot_options *given,
                              afmon_write_fn write, void *user, afmon_error *error)
{
    struct afmon_chart_job job = {.kind = kind_of(chart), .view = view, .error = error};
    if (job.kind == NULL || write == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a chart needs a kind and somebody who takes it");
    return plot_to(&job, given, "", write, user);
}

afmon_status afmon_plot_metric_to(afmon_view *view, const char *name, const afmon_plot_options *given,
                                  afmon_write_fn write, void *user, afmon_error *error)
{
    struct afmon_chart_job job = {.kind = &afmon_kind_metric, .view = view, .error = error, .metric = name};
    if (write == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a chart needs somebody who takes it");
    return plot_to(&job, given, name, write, user);
}

afmon_status afmon_plot_metric(afmon_view *view, const char *name, const char *path, const afmon_plot_options *given,
                               afmon_error *error)
{
    afmon_plot_options options;
    struct afmon_chart_job job = {
        .kind = &afmon_kind_metric, .view = view, .options = &options, .error = error, .metric = name};
    afmon_status status = take_options(&options, given, view, name == NULL ? NULL : path, error);
    const char *format = status == AFMON_OK ? format_of(job.options, path, error) : NULL;
    if (format == NULL)
        return AFMON_E_ARGUMENT;
    struct afmon_buffer out;
    status = draw_one(&job, format, &out);
    if (status == AFMON_OK)
        status = write_file(path, &out, error);
    afmon_buffer_free(&out);
    return status;
}

/* ---- All of them ---- */

struct all {
    struct afmon_chart_job jobs[AFMON_CHARTS]; /* those that have data */
    size_t place[AFMON_CHARTS];                /* which chart each is */
    size_t count;
    afmon_plot_options options;
    const char *save_dir;
    const char *format;
    afmon_visualize_result *result;
};

static void note(struct all *all, size_t chart, afmon_status status, const afmon_error *error)
{
    afmon_chart_result *result = &all->result->charts[chart];
    result->status = status;
    snprintf(result->message, sizeof result->message, "%.255s", status == AFMON_OK ? "" : error->message);
}

/* AFMON_E_NO_DATA of one chart is no error of all. */
static afmon_status begin_all(struct all *all, afmon_view *view, afmon_error *error)
{
    for (size_t i = 0; i < AFMON_CHARTS; i++) {
        struct afmon_chart_job *job = &all->jobs[all->count];
        *job = (struct afmon_chart_job){.kind = kinds[i], .view = view, .options = &all->options, .error = error};
        afmon_status status = afmon_chart_begin(job);
        note(all, i, status, error);
        all->place[all->count] = i;
        if (status == AFMON_OK)
            all->count++;
        else
            afmon_chart_end(job);
        if (status != AFMON_OK && status != AFMON_E_NO_DATA)
            return status;
    }
    return AFMON_OK;
}

static afmon_status save_one(struct all *all, size_t index, afmon_error *error)
{
    struct afmon_chart_job *job = &all->jobs[index];
    afmon_chart_result *result = &all->result->charts[all->place[index]];
    struct afmon_buffer out;
    afmon_buffer_init(&out, FILE_LIMIT);
    afmon_status status = afmon_chart_complete(job);
    if (status == AFMON_OK)
        status = afmon_chart_render(job, all->format, &out);
    snprintf(result->file, sizeof result->file, "%s.%s", job->kind->name, all->format);
    char *path = status == AFMON_OK ? afmon_path_join(all->save_dir, result->file) : NULL;
    if (status == AFMON_OK)
        status = path == NULL ? afmon_fail_memory(error) : write_file(path, &out, error);
    free(path);
    afmon_buffer_free(&out);
    note(all, all->place[index], status, error);
    if (status == AFMON_OK)
        all->result->written++;
    else
        result->file[0] = '\0';
    return status == AFMON_E_NO_DATA ? AFMON_OK : status;
}

static afmon_status save_all(struct all *all, afmon_view *view, afmon_error *error)
{
    afmon_status status = begin_all(all, view, error);
    if (status == AFMON_OK)
        status = afmon_charts_gather(all->jobs, all->count);
    for (size_t i = 0; i < all->count && status == AFMON_OK; i++)
        status = save_one(all, i, error);
    for (size_t i = 0; i < all->count; i++)
        afmon_chart_end(&all->jobs[i]);
    if (status == AFMON_OK && all->result->written == 0)
        status = afmon_fail(error, AFMON_E_NO_DATA, "nothing to draw: the run has no samples of the standard charts");
    return status;
}

afmon_status afmon_visualize(afmon_view *view, const char *save_dir, const afmon_plot_options *given,
                             afmon_visualize_result *result, afmon_error *error)
{
    afmon_visualize_result unwanted;
    afmon_error own = {0};
    error = error == NULL ? &own : error;
    result = result == NULL ? &unwanted : result;
    memset(result, 0, sizeof *result);
    struct all *all = calloc(1, sizeof *all);
    if (all == NULL)
        return afmon_fail_memory(error);
    afmon_status status = take_options(&all->options, given, view, save_dir, error);
    all->options.title = NULL;
    all->options.id_prefix = NULL;
    all->save_dir = save_dir;
    all->result = result;
    all->format = status == AFMON_OK ? format_of(&all->options, NULL, error) : NULL;
    status = status != AFMON_OK ? status : all->format == NULL ? AFMON_E_ARGUMENT : save_all(all, view, error);
    if (status == AFMON_OK)
        *error = (afmon_error){0};
    free(all);
    return status;
}
