/* What the follower makes, handed out: once, or as server-sent events whenever there is another one. A client that is
 * slow gets fewer, never old ones. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scrape.h"
#include "serve/serve.h"

/* Something is sent at least so often: else a client that is gone is not noticed. */
#define BEAT_NS (15 * AFMON_NS_PER_S)

struct listener {
    struct afmon_server *server;
    struct afmon_attention *attention;
    const struct afmon_shown *shown; /* of the same run, or of the overview */
    uint64_t version;                /* that it has */
    int64_t since_ns;                /* when it was sent something; of one answer: when it was asked for */
    char *search;                    /* of the list: words of the runs that are wanted; NULL: all */
};

static struct afmon_blob *beat(void)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, 16);
    afmon_buffer_add_text(&text, ": \n\n");
    return afmon_blob_from(&text);
}

static struct afmon_blob *next_event(void *state, bool *end)
{
    struct listener *listener = state;
    struct afmon_blob *piece = NULL;
    (void)end;
    pthread_mutex_lock(&listener->server->lock);
    if (listener->shown->version != listener->version)
        piece = afmon_blob_keep(listener->shown->event);
    if (piece != NULL)
        listener->version = listener->shown->version;
    pthread_mutex_unlock(&listener->server->lock);
    int64_t now_ns = afmon_boot_ns();
    if (piece == NULL && now_ns - listener->since_ns > BEAT_NS)
        piece = beat();
    if (piece != NULL)
        listener->since_ns = now_ns;
    return piece;
}

/* The answer, once there is one that is not older than the question, or hardly. */
static struct afmon_blob *next_answer(void *state, bool *end)
{
    struct listener *listener = state;
    struct afmon_blob *piece = NULL;
    pthread_mutex_lock(&listener->server->lock);
    if (listener->shown->made_ns >= listener->since_ns - AFMON_SERVE_FRESH_NS)
        piece = afmon_blob_keep(listener->shown->json);
    pthread_mutex_unlock(&listener->server->lock);
    *end = piece != NULL;
    return piece;
}

/* As next_answer, of the runs that are searched for. */
static struct afmon_blob *next_search(void *state, bool *end)
{
    struct listener *listener = state;
    struct afmon_blob *whole = next_answer(state, end);
    struct afmon_blob *found = whole != NULL ? afmon_serve_search_list(listener->server, listener->search) : NULL;
    afmon_blob_drop(whole);
    *end = found != NULL;
    return found;
}

static void end_listening(void *state)
{
    struct listener *listener = state;
    afmon_serve_look_ends(listener->server, listener->attention);
    free(listener->search);
    free(listener);
}

static void begin(struct listener given, struct afmon_blob *(*next)(void *state, bool *end),
                  struct afmon_http_response *response)
{
    struct listener *listener = malloc(sizeof *listener);
    if (listener == NULL) {
        free(given.search);
        afmon_http_fail(response, 500, "out of memory");
        return;
    }
    *listener = given;
    listener->since_ns = afmon_boot_ns();
    afmon_serve_look_begins(given.server, given.attention);
    response->source = (struct afmon_http_source){next, end_listening, listener};
}

void afmon_serve_give_run(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    begin((struct listener){.server = user, .attention = &run->attention, .shown = &run->shown}, next_answer, response);
    afmon_serve_release(user, run); /* the listener's attention keeps it from now on */
}

void afmon_serve_give_list(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_server *server = user;
    const char *text = afmon_http_parameter(request, "text");
    struct listener listener = {.server = server, .attention = &server->attention, .shown = &server->list};
    listener.search = text != NULL ? strdup(text) : NULL;
    if (text != NULL && listener.search == NULL)
        afmon_http_fail(response, 500, "out of memory");
    else
        begin(listener, text != NULL ? next_search : next_answer, response);
}

void afmon_serve_stream_run(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    response->content_type = "text/event-stream";
    begin((struct listener){.server = user, .attention = &run->attention, .shown = &run->shown}, next_event, response);
    afmon_serve_release(user, run);
}

void afmon_serve_stream_list(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_server *server = user;
    (void)request;
    response->content_type = "text/event-stream";
    begin((struct listener){.server = server, .attention = &server->attention, .shown = &server->list}, next_event,
          response);
}

void afmon_serve_give_scrape(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_server *server = user;
    afmon_prometheus_format format = afmon_prometheus_choose(afmon_http_header(request, "Accept"));
    struct afmon_scrape *scrape = &server->scrapes[format];
    response->content_type = afmon_scrape_type(format);
    begin((struct listener){.server = server, .attention = &scrape->attention, .shown = &scrape->shown}, next_answer,
          response);
}
