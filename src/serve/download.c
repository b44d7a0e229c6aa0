/* What takes the samples themselves: exports and the Prometheus text. Both read the run anew, on the second thread. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prometheus/text.h"
#include "serve/serve.h"

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
    options.progress = until_stop;
    options.user = (void *)request;
    if (afmon_view_open(run->folder, &options, &view, &error) != AFMON_OK)
        afmon_http_fail(response, 500, "%s", error.message);
    return view;
}

/* A file without a name: it goes when it is closed. */
static int open_nameless(void)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || *folder == '\0')
        folder = "/tmp";
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static void export_view(afmon_view *view, const char *format, struct afmon_http_response *response)
{
    afmon_error error = {0};
    int fd = open_nameless();
    if (fd < 0) {
        afmon_http_fail(response, 500, "cannot make a temporary file for the export");
        return;
    }
    if (afmon_export_to_fd(view, fd, format, NULL, &error) != AFMON_OK) {
        close(fd);
        afmon_http_fail(response, 500, "%s", error.message);
        return;
    }
    response->fd = fd;
}

void afmon_serve_export(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    const char *format = afmon_http_parameter(request, "format");
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    if (format == NULL || (strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)) {
        afmon_http_fail(response, 400, "format is json or csv");
        return;
    }
    afmon_view *view = open_run(run, request, response);
    if (view == NULL)
        return;
    bool csv = strcmp(format, "csv") == 0;
    export_view(view, format, response);
    afmon_view_close(view);
    if (response->fd < 0)
        return;
    response->content_type = csv ? "text/csv; charset=utf-8" : "application/json";
    snprintf(response->attachment, sizeof response->attachment, "run-%s.%s", run->id, format);
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
    afmon_view *view = run != NULL ? open_run(run, request, response) : NULL;
    afmon_error error = {0};
    if (view == NULL)
        return;
    afmon_prometheus_format format = afmon_prometheus_choose(afmon_http_header(request, "Accept"));
    afmon_status status = afmon_prometheus_write(view, format, add_text, &response->body, &error);
    afmon_view_close(view);
    response->content_type = afmon_prometheus_type(format);
    if (status != AFMON_OK)
        afmon_http_fail(response, 500, "%s", error.message);
}
