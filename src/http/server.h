/* The server's parts among themselves. "HTTP thread" is the one of afmon_http_loop. */
#ifndef AFMON_HTTP_SERVER_H
#define AFMON_HTTP_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "lazy/http.h"

#include "http/http.h"
#include "http/origin.h"
#include "http/route.h"
#include "http/token.h"

#define AFMON_HTTP_BODY_MAX 4096                 /* of a request */
#define AFMON_HTTP_ANSWER_MAX ((size_t)64 << 20) /* of an answer in a buffer */
#define AFMON_HTTP_JOBS_MAX 16                   /* of a lane */
#define AFMON_HTTP_LANES 2
#define AFMON_HTTP_PER_ADDRESS 64 /* connections from one address that is not a loopback one */

/* A connection, from accept to close. HTTP thread only. */
struct afmon_connection {
    struct afmon_connection *previous;
    struct afmon_connection *next;
    struct MHD_Connection *mhd;
    int fd;
    struct sockaddr_storage address;
    int64_t idle_since_ns; /* where !busy: since when a whole request is waited for */
    bool busy;             /* a request is being answered */
    bool begun;            /* a request line has come, its request has not */
    bool ending;           /* was shut down by us */
    bool suspended;
    uint64_t requests;
    struct afmon_stream *stream; /* NULL: none */
};

struct afmon_connections {
    struct afmon_connection *first; /* newest */
    size_t count;
    size_t ending;
};

/* One request, from its header to the end of its answer. */
struct afmon_http_request {
    struct afmon_http *server;
    struct MHD_Connection *mhd;
    struct afmon_connection *connection;
    const char *method;
    char *path;
    struct afmon_http_match match;
    char body[AFMON_HTTP_BODY_MAX + 1]; /* NUL ended */
    size_t body_length;
    bool body_too_large;
    struct afmon_http_response response;
    enum { AFMON_REQUEST_READING, AFMON_REQUEST_WAITING, AFMON_REQUEST_ANSWERED } state;
    struct afmon_http_request *next_job;
};

/* Slow requests on their way to a thread and back. */
struct afmon_http_jobs {
    struct afmon_http *server;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
    bool started;
    bool stop;
    size_t waiting;
    struct afmon_http_request *first;
    struct afmon_http_request *last;
    struct afmon_http_request *done;
};

struct afmon_http {
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool started;
    int listener; /* until the daemon owns it, else -1 */
    int wake;     /* eventfd */
    atomic_bool stopping;
    char url[96];
    struct afmon_host_rules rules;
    char **host_names;
    struct afmon_token token;
    struct afmon_http_options options;
    struct afmon_connections connections;
    size_t stream_count;                           /* HTTP thread */
    struct afmon_http_jobs jobs[AFMON_HTTP_LANES]; /* what takes a moment, what takes long */
    pthread_mutex_t stats_lock;
    struct afmon_http_stats stats;
};

/* server.c */
void afmon_http_stop_listening(struct afmon_http *server);           /* server.c; the HTTP thread, at its end */
void afmon_http_count(struct afmon_http *server, uint64_t *counter); /* one of server->stats */

/* loop.c */
void *afmon_http_loop(void *server);

/* connection.c: callbacks of libmicrohttpd, and what the loop does once a second. */
enum MHD_Result afmon_http_admit(void *server, const struct sockaddr *address, socklen_t length);
void afmon_http_connection_changed(void *server, struct MHD_Connection *mhd, void **context,
                                   enum MHD_ConnectionNotificationCode code);
void *afmon_http_request_begins(void *server, const char *uri, struct MHD_Connection *mhd);
void afmon_http_sweep(struct afmon_http *server, int64_t now_ns);
/* libmicrohttpd leaves it alone until it is resumed; both do nothing where it is so already. */
void afmon_connection_suspend(struct afmon_connection *connection);
void afmon_connection_resume(struct afmon_connection *connection);

/* request.c */
enum MHD_Result afmon_http_on_request(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                                      const char *version, const char *upload, size_t *upload_size, void **context);
void afmon_http_request_over(void *server, struct MHD_Connection *mhd, void **context,
                             enum MHD_RequestTerminationCode code);

/* guard.c: answers in place of the handler where a request may not have it. True: it did. */
bool afmon_http_guard(struct afmon_http_request *request, struct afmon_http_response *response);
/* POST /login: the token against a cookie. */
void afmon_http_login(struct afmon_http_request *request, struct afmon_http_response *response);
bool afmon_http_is_login(const struct afmon_http_request *request);

/* response.c */
void afmon_http_response_init(struct afmon_http_response *response);
void afmon_http_response_drop(struct afmon_http_response *response);
enum MHD_Result afmon_http_send(struct afmon_http_request *request);

/* stream.c */
/* Takes the source over. NULL: no memory. */
struct MHD_Response *afmon_stream_response(struct afmon_http_request *request);
void afmon_stream_wake(struct afmon_stream *stream);
/* True where the client has taken nothing for longer than limit_ns. */
bool afmon_stream_stalled(const struct afmon_stream *stream, int64_t now_ns, int64_t limit_ns);

/* jobs.c */
void afmon_http_jobs_init(struct afmon_http *server);
void afmon_http_jobs_destroy(struct afmon_http *server);
afmon_status afmon_http_jobs_start(struct afmon_http *server, afmon_error *error);
void afmon_http_jobs_stop(struct afmon_http *server);
/* False: too many wait. */
bool afmon_http_jobs_add(struct afmon_http *server, struct afmon_http_request *request);
/* Resumes the connections of those that are done. HTTP thread. */
void afmon_http_jobs_collect(struct afmon_http *server);

#endif
