/* Who looks at what, and what is shown to them. */
#include <string.h>

#include "base/clock.h"
#include "serve/serve.h"

void afmon_serve_look_begins(struct afmon_server *server, struct afmon_attention *attention)
{
    pthread_mutex_lock(&server->lock);
    attention->streams++;
    attention->begun_ns = afmon_boot_ns();
    server->nudged = true;
    pthread_cond_signal(&server->work);
    pthread_mutex_unlock(&server->lock);
}

void afmon_serve_look_ends(struct afmon_server *server, struct afmon_attention *attention)
{
    pthread_mutex_lock(&server->lock);
    attention->streams--;
    attention->ended_ns = afmon_boot_ns();
    pthread_mutex_unlock(&server->lock);
}

int64_t afmon_serve_looked_ns(struct afmon_server *server, const struct afmon_attention *attention, int64_t now_ns)
{
    pthread_mutex_lock(&server->lock);
    int64_t looked_ns = attention->streams > 0 ? now_ns : attention->ended_ns;
    pthread_mutex_unlock(&server->lock);
    return looked_ns;
}

bool afmon_serve_waited_for(struct afmon_server *server, const struct afmon_attention *attention,
                            const struct afmon_shown *shown)
{
    pthread_mutex_lock(&server->lock);
    bool waited_for = attention->begun_ns - AFMON_SERVE_FRESH_NS > shown->made_ns;
    pthread_mutex_unlock(&server->lock);
    return waited_for;
}

static struct afmon_blob *make_event(const char *name, const struct afmon_blob *json)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, json->length + 64);
    afmon_buffer_add_text(&text, "event: ");
    afmon_buffer_add_text(&text, name);
    afmon_buffer_add_text(&text, "\ndata: ");
    afmon_buffer_add(&text, json->data, json->length);
    afmon_buffer_add_text(&text, "\n\n");
    return afmon_blob_from(&text);
}

/* The follower alone replaces what is shown, so it may look at it without the lock. */
static bool is_same(const struct afmon_shown *shown, const struct afmon_blob *json)
{
    return shown->json != NULL && shown->json->length == json->length &&
           memcmp(shown->json->data, json->data, json->length) == 0;
}

void afmon_serve_confirm(struct afmon_server *server, struct afmon_shown *shown)
{
    pthread_mutex_lock(&server->lock);
    shown->made_ns = afmon_boot_ns();
    pthread_mutex_unlock(&server->lock);
}

bool afmon_serve_show(struct afmon_server *server, struct afmon_shown *shown, const char *event,
                      struct afmon_buffer *text)
{
    struct afmon_shown next = {.json = afmon_blob_from(text), .made_ns = afmon_boot_ns()};
    bool same = next.json != NULL && is_same(shown, next.json);
    if (next.json != NULL && !same && event != NULL)
        next.event = make_event(event, next.json);
    if (next.json == NULL || same ||
        (event != NULL && next.event == NULL)) { /* the old one stays: it is still true, or there is no memory */
        afmon_blob_drop(next.json);
        if (same)
            afmon_serve_confirm(server, shown);
        return false;
    }
    pthread_mutex_lock(&server->lock);
    struct afmon_shown old = *shown;
    next.version = old.version + 1;
    *shown = next;
    pthread_mutex_unlock(&server->lock);
    afmon_blob_drop(old.json);
    afmon_blob_drop(old.event);
    return true;
}

void afmon_serve_hide(struct afmon_server *server, struct afmon_shown *shown)
{
    pthread_mutex_lock(&server->lock);
    struct afmon_shown old = *shown;
    *shown = (struct afmon_shown){.version = old.version};
    pthread_mutex_unlock(&server->lock);
    afmon_blob_drop(old.json);
    afmon_blob_drop(old.event);
}
