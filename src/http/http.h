/* A small HTTP server over libmicrohttpd: what the dashboard and the metrics listener of a monitor have in common.
 *
 * Properties. One thread does all of HTTP: it waits on one epoll descriptor, and calls the handlers. Two more call the
 * handlers of slow routes, one those that take a moment and one those that take long, each one after the other, while
 * their connections are suspended. Streams are suspended connections too: a client that does not read costs its buffer
 * and nothing else. All signals are blocked in these threads.
 *
 * Operation. Routes are a table that is fixed at the start. A request is refused before any handler sees it where its
 * Host or Origin is not ours (DNS rebinding, other sites' scripts), where a token is asked for and not given, where
 * its method or size is not the route's. Connections are limited; when all are taken, the one that has idled longest
 * gives its place to a new one. A connection that does not get a whole request out in time is closed.
 *
 * Safety. afmon_http_wake and the functions on blobs: any thread. All others: the thread that started the server, or
 * where it says so the handler. */
#ifndef AFMON_HTTP_HTTP_H
#define AFMON_HTTP_HTTP_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "http/blob.h"

struct afmon_http;         /* a running server */
struct afmon_http_request; /* one request; valid in the call of its handler */

enum { AFMON_HTTP_GET = 1, AFMON_HTTP_POST = 2 }; /* GET includes HEAD */

/* What a stream asks for what there is to send. */
struct afmon_http_source {
    /* The next piece, a reference of the caller's; NULL: nothing is new, sleep until afmon_http_wake. *end ends the
     * stream (after the piece). Called on the HTTP thread, only when everything before has been taken by the client:
     * a slow client is not given what it missed piece by piece, unless the source wants so. */
    struct afmon_blob *(*next)(void *state, bool *end);
    void (*close)(void *state); /* called once, when the stream is over or was never begun */
    void *state;
};

/* What a handler answers. Before the call: status 200, an empty body, nothing else. One of body, blob, fd and source is
 * used, the last of them that is set. The server takes all of it over. */
struct afmon_http_response {
    unsigned status;
    const char *content_type; /* static text; NULL: application/json */
    struct afmon_buffer body; /* capped at 64 MiB */
    struct afmon_blob *blob;  /* bytes that several answers share */
    int fd;                   /* -1; a file, sent from its beginning; the server closes it */
    struct afmon_http_source source;
    const char *policy;     /* static text: Content-Security-Policy; NULL: that of the dashboard's own pages */
    const char *etag;       /* static text with its quotes: the answer may be kept and asked for again by it */
    char location[256];     /* for a redirection */
    char attachment[128];   /* name of the file that a browser saves; plain ASCII without quotes */
    unsigned retry_after_s; /* 0: not said */
    const char *set_cookie; /* the server's own: value of the cookie that stands for the token */
    bool authenticate;      /* the server's own: says which kind of token a 401 asks for */
};

typedef void (*afmon_http_handler)(void *user, const struct afmon_http_request *request,
                                   struct afmon_http_response *response);

enum {
    AFMON_HTTP_SLOW = 1, /* called on a thread of its own; at most 16 wait for it, further ones are answered 503 */
    AFMON_HTTP_OPEN = 2, /* needs no token: the login page and what it looks like */
    AFMON_HTTP_PAGE = 4, /* asked for by people: without a token they are sent to /login */
    AFMON_HTTP_LONG =
        8, /* as SLOW, on the other thread: it may take minutes, and must not hold up what takes moments */
};

struct afmon_http_route {
    const char *path; /* "/api/v1/runs/" "*" "/log": a star is one segment, not empty */
    afmon_http_handler handler;
    unsigned methods;
    unsigned flags;
};

struct afmon_http_options {
    const char *listen;            /* "127.0.0.1:8765", "[::1]:0", "localhost:8765", ":8765" (this machine) */
    const char *token_file;        /* NULL: no token, and then only loopback addresses */
    const char *const *host_names; /* names that a Host header may have besides those of the address */
    size_t host_name_count;
    const struct afmon_http_route *routes; /* kept, not copied */
    size_t route_count;
    void *user;               /* given to every handler */
    size_t max_connections;   /* 0: 512 */
    size_t max_streams;       /* 0: 128 */
    double request_timeout_s; /* a whole request must have come by then; 0: 15 */
    double stall_timeout_s;   /* a client that takes nothing for so long is gone; 0: 30 */
};

/* Counted since the start, but for the first two. */
struct afmon_http_stats {
    uint64_t connections; /* now */
    uint64_t streams;     /* now */
    uint64_t connections_accepted;
    uint64_t connections_refused; /* all were busy, or too many from one address */
    uint64_t connections_dropped; /* idle ones that gave their place to a new one */
    uint64_t connections_timed_out;
    uint64_t requests;
    uint64_t malformed; /* no HTTP request, or ended before it was one */
    uint64_t refused_host;
    uint64_t refused_origin;
    uint64_t refused_token; /* no token, or a wrong one */
    uint64_t refused_method;
    uint64_t refused_size;
    uint64_t not_found;
    uint64_t refused_busy;    /* too many streams or slow requests at a time */
    uint64_t streams_stalled; /* closed because their clients took nothing */
};

/* Opens the socket and starts the threads. Errors name the address and say what to do (in use, not loopback ...). */
afmon_status afmon_http_start(const struct afmon_http_options *options, struct afmon_http **server, afmon_error *error);

/* Where it listens, for a browser: "http://127.0.0.1:8765". Owned by the server. */
const char *afmon_http_url(const struct afmon_http *server);

/* There is news: every sleeping stream's source is asked again. Any thread. */
void afmon_http_wake(struct afmon_http *server);

/* Any thread. */
void afmon_http_get_stats(struct afmon_http *server, struct afmon_http_stats *stats);

/* Ends all connections and the threads, and frees the server. A slow handler that is under way is waited for; it may
 * look at afmon_http_stopping. NULL is fine. */
void afmon_http_stop(struct afmon_http *server);

/* In a forked child, of its parent's server: closes the child's copies of what it listens with, so that the address is
 * not taken any more when the parent has ended. The server is not to be used after that. NULL is fine. */
void afmon_http_abandon(struct afmon_http *server);

/* ---- For handlers ---------------------------------------------------------------------------------------------- */

/* The decoded path; the i-th segment that a star of the route stood for (NULL past the last). */
const char *afmon_http_path(const struct afmon_http_request *request);
const char *afmon_http_segment(const struct afmon_http_request *request, size_t index);

/* A parameter of the query, decoded; NULL where it is not given. An empty one is "". */
const char *afmon_http_parameter(const struct afmon_http_request *request, const char *name);

/* A header of the request; NULL where it is not given. */
const char *afmon_http_header(const struct afmon_http_request *request, const char *name);

/* True where the server is to stop. Any thread. */
bool afmon_http_stopping(const struct afmon_http_request *request);

/* Answers with an error: {"error": {"status": 404, "message": "..."}}. */
__attribute__((format(printf, 3, 4))) void afmon_http_fail(struct afmon_http_response *response, unsigned status,
                                                           const char *format, ...);

#endif
