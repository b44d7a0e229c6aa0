/* The addresses, and the answers that are at hand. docs/api.md describes them. */
#include "base/clock.h"
#include "base/json_write.h"
#include "serve/serve.h"

static size_t count_runs(struct afmon_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->run_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

static void give_status(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_server *server = user;
    struct afmon_json json = {.out = &response->body};
    struct afmon_http_stats stats;
    (void)request;
    afmon_http_get_stats(server->http, &stats);
    afmon_json_open(&json, NULL, '{');
    afmon_json_string(&json, "version", afmon_version());
    afmon_json_time(&json, "started_ms", server->started_ns);
#define COUNT(name) afmon_json_int(&json, #name, (int64_t)stats.name)
    afmon_json_int(&json, "runs", (int64_t)count_runs(server));
    COUNT(connections);
    COUNT(streams);
    COUNT(connections_accepted);
    COUNT(connections_refused);
    COUNT(connections_dropped);
    COUNT(connections_timed_out);
    COUNT(requests);
    COUNT(malformed);
    COUNT(refused_host);
    COUNT(refused_origin);
    COUNT(refused_token);
    COUNT(refused_method);
    COUNT(refused_size);
    COUNT(refused_busy);
    COUNT(not_found);
    COUNT(streams_stalled);
#undef COUNT
    afmon_json_close(&json, '}');
}

#define GET AFMON_HTTP_GET

const struct afmon_http_route afmon_serve_routes[] = {
    {"/", afmon_serve_asset, GET, AFMON_HTTP_PAGE},
    {"/login", afmon_serve_asset, GET, AFMON_HTTP_OPEN},
    {"/assets/*", afmon_serve_asset, GET, AFMON_HTTP_OPEN},
    {"/metrics", afmon_serve_give_scrape, GET, 0},
    {"/api/v1/status", give_status, GET, 0},
    {"/api/v1/runs", afmon_serve_give_list, GET, 0},
    {"/api/v1/stream", afmon_serve_stream_list, GET, 0},
    {"/api/v1/runs/*", afmon_serve_give_run, GET, 0},
    {"/api/v1/runs/*/stream", afmon_serve_stream_run, GET, 0},
    {"/api/v1/runs/*/charts", afmon_serve_charts, GET, 0},
    {"/api/v1/runs/*/series", afmon_serve_series, GET, 0},
    {"/api/v1/runs/*/log", afmon_serve_log, GET, AFMON_HTTP_SLOW},
    {"/api/v1/runs/*/items", afmon_serve_items, GET, AFMON_HTTP_LONG},
    {"/api/v1/runs/*/items/*", afmon_serve_item, GET, AFMON_HTTP_LONG},
    {"/api/v1/runs/*/export", afmon_serve_export, GET, AFMON_HTTP_LONG},
    {"/api/v1/runs/*/report", afmon_serve_report, GET, AFMON_HTTP_LONG},
    {"/api/v1/runs/*/metrics", afmon_serve_metrics, GET, AFMON_HTTP_LONG},
};
const size_t afmon_serve_route_count = sizeof afmon_serve_routes / sizeof afmon_serve_routes[0];
