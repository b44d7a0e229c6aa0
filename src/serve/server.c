/* The public face: life of a server. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/options.h"
#include "base/status.h"
#include "base/thread.h"
#include "serve/serve.h"

void afmon_server_options_init(afmon_server_options *options)
{
    *options = (afmon_server_options){.size = sizeof *options, .listen = "127.0.0.1:8765"};
}

static afmon_status copy_folders(struct afmon_server *server, const char *const *folders, size_t count,
                                 afmon_error *error)
{
    struct stat facts;
    server->folders = calloc(count + 1, sizeof *server->folders);
    if (server->folders == NULL)
        return afmon_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (stat(folders[i], &facts) != 0 || !S_ISDIR(facts.st_mode))
            return afmon_fail(error, AFMON_E_ARGUMENT, "%s: no such folder", folders[i]);
        server->folders[i].path = strdup(folders[i]);
        if (server->folders[i].path == NULL)
            return afmon_fail_memory(error);
        server->folder_count++;
    }
    return AFMON_OK;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static afmon_status start_http(struct afmon_server *server, const afmon_server_options *given, afmon_error *error)
{
    struct afmon_http_options options = {.listen = given->listen,
                                         .token_file = given->token_file,
                                         .host_names = given->host_names,
                                         .host_name_count = given->host_name_count,
                                         .routes = afmon_serve_routes,
                                         .route_count = afmon_serve_route_count,
                                         .user = server};
    return afmon_http_start(&options, &server->http, error);
}

static afmon_status start_follower(struct afmon_server *server, afmon_error *error)
{
    int failure = afmon_thread_start(&server->follower, "afmon-follower", afmon_serve_follow, server);
    if (failure != 0)
        return afmon_fail_os(error, failure, "cannot start a thread");
    server->following = true;
    return AFMON_OK;
}

afmon_status afmon_server_open(const char *const *folders, size_t count, const afmon_server_options *given,
                               afmon_server **out, afmon_error *error)
{
    afmon_server_options options;
    *out = NULL;
    afmon_server_options_init(&options);
    afmon_status status = afmon_options_take(&options, sizeof options, given, "afmon_server_options", error);
    if (status != AFMON_OK)
        return status;
    if (count == 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "name at least one folder");
    struct afmon_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return afmon_fail_memory(error);
    pthread_mutex_init(&server->lock, NULL);
    init_condition(&server->work);
    atomic_init(&server->stopping, false);
    server->started_ns = afmon_wall_ns();
    server->texts = options.texts;
    status = copy_folders(server, folders, count, error);
    if (status == AFMON_OK)
        status = start_http(server, &options, error);
    if (status == AFMON_OK)
        status = start_follower(server, error);
    if (status != AFMON_OK) {
        afmon_server_close(server);
        return status;
    }
    *out = server;
    return AFMON_OK;
}

const char *afmon_server_url(const afmon_server *server)
{
    return afmon_http_url(server->http);
}

static void stop_follower(struct afmon_server *server)
{
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->stopping, true);
    pthread_cond_signal(&server->work);
    pthread_mutex_unlock(&server->lock);
    if (server->following)
        pthread_join(server->follower, NULL);
}

void afmon_server_close(afmon_server *server)
{
    if (server == NULL)
        return;
    stop_follower(server);
    afmon_http_stop(server->http);
    for (size_t i = 0; i < server->run_count; i++)
        afmon_serve_free_run(server, server->runs[i]);
    for (size_t i = 0; i < server->folder_count; i++)
        free(server->folders[i].path);
    free(server->folders);
    afmon_serve_hide(server, &server->list);
    for (size_t i = 0; i < AFMON_SERVE_FORMATS; i++)
        afmon_serve_hide(server, &server->scrapes[i].shown);
    pthread_cond_destroy(&server->work);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
