/* The dashboard's parts among themselves.
 *
 * Properties. One thread, the follower, looks for runs and reads what is new in those that somebody looks at; of a run
 * it makes one picture, in JSON, that every dashboard gets. The HTTP thread only hands pictures out, so it never waits
 * for a file. What nobody looks at costs nothing: then the follower sleeps until a request wakes it.
 * Operation. In a pass the follower takes the runs that are looked at (a stream is open, or was lately), each once a
 * second, and the overview in the same way. What is not read yet is read in pieces between them. Another thing that the
 * runs have to be followed for would have its attention and what is shown in the same way (attention.c).
 * Safety. `lock` guards the list of runs, and in them the members below "guarded". A run whose folder has gone is
 * marked so, and keeps its place until another needs it. The follower alone takes runs off the list, none that a
 * request holds (`holds`) or somebody looks at (`attention.streams`): a handler may use the run that it holds.
 */
#ifndef AFMON_SERVE_SERVE_H
#define AFMON_SERVE_SERVE_H

#include <pthread.h>
#include <stdatomic.h>

#include <afmon/afmon.h>

#include "http/http.h"
#include "meters/meters.h"
#include "prometheus/text.h"
#include "run/look.h"
#include "serve/picture.h"

#define AFMON_SERVE_RUNS_MAX 1000
#define AFMON_SERVE_METERED_MAX 32   /* runs whose figures a scrape gives */
#define AFMON_SERVE_METERS_MAX 10000 /* label sets in a scrape, of all runs together */
#define AFMON_SERVE_FORMATS 2        /* of a scrape */
#define AFMON_RUN_ID_SIZE 17
#define AFMON_SERVE_FRESH_NS INT64_C(1000000000) /* what is not older than that is given as it is */

/* Who looks at a run, or at the overview. Guarded. */
struct afmon_attention {
    size_t streams;   /* open, or answers that are waited for */
    int64_t begun_ns; /* boot time of the last begin of one, and of the last end */
    int64_t ended_ns;
};

/* What is handed out. Guarded. */
struct afmon_shown {
    struct afmon_blob *json;  /* NULL: not made yet */
    struct afmon_blob *event; /* the same as a server-sent event */
    uint64_t version;         /* another one when the text is another one */
    int64_t made_ns;          /* boot time since when it is true */
};

/* What Prometheus is given, in one format. Guarded. */
struct afmon_scrape {
    struct afmon_attention attention;
    struct afmon_shown shown;
};

/* What people call a run, as its log says. NULL: not known yet. */
struct afmon_serve_about {
    char *json;
    char *text; /* to be searched: the folder's name, the name, the note, KEY=VALUE of each tag, a line each */
};

struct afmon_served_run {
    char id[AFMON_RUN_ID_SIZE]; /* made of the folder's path, so a bookmark outlives the server */
    char *folder;
    char *name;
    /* the follower's own */
    size_t from;      /* number of the folder in which it was found */
    afmon_live *live; /* NULL: nobody looks */
    struct afmon_look look;
    int64_t look_due_ns;
    int64_t due_ns;      /* of the next reading */
    int64_t picture_ns;  /* when the picture was made */
    uint64_t revision;   /* of the follower at that time */
    double drawn_part;   /* of the run that was read then */
    uint64_t told_bytes; /* of the files, when the facts were complete */
    int64_t told_ns;
    bool told;                   /* the facts are those of the whole run */
    int64_t failed_ns;           /* when it could not be read */
    bool metered;                /* its figures are scraped */
    bool keeps_meters;           /* its follower was opened with meters */
    struct afmon_meters *meters; /* of a run that is closed again; NULL: none */
    uint64_t meters_bytes;       /* of the files that they are of */
    /* guarded */
    struct afmon_attention attention;
    struct afmon_run_facts_shown facts;
    struct afmon_serve_about about;
    struct afmon_shown shown;
    bool gone;
    size_t holds;                                    /* requests that use it */
    char problem[sizeof((afmon_error *)0)->message]; /* "": none */
};

/* A folder that was asked for. The follower's own. */
struct afmon_served_folder {
    char *path;
    int64_t modified_ns; /* when it was searched last */
    bool search_again;   /* something in it may become a run without a trace in its time */
    bool changed;        /* since the search before */
    size_t left_out;     /* of its runs, when it was searched last */
};

/* A run that is not on the list. */
struct afmon_found {
    char *folder;
    char id[AFMON_RUN_ID_SIZE];
    int64_t modified_ns;
    size_t from; /* number of the folder in which it was found */
};

struct afmon_server {
    struct afmon_http *http;
    struct afmon_served_folder *folders;
    size_t folder_count;
    bool texts; /* of items are given, where the data set is in one of the folders */
    pthread_t follower;
    bool following;
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t work; /* on the monotonic clock */
    bool nudged;         /* guarded: somebody has come */
    struct afmon_served_run *runs[AFMON_SERVE_RUNS_MAX];
    size_t run_count;
    size_t left_out;                                           /* runs that have no place */
    struct afmon_attention attention;                          /* guarded: of the overview */
    struct afmon_shown list;                                   /* guarded: of all runs */
    int64_t list_due_ns;                                       /* the follower's own */
    struct afmon_question *questions;                          /* guarded (ask.h) */
    struct afmon_scrape scrapes[AFMON_SERVE_FORMATS];          /* guarded; by afmon_prometheus_format */
    struct afmon_served_run *metered[AFMON_SERVE_METERED_MAX]; /* whose figures are scraped; the follower's own */
    size_t metered_count;
    size_t unmetered_count; /* runs that have no place there */
    int64_t started_ns;
};

/* find.c: adds the runs that the folders hold and that are not on the list. The follower's thread. */
void afmon_serve_find(struct afmon_server *server);
/* When something was written into a run last, as its main files tell; -1: the folder is no run. */
int64_t afmon_serve_run_time(const char *folder);

/* places.c: gives the runs a place, the newest first; sorts them. Where all places are taken, in those of runs that
 * have gone or are older, and that nobody uses. The follower's thread. */
void afmon_serve_place(struct afmon_server *server, struct afmon_found *found, size_t count);
void afmon_serve_free_run(struct afmon_server *server, struct afmon_served_run *run);
/* By its id; NULL: there is none. The follower's thread. */
struct afmon_served_run *afmon_serve_run(struct afmon_server *server, const char *id);
/* The same on any thread, to be released; NULL also where it has gone. */
struct afmon_served_run *afmon_serve_hold(struct afmon_server *server, const char *id);
void afmon_serve_release(struct afmon_server *server, struct afmon_served_run *run);
/* The one that the route's first star names, to be released; NULL after answering 404. */
struct afmon_served_run *afmon_serve_wanted(struct afmon_server *server, const struct afmon_http_request *,
                                            struct afmon_http_response *);

/* attention.c. Any thread. */
void afmon_serve_look_begins(struct afmon_server *server, struct afmon_attention *attention);
void afmon_serve_look_ends(struct afmon_server *server, struct afmon_attention *attention);
/* When somebody looked last; now where somebody looks. */
int64_t afmon_serve_looked_ns(struct afmon_server *server, const struct afmon_attention *attention, int64_t now_ns);
/* Somebody asked for it since it was made. */
bool afmon_serve_waited_for(struct afmon_server *server, const struct afmon_attention *attention,
                            const struct afmon_shown *shown);
/* Takes the text over; true where it is another one than before. event: its name in a stream; NULL: it has none. */
bool afmon_serve_show(struct afmon_server *server, struct afmon_shown *shown, const char *event,
                      struct afmon_buffer *text);
/* What is shown is true still. */
void afmon_serve_confirm(struct afmon_server *server, struct afmon_shown *shown);
/* Nothing is shown any more, until something is made. */
void afmon_serve_hide(struct afmon_server *server, struct afmon_shown *shown);

/* follow.c */
void *afmon_serve_follow(void *server);

/* reading.c: one run. The follower's thread. */
/* Reads what is new, and for budget_s of what is old; publishes what changed. True: there is more to be read at once.
 */
bool afmon_serve_read(struct afmon_server *server, struct afmon_served_run *run, double budget_s, bool picture);
/* Looks at the run's files, without reading them. */
void afmon_serve_look_at(struct afmon_server *server, struct afmon_served_run *run);
void afmon_serve_close_run(struct afmon_server *server, struct afmon_served_run *run);

/* metrics.c: what Prometheus scrapes. The follower's thread. */
/* True where somebody scraped lately. */
bool afmon_serve_is_scraped(struct afmon_server *server, int64_t now_ns);
/* Chooses the runs whose figures are given: those that are written into, then the latest. None where nobody scrapes. */
void afmon_serve_choose_metered(struct afmon_server *server, bool scraped);
/* True where all that the run holds was counted, and its follower may be closed. */
bool afmon_serve_has_meters(const struct afmon_served_run *run);
/* Before its follower is closed: what it has counted of a run that was read to its end is kept. */
void afmon_serve_keep_meters(struct afmon_served_run *run);
/* Makes the texts that somebody waits for. False: there was no memory for one. */
bool afmon_serve_publish_scrapes(struct afmon_server *server);

/* list.c: makes the list of all runs anew. */
void afmon_serve_publish_list(struct afmon_server *server);
/* The list of those runs in which each word of text stands. NULL: no memory. Any thread. */
struct afmon_blob *afmon_serve_search_list(struct afmon_server *server, const char *text);

/* about.c. False: no memory. */
bool afmon_serve_about_make(struct afmon_serve_about *about, const char *folder_name, const afmon_run_summary *summary);
void afmon_serve_about_free(struct afmon_serve_about *about);
/* True where each word of text stands in what is known of the run, capitals or not. */
bool afmon_serve_about_has(const struct afmon_served_run *run, const char *text);
/* Why the run, or a file of it, is not read; NULL: all is. */
const char *afmon_serve_problem(const struct afmon_served_run *run);

/* log.c: one line as an element of an array; of its message and of its data at most so many bytes. */
struct afmon_json;
void afmon_serve_log_line(struct afmon_json *json, const afmon_live_log_line *line, size_t most);

/* ask.c: the stretch of time that since_ms and until_ms name. False after answering what is wrong. */
bool afmon_serve_take_window(const struct afmon_http_request *, afmon_window *window, struct afmon_http_response *);

/* api.c, stream.c, log.c, items.c, download.c, ask.c: handlers. */
extern const struct afmon_http_route afmon_serve_routes[];
extern const size_t afmon_serve_route_count;
void afmon_serve_give_run(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_give_list(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_stream_run(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_stream_list(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_items(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_item(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_charts(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_series(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_log(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_export(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_report(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_metrics(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_give_scrape(void *server, const struct afmon_http_request *, struct afmon_http_response *);
void afmon_serve_asset(void *server, const struct afmon_http_request *, struct afmon_http_response *);

#endif
