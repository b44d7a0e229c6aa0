/* The report's API: the formats, and where they go to. */
#include <string.h>

#include "base/file.h"
#include "base/json_write.h"
#include "base/options.h"
#include "base/quiet.h"
#include "base/status.h"
#include "base/target.h"
#include "model/model.h"
#include "report/page.h"

#define MOST_BYTES ((size_t)1 << 28)

void afmon_report_options_init(afmon_report_options *options)
{
    *options = (afmon_report_options){.size = sizeof *options};
    afmon_summary_options_init(&options->summary);
}

typedef afmon_status (*format_fn)(struct afmon_report_job *job);

static afmon_status write_json(struct afmon_report_job *job)
{
    struct afmon_json json = {.out = job->page};
    afmon_json_open(&json, NULL, '{');
    afmon_json_string(&json, "title", job->title);
    afmon_summary_json(job->summary, &json, "summary");
    afmon_json_close(&json, '}');
    afmon_buffer_add_char(job->page, '\n');
    return AFMON_OK;
}

static format_fn find_format(const char *name, afmon_error *error)
{
    if (strcmp(name, "html") == 0)
        return afmon_report_html;
    if (strcmp(name, "md") == 0)
        return afmon_report_markdown;
    if (strcmp(name, "json") == 0)
        return write_json;
    afmon_fail(error, AFMON_E_ARGUMENT, "unknown format '%s'; there are: html, md, json", name);
    return NULL;
}

static afmon_status make(afmon_view *view, const char *format, const afmon_report_options *given,
                         struct afmon_buffer *page, afmon_error *error)
{
    afmon_report_options options;
    afmon_run_summary *summary;
    afmon_report_options_init(&options);
    if (view == NULL || format == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a report needs a view and a format");
    afmon_status status = afmon_options_take(&options, sizeof options, given, "afmon_report_options", error);
    if (status != AFMON_OK)
        return status;
    format_fn write = find_format(format, error);
    if (write == NULL)
        return AFMON_E_ARGUMENT;
    status = afmon_view_summarize(view, &options.summary, &summary, error);
    if (status != AFMON_OK)
        return status;
    struct afmon_report_job job = {.view = view,
                                   .summary = summary,
                                   .title = options.title != NULL ? options.title : "Report of a run",
                                   .page = page,
                                   .error = error};
    status = write(&job);
    afmon_run_summary_free(summary);
    return status == AFMON_OK && page->failed ? afmon_fail_memory(error) : status;
}

static afmon_status put_file(const struct afmon_buffer *page, const char *path, afmon_error *error)
{
    struct afmon_target target = {0};
    struct afmon_quiet quiet;
    afmon_quiet_begin(&quiet);
    afmon_status status = afmon_target_begin(&target, path, error);
    if (status == AFMON_OK)
        status = afmon_target_append(&target, page->data, page->length, error);
    if (status == AFMON_OK)
        status = afmon_target_finish(&target, error);
    afmon_target_drop(&target);
    afmon_quiet_end(&quiet);
    return status;
}

afmon_status afmon_report(afmon_view *view, const char *path, const char *format, const afmon_report_options *options,
                          afmon_error *error)
{
    struct afmon_buffer page;
    if (path == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a report needs a place");
    afmon_buffer_init(&page, MOST_BYTES);
    afmon_status status = make(view, format, options, &page, error);
    if (status == AFMON_OK)
        status = put_file(&page, path, error);
    afmon_buffer_free(&page);
    return status;
}

afmon_status afmon_report_to_fd(afmon_view *view, int fd, const char *format, const afmon_report_options *options,
                                afmon_error *error)
{
    struct afmon_buffer page;
    struct afmon_quiet quiet;
    if (fd < 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%d is no file descriptor", fd);
    afmon_buffer_init(&page, MOST_BYTES);
    afmon_status status = make(view, format, options, &page, error);
    afmon_quiet_begin(&quiet);
    int refused = status == AFMON_OK ? afmon_write_all(fd, page.data, page.length, NULL) : 0;
    afmon_quiet_end(&quiet);
    afmon_buffer_free(&page);
    return refused == 0 ? status : afmon_fail_os(error, refused, "writing the report");
}
