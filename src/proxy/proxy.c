#include "proxy/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loopback.h"
#include "base/status.h"
#include "base/thread.h"
#include "proxy/server.h"

enum { TICK_MS = 1000, STOPPING_TICK_MS = 20, BACKLOG = 512 };

struct afmon_proxy {
    struct afmon_proxy_server server;
    pthread_t thread;
    char address[64];
    double patience_s;
};

/* ---- The loop's thread ------------------------------------------------------------------------------------------- */

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        afmon_proxy_client_accept(listener->data);
}

static void on_tick(uv_timer_t *timer)
{
    struct afmon_proxy_server *server = timer->data;
    afmon_proxy_clients_sweep(server);
    afmon_proxy_upstream_sweep(server, server->stopping);
    if (server->stopping && server->clients == NULL && server->connections == NULL)
        uv_close((uv_handle_t *)timer, NULL); /* the last one: the loop ends */
}

static void on_stop(uv_async_t *async)
{
    struct afmon_proxy_server *server = async->data;
    struct afmon_proxy *proxy = (struct afmon_proxy *)((char *)server - offsetof(struct afmon_proxy, server));
    server->stopping = true;
    server->stop_by_ms = (int64_t)uv_now(&server->loop) + (int64_t)(proxy->patience_s * 1000);
    uv_close((uv_handle_t *)&server->listener, NULL);
    uv_close((uv_handle_t *)async, NULL);
    uv_timer_start(&server->timer, on_tick, 0, STOPPING_TICK_MS);
}

static void *run_loop(void *user)
{
    struct afmon_proxy_server *server = user;
    uv_run(&server->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* ---- Addresses --------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:0", "[::1]:80", ":80". */
static bool read_address(const char *text, struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN + 2] = "127.0.0.1";
    const char *colon = strrchr(text, ':');
    char *end;
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 65536;
    if (port > 65535 || colon[1] < '0' || colon[1] > '9' || *end != '\0' || length >= sizeof host)
        return false;
    if (length > 0)
        snprintf(host, sizeof host, "%.*s", (int)length, text);
    if (host[0] == '[' && length > 2 && host[length - 1] == ']') {
        host[length - 1] = '\0';
        return uv_ip6_addr(host + 1, (int)port, (struct sockaddr_in6 *)address) == 0;
    }
    return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)address) == 0;
}

static void write_address(struct afmon_proxy *proxy)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    char name[INET6_ADDRSTRLEN] = "";
    uv_tcp_getsockname(&proxy->server.listener, (struct sockaddr *)&address, &length);
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
        uv_ip6_name(in6, name, sizeof name);
        snprintf(proxy->address, sizeof proxy->address, "[%s]:%d", name, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
        uv_ip4_name(in, name, sizeof name);
        snprintf(proxy->address, sizeof proxy->address, "%s:%d", name, ntohs(in->sin_port));
    }
}

static afmon_status check_address(const afmon_proxy_options *options, struct sockaddr_storage *address,
                                  struct afmon_proxy_server *server, afmon_error *error)
{
    if (!read_address(options->listen, address))
        return afmon_fail(error, AFMON_E_ARGUMENT, "'%s' is no address to listen on; give 127.0.0.1:8080 or [::1]:8080",
                          options->listen);
    server->local = afmon_is_loopback((const struct sockaddr *)address);
    if (!server->local && (options->token == NULL || options->token[0] == '\0'))
        return afmon_fail(error, AFMON_E_ARGUMENT,
                          "'%s' can be reached from other machines: that needs a token, or listen on 127.0.0.1",
                          options->listen);
    if (options->token != NULL && strlen(options->token) >= sizeof server->token)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the token is longer than %zu bytes", sizeof server->token - 1);
    snprintf(server->token, sizeof server->token, "%s", options->token != NULL ? options->token : "");
    return AFMON_OK;
}

/* ---- Starting ---------------------------------------------------------------------------------------------------- */

static afmon_status take_targets(struct afmon_proxy_server *server, const afmon_proxy_options *options,
                                 afmon_error *error)
{
    static const enum afmon_proxy_provider providers[] = {
        [AFMON_PROXY_CALLS_ALL] = AFMON_PROXY_ANY,
        [AFMON_PROXY_CALLS_OPENAI] = AFMON_PROXY_OPENAI,
        [AFMON_PROXY_CALLS_ANTHROPIC] = AFMON_PROXY_ANTHROPIC,
        [AFMON_PROXY_CALLS_GOOGLE] = AFMON_PROXY_GOOGLE,
        [AFMON_PROXY_CALLS_OLLAMA] = AFMON_PROXY_OLLAMA,
    };
    if (options->target_count > AFMON_PROXY_ROUTES_MAX)
        return afmon_fail(error, AFMON_E_ARGUMENT, "there are more than %d upstreams", AFMON_PROXY_ROUTES_MAX);
    for (size_t i = 0; i < options->target_count; i++) {
        const afmon_proxy_target *target = &options->targets[i];
        struct afmon_proxy_route *route = &server->routes[server->route_count];
        const char *wrong = afmon_proxy_route_parse(route, target->prefix, target->url);
        if (wrong != NULL)
            return afmon_fail(error, AFMON_E_ARGUMENT, "the upstream '%s': %s", target->url, wrong);
        for (size_t k = 0; k < server->route_count; k++)
            if (strcmp(server->routes[k].prefix, route->prefix) == 0)
                return afmon_fail(error, AFMON_E_ARGUMENT, "two upstreams have the prefix '%s'", route->prefix);
        route->provider = providers[target->also];
        server->route_count++;
    }
    return AFMON_OK;
}

static afmon_status listen_at(struct afmon_proxy_server *server, const struct sockaddr_storage *address,
                              const char *text, afmon_error *error)
{
    int failure = uv_tcp_init(&server->loop, &server->listener);
    if (failure == 0)
        failure = uv_tcp_bind(&server->listener, (const struct sockaddr *)address, 0);
    if (failure == 0)
        failure = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (failure != 0)
        return afmon_fail(error, AFMON_E_SYSTEM, "cannot listen on %s: %s", text, uv_strerror(failure));
    server->listener.data = server;
    server->timer.data = server;
    server->retry.data = server;
    server->stop.data = server;
    uv_timer_init(&server->loop, &server->timer);
    uv_timer_init(&server->loop, &server->retry);
    uv_async_init(&server->loop, &server->stop, on_stop);
    uv_timer_start(&server->timer, on_tick, TICK_MS, TICK_MS);
    return AFMON_OK;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void free_proxy(struct afmon_proxy *proxy)
{
    struct afmon_proxy_server *server = &proxy->server;
    uv_walk(&server->loop, close_handle, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&server->loop);
    afmon_proxy_recorder_free(server->recorder);
    afmon_proxy_tls_context_free(server->tls);
    if (server->buffers != NULL)
        explicit_bzero(server->buffers, sizeof *server->buffers);
    free(server->buffers);
    explicit_bzero(server->token, sizeof server->token);
    free(proxy);
}

static afmon_status start(struct afmon_proxy *proxy, const afmon_proxy_options *options, afmon_error *error)
{
    struct afmon_proxy_server *server = &proxy->server;
    struct sockaddr_storage address = {0};
    afmon_status status = check_address(options, &address, server, error);
    if (status == AFMON_OK)
        status = take_targets(server, options, error);
    if (status == AFMON_OK)
        status = listen_at(server, &address, options->listen, error);
    if (status != AFMON_OK)
        return status;
    write_address(proxy);
    server->limited = options->limited;
    server->answers = options->answers;
    server->monitor = options->monitor;
    server->buffers = calloc(1, sizeof *server->buffers);
    if (server->buffers == NULL)
        return afmon_fail_memory(error);
    server->recorder = afmon_proxy_recorder_new(options, error);
    if (server->recorder == NULL)
        return error->status;
    int failure = afmon_thread_start(&proxy->thread, "afmon-proxy", run_loop, server);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "a thread of the proxy cannot be started");
}

static afmon_proxy *proxy_start(const afmon_proxy_options *options, afmon_error *error)
{
    struct afmon_proxy *proxy = calloc(1, sizeof *proxy);
    if (proxy == NULL || uv_loop_init(&proxy->server.loop) != 0) {
        free(proxy);
        afmon_fail_memory(error);
        return NULL;
    }
    if (start(proxy, options, error) == AFMON_OK)
        return proxy;
    free_proxy(proxy);
    return NULL;
}

/* ---- While it runs, and the end ---------------------------------------------------------------------------------- */

static const char *proxy_address(const afmon_proxy *proxy)
{
    return proxy->address;
}

static afmon_proxy_counts proxy_counts(afmon_proxy *proxy)
{
    afmon_proxy_counts counts = afmon_proxy_recorder_counts(proxy->server.recorder);
    counts.refused = proxy->server.refused;
    counts.at_limit = proxy->server.at_limit;
    counts.unbounded = proxy->server.unbounded;
    return counts;
}

static afmon_proxy_counts proxy_stop(afmon_proxy *proxy, double patience_s)
{
    proxy->patience_s = patience_s;
    uv_async_send(&proxy->server.stop);
    pthread_join(proxy->thread, NULL);
    afmon_proxy_recorder_finish(proxy->server.recorder);
    afmon_proxy_counts counts = proxy_counts(proxy);
    free_proxy(proxy);
    return counts;
}

/* Exported: who opens the module looks it up by this name. */
__attribute__((visibility("default"))) extern const afmon_proxy_module_t afmon_proxy_module;
const afmon_proxy_module_t afmon_proxy_module = {proxy_start, proxy_address, proxy_counts, proxy_stop};
