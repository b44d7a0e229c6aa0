#include "monitor/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scrape.h"
#include "base/status.h"
#include "http/http.h"
#include "prometheus/text.h"

#define TEXT_LIMIT ((size_t)64 << 20)

/* ---- scrapes ---- */

static afmon_status write_text(struct afmon_core *core, afmon_prometheus_format format, struct afmon_buffer *out)
{
    afmon_stats stats;
    afmon_status status = afmon_monitor_stats(core->monitor, &stats);
    if (status != AFMON_OK)
        return status;
    afmon_prometheus_text(core->meters, &stats, format, out);
    return out->failed ? AFMON_E_NO_MEMORY : AFMON_OK;
}

static void answer_scrape(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    afmon_prometheus_format format = afmon_prometheus_choose(afmon_http_header(request, "Accept"));
    afmon_status status = write_text(user, format, &response->body);
    response->content_type = afmon_scrape_type(format);
    if (status != AFMON_OK)
        afmon_http_fail(response, 500, "%s", afmon_status_text(status));
}

static const struct afmon_http_route routes[] = {
    {.path = "/metrics", .handler = answer_scrape, .methods = AFMON_HTTP_GET},
};

afmon_status afmon_listen_prepare(struct afmon_core *core, afmon_error *error)
{
    if (core->monitor->options.prometheus_listen == NULL)
        return AFMON_OK;
    core->meters = afmon_meters_new();
    return core->meters == NULL ? afmon_fail_memory(error) : AFMON_OK;
}

afmon_status afmon_listen_open(struct afmon_core *core, afmon_error *error)
{
    const afmon_options *options = &core->monitor->options;
    if (options->prometheus_listen == NULL || options->prometheus_listen[0] == '\0')
        return AFMON_OK;
    const struct afmon_http_options server = {
        .listen = options->prometheus_listen,
        .token_file = options->prometheus_token_file,
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .user = core,
    };
    afmon_status status = afmon_http_start(&server, &core->http, error);
    if (status == AFMON_OK)
        snprintf(core->metrics_url, sizeof core->metrics_url, "%s", afmon_http_url(core->http));
    return status;
}

void afmon_listen_close(struct afmon_core *core)
{
    afmon_http_stop(core->http);
    core->http = NULL;
}

void afmon_listen_abandon(struct afmon_core *core)
{
    afmon_http_abandon(core->http);
    core->http = NULL;
}

void afmon_listen_free(struct afmon_core *core)
{
    afmon_listen_close(core);
    afmon_meters_free(core->meters);
    core->meters = NULL;
    afmon_unpacked_free(&core->meter_fields);
}

/* ---- the public side ---- */

afmon_status afmon_monitor_prometheus_write(afmon_monitor *monitor, afmon_prometheus_format format,
                                            afmon_write_fn write, void *user, afmon_error *error)
{
    afmon_status status;
    if (monitor == NULL || write == NULL || (format != AFMON_OPENMETRICS && format != AFMON_PROMETHEUS_TEXT))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "afmon_monitor_prometheus_write: give a monitor, a format and a function");
    struct afmon_core *core = afmon_core_here(monitor, &status);
    if (core == NULL)
        return afmon_fail(error, status, "%s", monitor->birth_error.message);
    if (core->meters == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the monitor keeps no counters: open it with prometheus_listen");
    struct afmon_buffer text;
    afmon_buffer_init(&text, TEXT_LIMIT);
    status = write_text(core, format, &text);
    if (status == AFMON_OK && write(user, text.data, text.length) != 0)
        status = AFMON_E_CANCELLED;
    afmon_buffer_free(&text);
    return status == AFMON_OK ? status : afmon_fail(error, status, "%s", afmon_status_text(status));
}

const char *afmon_monitor_prometheus_url(afmon_monitor *monitor)
{
    afmon_status status;
    const struct afmon_core *core = monitor == NULL ? NULL : afmon_core_here(monitor, &status);
    return core == NULL || core->metrics_url[0] == '\0' ? NULL : core->metrics_url;
}
