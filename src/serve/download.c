/* What takes the samples themselves: exports, the report, the Prometheus text. All read the run anew, on the thread for
 * what takes long. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scrape.h"
#include "prometheus/text.h"
#include "serve/serve.h"

#define VIEW_MEMORY ((size_t)64 << 20) /* samples beyond that are read back from the files */

/* The report's page has its style in it, and nothing that runs. */
static const char report_policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
                                    "base-uri 'none'; frame-ancestors 'none'; sandbox";

static int until_stop(void *request, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return afmon_http_stopping(request);
}

static afmon_view *open_run(const struct afmon_served_run *run, const struct afmon_http_request *request,
                            struct afmon_http_response *response)
{
    afmon_view_options options;
    afmon_view *view = NULL;
    afmon_error error = {0};
    afmon_view_options_init(&options);
    options.max_memory = VIEW_MEMORY;
    options.progress = until_stop;
    options.user = (void *)request;
    afmon_status status = afmon_view_open(run->folder, &options, &view, &error);
    if (status != AFMON_OK)
        afmon_http_fail(response, status == AFMON_E_NO_DATA ? 404 : 500, "%s", error.message);
    return view;
}

/* A file without a name: it goes when it is closed. */
static int open_nameless(void)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || *folder == '\0')
        folder = "/tmp";
    return afmon_fd_above_standard(open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

static afmon_status export_view(afmon_view *view, int fd, const char *format, const struct afmon_http_request *request,
                                afmon_error *error)
{
    afmon_export_options options;
    afmon_export_options_init(&options);
    options.progress = until_stop;
    options.user = (void *)request;
    return afmon_export_to_fd(view, fd, format, &options, error);
}

static afmon_status report_view(afmon_view *view, int fd, const char *title, const struct afmon_http_request *request,
                                afmon_error *error)
{
    afmon_report_options options;
    afmon_report_options_init(&options);
    options.title = title;
    options.summary.progress = until_stop;
    options.summary.user = (void *)request;
    return afmon_report_to_fd(view, fd, "html", &options, error);
}

typedef afmon_status (*writer)(afmon_view *view, int fd, const char *what, const struct afmon_http_request *request,
                               afmon_error *error);

/* Into a file, which is then sent piece by piece as the client takes it. False after answering with an error. */
static bool give_file(const struct afmon_served_run *run, writer write_it, const char *what,
                      const struct afmon_http_request *request, struct afmon_http_response *response)
{
    afmon_error error = {0};
    afmon_view *view = open_run(run, request, response);
    if (view == NULL)
        return false;
    int fd = open_nameless();
    if (fd < 0)
        afmon_http_fail(response, 500, "cannot make a temporary file for it");
    else if (write_it(view, fd, what, request, &error) == AFMON_OK)
        response->fd = fd;
    else
        afmon_http_fail(response, 500, "%s", error.message);
    afmon_view_close(view);
    if (fd >= 0 && response->fd < 0)
        close(fd);
    return response->fd >= 0;
}

static void give_export(const struct afmon_served_run *run, const struct afmon_http_request *request,
                        struct afmon_http_response *response)
{
    const char *format = afmon_http_parameter(request, "format");
    if (format == NULL || (strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)) {
        afmon_http_fail(response, 400, "format is json or csv");
        return;
    }
    bool csv = strcmp(format, "csv") == 0;
    if (!give_file(run, export_view, format, request, response))
        return;
    response->content_type = csv ? "text/csv; charset=utf-8" : "application/json";
    snprintf(response->attachment, sizeof response->attachment, "run-%s.%s", run->id, format);
}

void afmon_serve_export(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    give_export(run, request, response);
    afmon_serve_release(user, run);
}

void afmon_serve_report(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    if (give_file(run, report_view, run->name, request, response)) {
        response->content_type = "text/html; charset=utf-8";
        response->policy = report_policy;
    }
    afmon_serve_release(user, run);
}

static int add_text(void *buffer, const void *data, size_t size)
{
    struct afmon_buffer *out = buffer;
    afmon_buffer_add(out, data, size);
    return out->failed;
}

void afmon_serve_metrics(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    afmon_view *view = open_run(run, request, response);
    afmon_error error = {0};
    afmon_serve_release(user, run);
    if (view == NULL)
        return;
    afmon_prometheus_format format = afmon_prometheus_choose(afmon_http_header(request, "Accept"));
    afmon_status status = afmon_prometheus_write(view, format, add_text, &response->body, &error);
    afmon_view_close(view);
    response->content_type = afmon_scrape_type(format);
    if (status != AFMON_OK)
        afmon_http_fail(response, 500, "%s", error.message);
}
