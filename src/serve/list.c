/* The list of all runs. */
#include <math.h>
#include <string.h>

#include "serve/json.h"
#include "serve/serve.h"

#define LIST_MAX ((size_t)8 << 20)

/* The lock is held. */
static void write_run(struct afmon_json *json, const struct afmon_served_run *run)
{
    const struct afmon_picture_head *head = &run->head;
    bool read = run->picture != NULL;
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "id", run->id);
    afmon_json_string(json, "name", run->name);
    afmon_json_string(json, "folder", run->folder);
    afmon_json_string(json, "state",
                      !read               ? "loading"
                      : head->live        ? "running"
                      : head->samples > 0 ? "ended"
                                          : "waiting");
    afmon_json_number(json, "loaded", read ? 1 : run->loaded);
    afmon_json_string(json, "verdict", read ? head->verdict : NULL);
    afmon_json_time(json, "first_ms", head->first_ns);
    afmon_json_time(json, "last_ms", head->last_ns);
    afmon_json_int(json, "samples", (int64_t)head->samples);
    afmon_json_int(json, "generations", (int64_t)head->generations);
    afmon_json_number(json, "success_rate", read ? head->success_rate : NAN);
    afmon_json_string(json, "problem", run->problem[0] != '\0' ? run->problem : NULL);
    afmon_json_close(json, '}');
}

struct afmon_blob *afmon_serve_event(const char *name, const struct afmon_blob *json)
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

static struct afmon_blob *write_list(struct afmon_server *server)
{
    struct afmon_buffer text;
    struct afmon_json json = {.out = &text};
    afmon_buffer_init(&text, LIST_MAX);
    afmon_json_open(&json, NULL, '{');
    afmon_json_open(&json, "runs", '[');
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->run_count; i++)
        write_run(&json, server->runs[i]);
    pthread_mutex_unlock(&server->lock);
    afmon_json_close(&json, ']');
    afmon_json_close(&json, '}');
    return afmon_blob_from(&text);
}

void afmon_serve_publish_list(struct afmon_server *server)
{
    struct afmon_blob *list = write_list(server);
    struct afmon_blob *event = list != NULL ? afmon_serve_event("runs", list) : NULL;
    if (event == NULL) { /* the old one stays */
        afmon_blob_drop(list);
        return;
    }
    pthread_mutex_lock(&server->lock);
    struct afmon_blob *old = server->list, *old_event = server->list_event;
    server->list = list;
    server->list_event = event;
    server->list_version++;
    pthread_mutex_unlock(&server->lock);
    afmon_blob_drop(old);
    afmon_blob_drop(old_event);
    afmon_http_wake(server->http);
}
