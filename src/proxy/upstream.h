/* Connections to upstreams: made, handed out, kept for the next call. On the loop's thread. */
#ifndef AFMON_PROXY_UPSTREAM_H
#define AFMON_PROXY_UPSTREAM_H

#include <stdint.h>

#include "proxy/route.h"
#include "proxy/stream.h"

struct afmon_proxy_server;

/* Who has a connection. */
struct afmon_proxy_user {
    void (*ready)(void *user);                   /* it stands: write */
    void (*failed)(void *user, const char *why); /* it could not be made; it is gone */
    void (*data)(void *user, char *data, size_t length);
    void (*end)(void *user, int error);
    void (*drained)(void *user);
};

struct afmon_proxy_connection {
    struct afmon_proxy_stream stream;
    struct afmon_proxy_server *server;
    struct afmon_proxy_route *route;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    struct addrinfo *addresses;           /* all of them */
    struct addrinfo *next;                /* that was not tried yet */
    const struct afmon_proxy_user *calls; /* NULL: nobody has it */
    void *user;
    bool looking;     /* a name is being looked up */
    bool open;        /* the socket's handle is there */
    bool trying;      /* it is closed to try the next address */
    bool standing;    /* connected, and secure where it has to be */
    bool used;        /* it has carried a call before */
    char why[200];    /* the last failure */
    int64_t since_ms; /* of the connecting, or of being idle */
    struct afmon_proxy_connection *idle_next;
    struct afmon_proxy_connection *previous, *following; /* all of the server's */
};

/* Gives the user a connection: one that waits, and then it stands, or one that is being made. NULL: no memory. */
struct afmon_proxy_connection *afmon_proxy_upstream_get(struct afmon_proxy_server *server,
                                                        struct afmon_proxy_route *route,
                                                        const struct afmon_proxy_user *calls, void *user);

/* Gives it back: for the next call, or to be closed. */
void afmon_proxy_upstream_keep(struct afmon_proxy_connection *connection);
void afmon_proxy_upstream_drop(struct afmon_proxy_connection *connection);

/* Closes those that were idle, or not connected, for too long; all idle ones where `all`. */
void afmon_proxy_upstream_sweep(struct afmon_proxy_server *server, bool all);

#endif
