/* Connections: their number, and how long each may take. */
#include <netinet/in.h>
#include <linux/tcp.h> /* the C library has an older tcp_info */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loopback.h"
#include "http/server.h"

/* The remote address without the port, for comparing. */
static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET) {
        struct sockaddr_in one, other;
        memcpy(&one, a, sizeof one);
        memcpy(&other, b, sizeof other);
        return one.sin_addr.s_addr == other.sin_addr.s_addr;
    }
    struct sockaddr_in6 one, other;
    memcpy(&one, a, sizeof one);
    memcpy(&other, b, sizeof other);
    return memcmp(&one.sin6_addr, &other.sin6_addr, sizeof one.sin6_addr) == 0;
}

static size_t count_from(const struct afmon_connections *connections, const struct sockaddr *address)
{
    size_t count = 0;
    for (const struct afmon_connection *at = connections->first; at != NULL; at = at->next)
        count += same_host((const struct sockaddr *)&at->address, address);
    return count;
}

/* The peer sees the end at once; libmicrohttpd takes the connection down in its next round. */
static void end(struct afmon_http *server, struct afmon_connection *connection)
{
    if (connection->ending)
        return;
    connection->ending = true;
    server->connections.ending++;
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static struct afmon_connection *longest_idle(const struct afmon_connections *connections)
{
    struct afmon_connection *found = NULL;
    for (struct afmon_connection *at = connections->first; at != NULL; at = at->next)
        if (!at->busy && !at->ending && (found == NULL || at->idle_since_ns <= found->idle_since_ns))
            found = at;
    return found;
}

/* Makes room for one more where all places are taken. */
static bool make_room(struct afmon_http *server)
{
    struct afmon_connections *connections = &server->connections;
    if (connections->count - connections->ending < server->options.max_connections)
        return true;
    struct afmon_connection *idle = longest_idle(connections);
    if (idle == NULL)
        return false;
    end(server, idle);
    afmon_http_count(server, &server->stats.connections_dropped);
    return true;
}

enum MHD_Result afmon_http_admit(void *user, const struct sockaddr *address, socklen_t length)
{
    struct afmon_http *server = user;
    (void)length;
    bool too_many = !afmon_is_loopback(address) && count_from(&server->connections, address) >= AFMON_HTTP_PER_ADDRESS;
    if (!too_many && make_room(server))
        return MHD_YES;
    afmon_http_count(server, &server->stats.connections_refused);
    return MHD_NO;
}

static void opened(struct afmon_http *server, struct MHD_Connection *mhd, void **context)
{
    struct afmon_connection *connection = calloc(1, sizeof *connection);
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *context = connection;
    if (connection == NULL) /* requests on it are refused */
        return;
    connection->mhd = mhd;
    connection->fd = fd->connect_fd;
    connection->idle_since_ns = afmon_boot_ns();
    if (address != NULL && address->client_addr != NULL)
        memcpy(&connection->address, address->client_addr,
               address->client_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    connection->next = server->connections.first;
    if (connection->next != NULL)
        connection->next->previous = connection;
    server->connections.first = connection;
    server->connections.count++;
    afmon_http_count(server, &server->stats.connections_accepted);
}

/* States of a connection whose peer has sent its end: as the kernel counts them (tcp(7), netinet/tcp.h, which cannot be
 * included beside linux/tcp.h). */
static bool has_ended(unsigned state)
{
    enum { TIME_WAIT = 6, CLOSE = 7, CLOSE_WAIT = 8, LAST_ACK = 9, CLOSING = 11 };
    return state == TIME_WAIT || state == CLOSE || state == CLOSE_WAIT || state == LAST_ACK || state == CLOSING;
}

/* The end counts as a byte that was received. */
static bool has_sent_something(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_bytes_received > (has_ended(info.tcpi_state) ? 1 : 0);
}

static void closed(struct afmon_http *server, struct afmon_connection *connection)
{
    if (connection == NULL)
        return;
    bool nothing_but_noise = connection->requests == 0 && !connection->ending && has_sent_something(connection->fd);
    if (connection->begun || nothing_but_noise)
        afmon_http_count(server, &server->stats.malformed);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections.first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    server->connections.count--;
    server->connections.ending -= connection->ending;
    free(connection);
}

void afmon_http_connection_changed(void *user, struct MHD_Connection *mhd, void **context,
                                   enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        opened(user, mhd, context);
    else
        closed(user, *context);
}

void afmon_connection_suspend(struct afmon_connection *connection)
{
    if (!connection->suspended)
        MHD_suspend_connection(connection->mhd);
    connection->suspended = true;
}

void afmon_connection_resume(struct afmon_connection *connection)
{
    if (connection->suspended)
        MHD_resume_connection(connection->mhd);
    connection->suspended = false;
}

void *afmon_http_request_begins(void *user, const char *uri, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct afmon_connection *connection = info != NULL ? info->socket_context : NULL;
    (void)user;
    (void)uri;
    if (connection != NULL)
        connection->begun = true;
    return NULL; /* the request's context: made when its header is there */
}

static void publish_gauges(struct afmon_http *server)
{
    pthread_mutex_lock(&server->stats_lock);
    server->stats.connections = server->connections.count;
    server->stats.streams = server->stream_count;
    pthread_mutex_unlock(&server->stats_lock);
}

/* libmicrohttpd does not look at a suspended connection, so it does not see that its client has closed it. */
static bool has_gone(const struct afmon_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Connections whose request does not come, and streams whose client takes nothing. */
void afmon_http_sweep(struct afmon_http *server, int64_t now_ns)
{
    int64_t request_ns = afmon_seconds_to_ns(server->options.request_timeout_s);
    int64_t stall_ns = afmon_seconds_to_ns(server->options.stall_timeout_s);
    publish_gauges(server);
    for (struct afmon_connection *at = server->connections.first; at != NULL; at = at->next) {
        if (at->ending)
            continue;
        if (at->stream != NULL && afmon_stream_stalled(at->stream, now_ns, stall_ns)) {
            afmon_http_count(server, &server->stats.streams_stalled);
            end(server, at);
        } else if (at->stream != NULL && has_gone(at)) {
            end(server, at);
            afmon_stream_wake(at->stream);
        } else if (!at->busy && now_ns - at->idle_since_ns > request_ns) {
            afmon_http_count(server, &server->stats.connections_timed_out);
            end(server, at);
        }
    }
}
