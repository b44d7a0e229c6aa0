/* A request's way: header, body, guard, handler, answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/server.h"

static struct afmon_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static struct afmon_http_request *make_request(struct afmon_http *server, struct MHD_Connection *mhd, const char *url,
                                               const char *method)
{
    struct afmon_connection *connection = connection_of(mhd);
    struct afmon_http_request *request = connection != NULL ? calloc(1, sizeof *request) : NULL;
    if (request == NULL)
        return NULL;
    request->path = strdup(url);
    if (request->path == NULL) {
        free(request);
        return NULL;
    }
    request->server = server;
    request->mhd = mhd;
    request->connection = connection;
    request->method = method;
    connection->begun = false;
    connection->requests++;
    afmon_http_response_init(&request->response);
    afmon_http_find_route(server->options.routes, server->options.route_count, url, &request->match);
    afmon_http_count(server, &server->stats.requests);
    return request;
}

static void take_body(struct afmon_http_request *request, const char *data, size_t length)
{
    if (length > AFMON_HTTP_BODY_MAX - request->body_length) {
        request->body_too_large = true;
        return;
    }
    memcpy(request->body + request->body_length, data, length);
    request->body_length += length;
}

static void refuse_busy(struct afmon_http_request *request)
{
    afmon_http_count(request->server, &request->server->stats.refused_busy);
    afmon_http_fail(&request->response, 503, "too many of these at a time; try again in a moment");
    request->response.retry_after_s = 2;
}

/* All of the request is there. */
static enum MHD_Result answer(struct afmon_http_request *request)
{
    struct afmon_http *server = request->server;
    const struct afmon_http_route *route = request->match.route;
    request->connection->busy = true;
    if (afmon_http_guard(request, &request->response))
        return afmon_http_send(request);
    if (afmon_http_is_login(request)) {
        afmon_http_login(request, &request->response);
        return afmon_http_send(request);
    }
    if (route->flags & (AFMON_HTTP_SLOW | AFMON_HTTP_LONG)) {
        if (afmon_http_jobs_add(server, request)) {
            request->state = AFMON_REQUEST_WAITING;
            afmon_connection_suspend(request->connection);
            return MHD_YES;
        }
        refuse_busy(request);
        return afmon_http_send(request);
    }
    route->handler(server->options.user, request, &request->response);
    if (request->response.source.next != NULL && server->stream_count >= server->options.max_streams)
        refuse_busy(request);
    return afmon_http_send(request);
}

enum MHD_Result afmon_http_on_request(void *user, struct MHD_Connection *mhd, const char *url, const char *method,
                                      const char *version, const char *upload, size_t *upload_size, void **context)
{
    struct afmon_http_request *request = *context;
    (void)version;
    if (request == NULL) {
        *context = make_request(user, mhd, url, method);
        return *context != NULL ? MHD_YES : MHD_NO;
    }
    if (request->state == AFMON_REQUEST_WAITING)
        return MHD_YES;
    if (request->state == AFMON_REQUEST_ANSWERED)
        return afmon_http_send(request);
    if (*upload_size > 0) {
        take_body(request, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    return answer(request);
}

void afmon_http_request_over(void *user, struct MHD_Connection *mhd, void **context,
                             enum MHD_RequestTerminationCode code)
{
    struct afmon_http_request *request = *context;
    (void)user;
    (void)mhd;
    (void)code;
    if (request == NULL)
        return;
    request->connection->busy = false;
    request->connection->idle_since_ns = afmon_boot_ns();
    afmon_http_response_drop(&request->response);
    free(request->path);
    free(request);
    *context = NULL;
}

const char *afmon_http_path(const struct afmon_http_request *request)
{
    return request->path;
}

const char *afmon_http_segment(const struct afmon_http_request *request, size_t index)
{
    return index < request->match.segment_count ? request->match.segments[index] : NULL;
}

const char *afmon_http_parameter(const struct afmon_http_request *request, const char *name)
{
    const char *value = NULL;
    size_t length = 0;
    enum MHD_Result found =
        MHD_lookup_connection_value_n(request->mhd, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value, &length);
    return found == MHD_YES && value == NULL ? "" : value;
}

const char *afmon_http_header(const struct afmon_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

bool afmon_http_stopping(const struct afmon_http_request *request)
{
    return atomic_load(&request->server->stopping);
}
