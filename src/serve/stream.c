/* Server-sent events: the newest picture whenever there is one that the client has not got. One that is slow gets
 * fewer, never old ones. */
#include <stdlib.h>

#include "base/clock.h"
#include "serve/serve.h"

#define BEAT_NS                                                                                                        \
    (15 * AFMON_NS_PER_S) /* something is sent at least so often: else a client that is gone is not noticed */

struct listener {
    struct afmon_server *server;
    struct afmon_served_run *run; /* NULL: the list */
    uint64_t version;
    int64_t sent_ns;
};

static struct afmon_blob *beat(void)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, 16);
    afmon_buffer_add_text(&text, ": \n\n");
    return afmon_blob_from(&text);
}

static struct afmon_blob *next_piece(void *state, bool *end)
{
    struct listener *listener = state;
    struct afmon_server *server = listener->server;
    struct afmon_blob *piece = NULL;
    (void)end;
    pthread_mutex_lock(&server->lock);
    uint64_t version = listener->run != NULL ? listener->run->version : server->list_version;
    if (version != listener->version)
        piece = afmon_blob_keep(listener->run != NULL ? listener->run->event : server->list_event);
    listener->version = version;
    pthread_mutex_unlock(&server->lock);
    int64_t now_ns = afmon_boot_ns();
    if (piece == NULL && now_ns - listener->sent_ns > BEAT_NS)
        piece = beat();
    if (piece != NULL)
        listener->sent_ns = now_ns;
    return piece;
}

static void begin(struct afmon_server *server, struct afmon_served_run *run, struct afmon_http_response *response)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        afmon_http_fail(response, 500, "out of memory");
        return;
    }
    *listener = (struct listener){.server = server, .run = run};
    response->content_type = "text/event-stream";
    response->source = (struct afmon_http_source){next_piece, free, listener};
}

void afmon_serve_stream_run(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run != NULL)
        begin(user, run, response);
}

void afmon_serve_stream_list(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    (void)request;
    begin(user, NULL, response);
}
