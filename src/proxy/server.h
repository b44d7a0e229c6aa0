/* What the parts of a proxy share. On the loop's thread, but for what proxy.c says. */
#ifndef AFMON_PROXY_SERVER_H
#define AFMON_PROXY_SERVER_H

#include <pthread.h>

#include <uv.h>

#include "proxy/record.h"
#include "proxy/route.h"
#include "proxy/stream.h"
#include "proxy/upstream.h"

enum { AFMON_PROXY_CLIENTS_MAX = 8192, AFMON_PROXY_TOKEN_MAX = 256 };

struct afmon_proxy_client;

struct afmon_proxy_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t timer;
    uv_async_t stop;
    struct afmon_proxy_tls_context *tls; /* NULL until an upstream wants it */
    struct afmon_proxy_buffers *buffers;
    struct afmon_proxy_recorder *recorder;
    struct afmon_proxy_route routes[AFMON_PROXY_ROUTES_MAX];
    size_t route_count;
    struct afmon_proxy_connection *connections; /* to upstreams */
    struct afmon_proxy_client *clients;
    size_t client_count;
    size_t busy;  /* of them: those with a call */
    bool answers; /* /healthz and /metrics are the proxy's own */
    uint64_t next_client;
    _Atomic uint64_t refused;
    bool limited; /* the run has a limit of what it may cost */
    afmon_monitor *monitor;
    uv_timer_t retry; /* while calls wait for money */
    struct afmon_proxy_client *first_waiting, *last_waiting;
    size_t held; /* bytes of bodies, of all clients */
    uint64_t warned;
    _Atomic uint64_t at_limit, unbounded; /* refused: of `refused` */
    char token[AFMON_PROXY_TOKEN_MAX];    /* "": none is asked for */
    bool local;                           /* only this machine can reach it: Host must name this machine */
    bool stopping;
    int64_t stop_by_ms;
};

/* Takes a connection that waits on the listener. */
void afmon_proxy_client_accept(struct afmon_proxy_server *server);

/* Ends clients that are too slow or idle for too long; while the proxy stops, those without a call, and all of them
 * once its time is over. */
void afmon_proxy_clients_sweep(struct afmon_proxy_server *server);

#endif
