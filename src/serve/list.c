/* The list of all runs. */
#include "base/json_write.h"
#include "serve/serve.h"

#define LIST_MAX ((size_t)64 << 20) /* of the longest names, tags and notes of as many runs as there may be */

/* The lock is held. */
static void write_run(struct afmon_json *json, const struct afmon_served_run *run)
{
    struct afmon_picture picture = {run->id,         run->name, run->folder, afmon_serve_problem(run),
                                    run->about.json, run->facts};
    afmon_json_open(json, NULL, '{');
    afmon_picture_write_head(json, &picture);
    afmon_json_close(json, '}');
}

/* wanted NULL: all of them. */
static void write_list(struct afmon_server *server, const char *wanted, struct afmon_buffer *text)
{
    struct afmon_json json = {.out = text};
    afmon_buffer_init(text, LIST_MAX);
    afmon_json_open(&json, NULL, '{');
    afmon_json_open(&json, "runs", '[');
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->run_count; i++)
        if (!server->runs[i]->gone && (wanted == NULL || afmon_serve_about_has(server->runs[i], wanted)))
            write_run(&json, server->runs[i]);
    pthread_mutex_unlock(&server->lock);
    afmon_json_close(&json, ']');
    afmon_json_int(&json, "left_out", (int64_t)server->left_out);
    afmon_json_close(&json, '}');
}

void afmon_serve_publish_list(struct afmon_server *server)
{
    struct afmon_buffer text;
    write_list(server, NULL, &text);
    (void)afmon_serve_show(server, &server->list, "runs", &text);
}

struct afmon_blob *afmon_serve_search_list(struct afmon_server *server, const char *wanted)
{
    struct afmon_buffer text;
    write_list(server, wanted, &text);
    return afmon_blob_from(&text);
}
