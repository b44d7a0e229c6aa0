/* What the proxy answers itself: /healthz and /metrics. */
#include <stdio.h>
#include <string.h>

#include "base/scrape.h"
#include "proxy/client.h"

enum { METRICS_MAX = 16 * 1024 * 1024 };

static bool is_path(const struct afmon_proxy_piece *target, const char *path)
{
    size_t length = strlen(path);
    return target->length >= length && memcmp(target->text, path, length) == 0 &&
           (target->length == length || target->text[length] == '?');
}

static bool has_prefix(const struct afmon_proxy_server *server, const char *path)
{
    for (size_t i = 0; i < server->route_count; i++)
        if (strcmp(server->routes[i].prefix, path) == 0)
            return true;
    return false;
}

enum afmon_proxy_own afmon_proxy_own_find(const struct afmon_proxy_server *server, const struct afmon_proxy_head *head)
{
    static const struct {
        const char *path;
        enum afmon_proxy_own own;
    } paths[] = {{"/healthz", AFMON_PROXY_HEALTHZ}, {"/metrics", AFMON_PROXY_METRICS}};
    for (size_t i = 0; server->answers && i < sizeof paths / sizeof paths[0]; i++)
        if (is_path(&head->target, paths[i].path) && !has_prefix(server, paths[i].path))
            return afmon_proxy_piece_is(&head->method, "GET") ? paths[i].own : AFMON_PROXY_NOT_OWN;
    return AFMON_PROXY_NOT_OWN;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void answer(struct afmon_proxy_client *client, const char *type, const struct afmon_buffer *body, bool keep)
{
    char head[256];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", type,
             body->length, keep ? "" : "Connection: close\r\n");
    (void)afmon_proxy_stream_write(&client->stream, head, strlen(head));
    (void)afmon_proxy_stream_write(&client->stream, body->data, body->length);
    afmon_proxy_client_next(client, keep);
}

static int add(void *user, const void *data, size_t size)
{
    struct afmon_buffer *body = user;
    afmon_buffer_add(body, data, size);
    return body->failed ? 1 : 0;
}

static afmon_prometheus_format format_of(const struct afmon_proxy_head *head)
{
    const struct afmon_proxy_field *accept = afmon_proxy_head_find(head, "accept");
    return accept != NULL ? afmon_scrape_choose(accept->value.text, accept->value.length) : AFMON_PROMETHEUS_TEXT;
}

static void write_metrics(const struct afmon_proxy_server *server, struct afmon_buffer *body,
                          afmon_prometheus_format format)
{
    char text[400];
    snprintf(text, sizeof text,
             "# HELP afmon_proxy_calls_open Calls that the proxy has in hand.\n# TYPE afmon_proxy_calls_open gauge\n"
             "afmon_proxy_calls_open %zu\n"
             "# HELP afmon_proxy_clients Connections of programs.\n# TYPE afmon_proxy_clients gauge\n"
             "afmon_proxy_clients %zu\n",
             server->busy, server->client_count);
    afmon_buffer_add_text(body, text);
    if (afmon_monitor_prometheus_write(server->monitor, format, add, body, NULL) != AFMON_OK)
        body->failed = true;
}

void afmon_proxy_own_answer(struct afmon_proxy_client *client, const struct afmon_proxy_head *head,
                            enum afmon_proxy_own own, bool keep)
{
    struct afmon_buffer body;
    afmon_prometheus_format format = format_of(head);
    afmon_buffer_init(&body, METRICS_MAX);
    if (own == AFMON_PROXY_HEALTHZ)
        afmon_buffer_add_text(&body, "ok\n");
    else
        write_metrics(client->server, &body, format);
    if (body.failed)
        afmon_proxy_client_refuse(client, 503, "There is no memory for the metrics, or the run is being closed.");
    else
        answer(client, own == AFMON_PROXY_HEALTHZ ? "text/plain" : afmon_scrape_type(format), &body, keep);
    afmon_buffer_free(&body);
}
