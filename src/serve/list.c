/* The list of all runs. */
#include "base/json_write.h"
#include "serve/serve.h"

#define LIST_MAX ((size_t)8 << 20)

/* The lock is held. */
static void write_run(struct afmon_json *json, const struct afmon_served_run *run)
{
    struct afmon_picture picture = {run->id, run->name, run->folder, afmon_serve_problem(run), run->facts};
    afmon_json_open(json, NULL, '{');
    afmon_picture_write_head(json, &picture);
    afmon_json_close(json, '}');
}

void afmon_serve_publish_list(struct afmon_server *server)
{
    struct afmon_buffer text;
    struct afmon_json json = {.out = &text};
    afmon_buffer_init(&text, LIST_MAX);
    afmon_json_open(&json, NULL, '{');
    afmon_json_open(&json, "runs", '[');
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->run_count; i++)
        if (!server->runs[i]->gone)
            write_run(&json, server->runs[i]);
    pthread_mutex_unlock(&server->lock);
    afmon_json_close(&json, ']');
    afmon_json_int(&json, "left_out", (int64_t)server->left_out);
    afmon_json_close(&json, '}');
    (void)afmon_serve_show(server, &server->list, "runs", &text);
}
