/* The table of formats, and what all of them begin and end with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/quiet.h"
#include "base/status.h"
#include "export/format.h"

static const struct afmon_export_format *const formats[] = {
    &afmon_export_json,
    &afmon_export_csv,
    &afmon_export_excel,
#ifdef AFMON_HAVE_PARQUET
    &afmon_export_parquet,
#endif
};
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

void afmon_export_options_init(afmon_export_options *options)
{
    *options = (afmon_export_options){.size = sizeof *options, .window = AFMON_WINDOW_ALL};
}

static const struct afmon_export_format *find_format(const char *name, afmon_error *error)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
#ifndef AFMON_HAVE_PARQUET
    if (strcmp(name, "parquet") == 0) {
        afmon_fail(
            error, AFMON_E_ARGUMENT,
            "this build of afmon cannot write parquet: fetch carquet by tools/fetch, then configure and build again");
        return NULL;
    }
#endif
    char names[128] = "";
    for (size_t i = 0, at = 0; i < FORMAT_COUNT && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i == 0 ? "" : ", ", formats[i]->name);
    afmon_fail(error, AFMON_E_ARGUMENT, "unknown format '%s'; there are: %s", name, names);
    return NULL;
}

/* ---- The job ---- */

static bool chosen(const afmon_export_options *options, const struct afmon_series *series)
{
    for (size_t i = 0; i < options->metric_count; i++) {
        const char *name = options->metrics[i];
        if (strlen(name) == series->name_length && memcmp(name, series->name, series->name_length) == 0)
            return true;
    }
    return options->metric_count == 0;
}

static afmon_status check_metrics(struct afmon_export_job *job)
{
    for (size_t i = 0; i < job->options->metric_count; i++) {
        const struct afmon_view_series *series;
        const char *name = job->options->metrics[i];
        afmon_status status = afmon_view_find(job->view, name, strlen(name), &series);
        if (status != AFMON_OK)
            return afmon_fail_memory(job->error);
        if (series == NULL)
            return afmon_view_no_metric(job->view, name, job->error);
    }
    return AFMON_OK;
}

afmon_status afmon_export_begin(struct afmon_export_job *job, unsigned passes)
{
    size_t count = job->view->series_count;
    job->series = calloc(count + 1, sizeof *job->series);
    job->place = malloc((count + 1) * sizeof *job->place);
    if (job->series == NULL || job->place == NULL)
        return afmon_fail_memory(job->error);
    memset(job->place, 0xff, (count + 1) * sizeof *job->place);
    for (size_t i = 0; i < count; i++) {
        const struct afmon_view_series *series = afmon_view_in_order(job->view, i);
        if (series == NULL)
            return afmon_fail_memory(job->error);
        if (!chosen(job->options, series->series))
            continue;
        job->place[series - job->view->series] = (uint32_t)job->series_count;
        job->series[job->series_count++] = series;
        job->total += series->total * passes;
    }
    return check_metrics(job);
}

void afmon_export_end(struct afmon_export_job *job)
{
    free(job->series);
    free(job->place);
}

/* ---- The API ---- */

afmon_status afmon_export_take_options(afmon_export_options *options, const afmon_export_options *given,
                                       afmon_error *error)
{
    afmon_export_options_init(options);
    afmon_status status = afmon_options_take(options, sizeof *options, given, "afmon_export_options", error);
    if (status != AFMON_OK)
        return status;
    if (options->metrics == NULL && options->metric_count > 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "metrics is NULL though metric_count is not 0");
    if (options->window.since_ns > options->window.until_ns)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the window ends before it begins");
    return AFMON_OK;
}

static afmon_status run(afmon_view *view, const char *path, int fd, const char *name, const afmon_export_options *given,
                        afmon_error *error)
{
    afmon_export_options options;
    struct afmon_export_job job = {.view = view, .options = &options, .error = error};
    if (view == NULL || path == NULL || name == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "an export needs a view, a place and a format");
    afmon_status status = afmon_export_take_options(&options, given, error);
    if (status != AFMON_OK)
        return status;
    const struct afmon_export_format *format = find_format(name, error);
    if (format == NULL)
        return AFMON_E_ARGUMENT;
    if (fd >= 0 && format->to_descriptor == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s needs a file; only json and csv go to a stream", name);
    status = afmon_export_begin(&job, format->passes);
    if (status == AFMON_OK) {
        struct afmon_quiet quiet;
        afmon_quiet_begin(&quiet);
        status = fd >= 0 ? format->to_descriptor(&job, fd) : format->to_path(&job, path);
        afmon_quiet_end(&quiet);
    }
    afmon_export_end(&job);
    return status;
}

afmon_status afmon_export(afmon_view *view, const char *path, const char *format, const afmon_export_options *options,
                          afmon_error *error)
{
    return run(view, path, -1, format, options, error);
}

afmon_status afmon_export_to_fd(afmon_view *view, int fd, const char *format, const afmon_export_options *options,
                                afmon_error *error)
{
    if (fd < 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%d is no file descriptor", fd);
    return run(view, "", fd, format, options, error);
}
