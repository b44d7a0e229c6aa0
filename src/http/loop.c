/* The HTTP thread. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server.h"

#define SWEEP_EVERY_NS (AFMON_NS_PER_S / 2)
#define LONGEST_WAIT_MS 500

/* How long libmicrohttpd and the sweep let us wait; without connections for ever. */
static int wait_ms(const struct afmon_http *server)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    if (server->connections.count == 0)
        return -1;
    if (MHD_get_timeout(server->daemon, &timeout) != MHD_YES || timeout > LONGEST_WAIT_MS)
        return LONGEST_WAIT_MS;
    return (int)timeout;
}

/* True where somebody called afmon_http_wake. */
static bool was_woken(int fd)
{
    uint64_t count;
    return read(fd, &count, sizeof count) == (ssize_t)sizeof count;
}

static void wake_streams(struct afmon_http *server)
{
    for (struct afmon_connection *at = server->connections.first; at != NULL; at = at->next)
        if (at->stream != NULL)
            afmon_stream_wake(at->stream);
}

static void resume_all(struct afmon_http *server)
{
    for (struct afmon_connection *at = server->connections.first; at != NULL; at = at->next)
        afmon_connection_resume(at);
}

void *afmon_http_loop(void *user)
{
    struct afmon_http *server = user;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd wait[2] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = server->wake, .events = POLLIN}};
    int64_t sweep_ns = afmon_boot_ns() + SWEEP_EVERY_NS;
    while (!atomic_load(&server->stopping)) {
        (void)poll(wait, 2, wait_ms(server));
        if (was_woken(server->wake)) {
            afmon_http_jobs_collect(server);
            wake_streams(server);
        }
        int64_t now_ns = afmon_boot_ns();
        if (now_ns >= sweep_ns) {
            afmon_http_sweep(server, now_ns);
            sweep_ns = now_ns + SWEEP_EVERY_NS;
        }
        MHD_run(server->daemon);
    }
    resume_all(server); /* libmicrohttpd does not stop with suspended connections */
    afmon_http_stop_listening(server);
    MHD_stop_daemon(server->daemon);
    return NULL;
}
