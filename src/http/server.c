#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/status.h"
#include "base/thread.h"
#include "http/server.h"

#define CONNECTION_MEMORY ((size_t)16 << 10) /* a request's header fits in, and so does what is being sent */
#define SPARE_CONNECTIONS 64u /* above max_connections, for those that we have shut down and that are not yet gone */

void afmon_http_count(struct afmon_http *server, uint64_t *counter)
{
    pthread_mutex_lock(&server->stats_lock);
    (*counter)++;
    pthread_mutex_unlock(&server->stats_lock);
}

static void fill_defaults(struct afmon_http_options *options)
{
    if (options->max_connections == 0)
        options->max_connections = 512;
    if (options->max_streams == 0)
        options->max_streams = 128;
    if (options->request_timeout_s <= 0)
        options->request_timeout_s = 15;
    if (options->stall_timeout_s <= 0)
        options->stall_timeout_s = 30;
}

/* What a Host header may say. */
static afmon_status set_rules(struct afmon_http *server, afmon_error *error)
{
    size_t count = server->options.host_name_count;
    if (gethostname(server->rules.machine, sizeof server->rules.machine - 1) != 0)
        server->rules.machine[0] = '\0';
    server->host_names = calloc(count + 1, sizeof *server->host_names);
    if (server->host_names == NULL)
        return afmon_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (!afmon_host_may_be_named(server->options.host_names[i]))
            return afmon_fail(error, AFMON_E_ARGUMENT,
                              "'%s' is no name of a host: give the name or the address alone, without a port",
                              server->options.host_names[i]);
        server->host_names[i] = strdup(server->options.host_names[i]);
        if (server->host_names[i] == NULL)
            return afmon_fail_memory(error);
    }
    server->rules.names = (const char *const *)server->host_names;
    server->rules.name_count = count;
    return AFMON_OK;
}

static afmon_status open_listener(struct afmon_http *server, afmon_error *error)
{
    const struct afmon_http_options *options = &server->options;
    struct afmon_address *address = &server->rules.address;
    afmon_status status = afmon_address_parse(options->listen, address, error);
    if (status != AFMON_OK)
        return status;
    if (options->token_file != NULL)
        status = afmon_token_read(&server->token, options->token_file, error);
    else if (!address->loopback)
        status = afmon_fail(error, AFMON_E_ARGUMENT,
                            "%s: others than this machine could connect there, so a token is needed: put one into a "
                            "file and name that (--token-file)",
                            options->listen);
    if (status != AFMON_OK)
        return status;
    server->listener = afmon_address_open(address, options->listen, error);
    if (server->listener < 0)
        return AFMON_E_SYSTEM;
    afmon_address_url(address, server->url, sizeof server->url);
    return AFMON_OK;
}

static afmon_status start_daemon(struct afmon_http *server, afmon_error *error)
{
    const struct afmon_http_options *options = &server->options;
    unsigned limit = (unsigned)options->max_connections + SPARE_CONNECTIONS;
    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, afmon_http_admit, server, afmon_http_on_request,
                         server, MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_CONNECTION_LIMIT, limit,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
                         (unsigned)options->stall_timeout_s + 1, MHD_OPTION_NOTIFY_CONNECTION,
                         afmon_http_connection_changed, server, MHD_OPTION_NOTIFY_COMPLETED, afmon_http_request_over,
                         server, MHD_OPTION_URI_LOG_CALLBACK, afmon_http_request_begins, server,
                         MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (server->daemon == NULL)
        return afmon_fail_os(error, errno, "%s: the HTTP server does not start", options->listen);
    server->listener = -1;
    return AFMON_OK;
}

static afmon_status start_threads(struct afmon_http *server, afmon_error *error)
{
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake < 0)
        return afmon_fail_os(error, errno, "cannot make an event descriptor");
    afmon_status status = afmon_http_jobs_start(server, error);
    if (status != AFMON_OK)
        return status;
    int failure = afmon_thread_start(&server->thread, "afmon-http", afmon_http_loop, server);
    if (failure != 0)
        return afmon_fail_os(error, failure, "cannot start a thread");
    server->started = true;
    return AFMON_OK;
}

afmon_status afmon_http_start(const struct afmon_http_options *options, struct afmon_http **out, afmon_error *error)
{
    *out = NULL;
    afmon_status status = afmon_lazy_open(AFMON_LAZY_HTTP, error);
    if (status != AFMON_OK)
        return status;
    struct afmon_http *server = calloc(1, sizeof *server);
    if (server == NULL)
        return afmon_fail_memory(error);
    server->options = *options;
    server->listener = -1;
    server->wake = -1;
    atomic_init(&server->stopping, false);
    pthread_mutex_init(&server->stats_lock, NULL);
    afmon_http_jobs_init(server);
    fill_defaults(&server->options);
    status = set_rules(server, error);
    if (status == AFMON_OK)
        status = open_listener(server, error);
    if (status == AFMON_OK)
        status = start_daemon(server, error);
    if (status == AFMON_OK)
        status = start_threads(server, error);
    if (status != AFMON_OK) {
        afmon_http_stop(server);
        return status;
    }
    *out = server;
    return AFMON_OK;
}

const char *afmon_http_url(const struct afmon_http *server)
{
    return server->url;
}

void afmon_http_wake(struct afmon_http *server)
{
    uint64_t one = 1;
    if (server->wake >= 0)
        (void)!write(server->wake, &one, sizeof one); /* full: it is awake already */
}

void afmon_http_get_stats(struct afmon_http *server, struct afmon_http_stats *stats)
{
    pthread_mutex_lock(&server->stats_lock);
    *stats = server->stats;
    pthread_mutex_unlock(&server->stats_lock);
}

static void end_threads(struct afmon_http *server)
{
    atomic_store(&server->stopping, true);
    afmon_http_jobs_stop(server);
    afmon_http_wake(server);
    if (server->started)
        pthread_join(server->thread, NULL); /* it stops the daemon */
    else if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon); /* it never answered anybody */
}

static int descriptor_of(struct MHD_Daemon *daemon, enum MHD_DaemonInfoType which)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, which);
    return info == NULL ? -1 : which == MHD_DAEMON_INFO_LISTEN_FD ? info->listen_fd : info->epoll_fd;
}

static void close_copy(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void afmon_http_abandon(struct afmon_http *server)
{
    if (server == NULL || server->daemon == NULL)
        return;
    int listener = descriptor_of(server->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    int epoll = descriptor_of(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    close_copy(&listener);
    close_copy(&epoll);
    close_copy(&server->wake);
}

/* A forked child may have the socket, too: nobody is to wait there for an answer that does not come. */
void afmon_http_stop_listening(struct afmon_http *server)
{
    (void)shutdown(descriptor_of(server->daemon, MHD_DAEMON_INFO_LISTEN_FD), SHUT_RDWR);
}

void afmon_http_stop(struct afmon_http *server)
{
    if (server == NULL)
        return;
    end_threads(server);
    if (server->listener >= 0)
        close(server->listener);
    if (server->wake >= 0)
        close(server->wake);
    for (size_t i = 0; server->host_names != NULL && server->host_names[i] != NULL; i++)
        free(server->host_names[i]);
    free(server->host_names);
    explicit_bzero(&server->token, sizeof server->token);
    afmon_http_jobs_destroy(server);
    pthread_mutex_destroy(&server->stats_lock);
    free(server);
}
