#include "proxy/upstream.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/server.h"

/* Servers end idle connections after 5 s or more: shorter, a call rarely meets one that is just being ended. */
enum { IDLE_MS = 4000, CONNECT_MS = 10000 };

static void try_next(struct afmon_proxy_connection *connection);

static struct afmon_proxy_connection *connection_of(struct afmon_proxy_stream *stream)
{
    return (struct afmon_proxy_connection *)((char *)stream - offsetof(struct afmon_proxy_connection, stream));
}

/* ---- Its life ---------------------------------------------------------------------------------------------------- */

static void link_in(struct afmon_proxy_connection *connection)
{
    struct afmon_proxy_connection **first = &connection->server->connections;
    connection->following = *first;
    if (*first != NULL)
        (*first)->previous = connection;
    *first = connection;
}

static void release(struct afmon_proxy_connection *connection)
{
    if (connection->open || connection->looking)
        return; /* their callbacks come, and then this again */
    if (connection->previous != NULL)
        connection->previous->following = connection->following;
    else
        connection->server->connections = connection->following;
    if (connection->following != NULL)
        connection->following->previous = connection->previous;
    if (connection->addresses != NULL)
        uv_freeaddrinfo(connection->addresses);
    free(connection);
}

static void fail(struct afmon_proxy_connection *connection)
{
    const struct afmon_proxy_user *calls = connection->calls;
    connection->calls = NULL;
    if (calls != NULL)
        calls->failed(connection->user, connection->why);
    if (connection->open)
        afmon_proxy_stream_close(&connection->stream, false);
    else
        release(connection);
}

static void stand(struct afmon_proxy_connection *connection)
{
    connection->standing = true;
    afmon_proxy_stream_read(&connection->stream);
    if (connection->calls != NULL)
        connection->calls->ready(connection->user);
}

/* ---- What the stream tells --------------------------------------------------------------------------------------- */

static void on_secure(struct afmon_proxy_stream *stream)
{
    stand(connection_of(stream));
}

static void on_data(struct afmon_proxy_stream *stream, char *data, size_t length)
{
    struct afmon_proxy_connection *connection = connection_of(stream);
    if (connection->calls != NULL)
        connection->calls->data(connection->user, data, length);
    else
        afmon_proxy_upstream_drop(connection); /* nobody asked it anything */
}

static void on_end(struct afmon_proxy_stream *stream, int error)
{
    struct afmon_proxy_connection *connection = connection_of(stream);
    if (connection->calls == NULL) {
        afmon_proxy_upstream_drop(connection);
    } else if (connection->standing) {
        connection->calls->end(connection->user, error);
    } else {
        afmon_proxy_tls_why(stream->tls, connection->why, sizeof connection->why);
        fail(connection);
    }
}

static void on_drained(struct afmon_proxy_stream *stream)
{
    struct afmon_proxy_connection *connection = connection_of(stream);
    if (connection->calls != NULL && connection->standing)
        connection->calls->drained(connection->user);
}

static void on_closed(struct afmon_proxy_stream *stream)
{
    struct afmon_proxy_connection *connection = connection_of(stream);
    connection->open = false;
    if (connection->trying && connection->calls != NULL)
        try_next(connection);
    else
        release(connection);
}

static const struct afmon_proxy_stream_calls calls_of_streams = {on_secure, on_data, on_end, on_drained, on_closed};

/* ---- Connecting -------------------------------------------------------------------------------------------------- */

static void say(struct afmon_proxy_connection *connection, int failure)
{
    snprintf(connection->why, sizeof connection->why, "cannot connect: %s", uv_strerror(failure));
}

static void secure(struct afmon_proxy_connection *connection)
{
    struct afmon_proxy_server *server = connection->server;
    if (server->tls == NULL) /* a proxy that needs no certificates does not read them */
        server->tls = afmon_proxy_tls_context_new();
    struct afmon_proxy_tls *tls =
        server->tls != NULL ? afmon_proxy_tls_new(server->tls, connection->route->host) : NULL;
    if (tls == NULL) {
        say(connection, UV_ENOMEM);
        fail(connection);
        return;
    }
    afmon_proxy_stream_secure(&connection->stream, tls);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct afmon_proxy_connection *connection = request->data;
    if (connection->stream.closing)
        return;
    if (status < 0) {
        say(connection, status);
        connection->trying = true;
        afmon_proxy_stream_close(&connection->stream, false);
        return;
    }
    afmon_proxy_stream_tune(&connection->stream);
    if (connection->route->tls)
        secure(connection);
    else
        stand(connection);
}

/* Connects to the next address. */
static void try_next(struct afmon_proxy_connection *connection)
{
    connection->trying = false;
    if (connection->next == NULL) {
        fail(connection);
        return;
    }
    struct addrinfo *address = connection->next;
    connection->next = address->ai_next;
    int failure = afmon_proxy_stream_init(&connection->stream, &connection->server->loop, connection->server->buffers,
                                          &calls_of_streams);
    connection->open = failure == 0;
    connection->connect.data = connection;
    if (failure == 0)
        failure = uv_tcp_connect(&connection->connect, &connection->stream.tcp, address->ai_addr, on_connected);
    if (failure == 0)
        return;
    say(connection, failure);
    connection->trying = connection->open;
    if (connection->open)
        afmon_proxy_stream_close(&connection->stream, false);
    else
        fail(connection);
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct afmon_proxy_connection *connection = request->data;
    connection->looking = false;
    connection->addresses = found;
    connection->next = found;
    if (connection->calls == NULL) {
        release(connection);
    } else if (status < 0) {
        snprintf(connection->why, sizeof connection->why, "its name is not found: %s", uv_strerror(status));
        fail(connection);
    } else {
        try_next(connection);
    }
}

static struct afmon_proxy_connection *connect_new(struct afmon_proxy_server *server, struct afmon_proxy_route *route,
                                                  const struct afmon_proxy_user *calls, void *user)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct afmon_proxy_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->server = server;
    connection->route = route;
    connection->calls = calls;
    connection->user = user;
    connection->since_ms = (int64_t)uv_now(&server->loop);
    connection->lookup.data = connection;
    if (uv_getaddrinfo(&server->loop, &connection->lookup, on_found, route->host, route->port, &hints) != 0) {
        free(connection);
        return NULL;
    }
    connection->looking = true;
    link_in(connection);
    return connection;
}

/* ---- The pool ---------------------------------------------------------------------------------------------------- */

struct afmon_proxy_connection *afmon_proxy_upstream_get(struct afmon_proxy_server *server,
                                                        struct afmon_proxy_route *route,
                                                        const struct afmon_proxy_user *calls, void *user)
{
    struct afmon_proxy_connection *connection = route->idle;
    if (connection == NULL)
        return connect_new(server, route, calls, user);
    route->idle = connection->idle_next;
    connection->calls = calls;
    connection->user = user;
    connection->used = true;
    return connection;
}

static void unlink_idle(struct afmon_proxy_connection *connection)
{
    struct afmon_proxy_connection **at = &connection->route->idle;
    while (*at != NULL && *at != connection)
        at = &(*at)->idle_next;
    if (*at != NULL)
        *at = connection->idle_next;
}

void afmon_proxy_upstream_keep(struct afmon_proxy_connection *connection)
{
    connection->calls = NULL;
    connection->since_ms = (int64_t)uv_now(&connection->server->loop);
    connection->idle_next = connection->route->idle;
    connection->route->idle = connection;
    afmon_proxy_stream_read(&connection->stream); /* to see it end */
}

void afmon_proxy_upstream_drop(struct afmon_proxy_connection *connection)
{
    connection->calls = NULL;
    connection->trying = false;
    unlink_idle(connection);
    if (connection->looking)
        (void)uv_cancel((uv_req_t *)&connection->lookup);
    if (connection->open)
        afmon_proxy_stream_close(&connection->stream, false);
}

void afmon_proxy_upstream_sweep(struct afmon_proxy_server *server, bool all)
{
    int64_t now = (int64_t)uv_now(&server->loop);
    for (struct afmon_proxy_connection *c = server->connections, *following; c != NULL; c = following) {
        following = c->following;
        if (c->calls == NULL && c->standing && (all || now - c->since_ms > IDLE_MS)) {
            afmon_proxy_upstream_drop(c);
        } else if (c->calls != NULL && !c->standing && now - c->since_ms > CONNECT_MS) {
            snprintf(c->why, sizeof c->why, "cannot connect: it took longer than %d s", CONNECT_MS / 1000);
            const struct afmon_proxy_user *calls = c->calls;
            c->calls = NULL;
            calls->failed(c->user, c->why);
            afmon_proxy_upstream_drop(c);
        }
    }
}
