/* The dashboard's parts among themselves.
 *
 * Properties. One thread, the follower, looks for runs and reads those that have grown; it makes one picture of a run,
 * in JSON, that every dashboard gets. The HTTP thread only hands pictures out, so it never waits for a file.
 * Operation. A run that has grown is read again at the earliest when ten times what the last reading took is over: the
 * follower takes a tenth of a core at most, however long the run.
 * Safety. `lock` guards the list of runs, and in them the members below "guarded". Runs are never taken off the list.
 */
#ifndef AFMON_SERVE_SERVE_H
#define AFMON_SERVE_SERVE_H

#include <pthread.h>
#include <stdatomic.h>

#include <afmon/afmon.h>

#include "http/http.h"
#include "serve/picture.h"

#define AFMON_SERVE_RUNS_MAX 1000
#define AFMON_RUN_ID_SIZE 17

struct afmon_served_run {
    char id[AFMON_RUN_ID_SIZE]; /* made of the folder's path, so a bookmark outlives the server */
    char *folder;
    char *name;
    /* the follower's own */
    uint64_t size; /* of its files when it was read last */
    int64_t due_ns;
    int64_t alive_due_ns;
    bool read;
    /* guarded */
    struct afmon_picture_head head;
    struct afmon_blob *picture; /* NULL: not read yet */
    struct afmon_blob *event;   /* the same as a server-sent event */
    uint64_t version;
    double loaded;                                   /* while it is read for the first time: 0..1 */
    char problem[sizeof((afmon_error *)0)->message]; /* "": none */
};

struct afmon_server {
    struct afmon_http *http;
    char **folders; /* that were asked for */
    size_t folder_count;
    pthread_t follower;
    bool following;
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    struct afmon_served_run *runs[AFMON_SERVE_RUNS_MAX];
    size_t run_count;
    struct afmon_blob *list; /* of all runs */
    struct afmon_blob *list_event;
    uint64_t list_version;
    int64_t started_ns;
};

/* find.c: adds the runs that the folders hold and that are not on the list. True: there are new ones. */
bool afmon_serve_find(struct afmon_server *server);
/* By its id; NULL: there is none. Any thread. */
struct afmon_served_run *afmon_serve_run(struct afmon_server *server, const char *id);

/* follow.c */
void *afmon_serve_follow(void *server);

/* list.c: makes the list of all runs anew. */
void afmon_serve_publish_list(struct afmon_server *server);
/* Wraps JSON as a server-sent event. NULL: no memory. */
struct afmon_blob *afmon_serve_event(const char *name, const struct afmon_blob *json);

struct afmon_json;
/* log.c: one line as an element of an array. */
void afmon_serve_log_line(struct afmon_json *json, const afmon_live_log_line *line);

/* api.c, stream.c, log.c, download.c: handlers. */
extern const struct afmon_http_route afmon_serve_routes[];
extern const size_t afmon_serve_route_count;
void afmon_serve_stream_run(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_stream_list(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_log(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_export(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_report(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_metrics(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_asset(void *server, const struct afmon_http_request *, struct afmon_http_response *);
/* The run that the route's star names; NULL after answering 404. */
struct afmon_served_run *afmon_serve_wanted(struct afmon_server *server, const struct afmon_http_request *,
                                            struct afmon_http_response *);

#endif
