/* StatsD over UDP: a line a sample, as many lines in a packet as fit. */
#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "base/options.h"
#include "base/status.h"
#include "feeds/birth.h"
#include "feeds/statsd_held.h"
#include "feeds/statsd_line.h"

#define PACKET_SMALLEST AFMON_STATSD_LINE_MAX
#define PACKET_LARGEST 8192
#define TICK_S 0.1

struct statsd {
    struct afmon_statsd_style style;
    struct afmon_birth birth;
    struct afmon_statsd_held held;
    int fd;
    size_t packet_bytes;
    char packet[PACKET_LARGEST];
    size_t length;
    uint64_t lines;
    uint64_t lines_before; /* of the packet that was sent last */
    uint64_t lost;         /* since the last flush */
    int failure;           /* errno of it */
};

void afmon_statsd_options_init(afmon_statsd_options *options)
{
    *options = (afmon_statsd_options){.size = sizeof *options,
                                      .address = "127.0.0.1:8125",
                                      .prefix = "afmon.",
                                      .dogstatsd = true,
                                      .max_packet = 1432};
}

/* ---- sending ---- */

static void lose(struct statsd *statsd, uint64_t lines, int failure)
{
    statsd->lost += lines;
    statsd->failure = failure;
}

static bool transmit(const struct statsd *statsd, int *failure)
{
    ssize_t sent;
    do {
        sent = send(statsd->fd, statsd->packet, statsd->length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    *failure = sent < 0 ? errno : 0;
    return sent >= 0;
}

/* A refusal is told of the packet before, and keeps this one from being sent: it gets a second try. */
static void send_packet(struct statsd *statsd)
{
    int failure;
    if (statsd->lines == 0)
        return;
    bool sent = transmit(statsd, &failure);
    if (!sent && failure == ECONNREFUSED) {
        lose(statsd, statsd->lines_before, failure);
        statsd->lines_before = 0;
        sent = transmit(statsd, &failure);
    }
    if (!sent)
        lose(statsd, statsd->lines, failure);
    statsd->lines_before = sent ? statsd->lines : 0;
    statsd->length = 0;
    statsd->lines = 0;
}

/* What became of the last packet, as far as the system knows by now. */
static void ask_for_refusal(struct statsd *statsd)
{
    int failure = 0;
    socklen_t size = sizeof failure;
    if (statsd->lines_before == 0 || getsockopt(statsd->fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure == 0)
        return;
    lose(statsd, statsd->lines_before, failure);
    statsd->lines_before = 0;
}

static void leave_to_parent(struct statsd *statsd)
{
    if (!afmon_birth_is_new(&statsd->birth))
        return;
    statsd->length = 0;
    statsd->lines = statsd->lines_before = statsd->lost = 0;
    afmon_statsd_held_forget(&statsd->held);
}

static void add_line(void *user, const char *line, size_t length)
{
    struct statsd *statsd = user;
    if (statsd->length + length > statsd->packet_bytes)
        send_packet(statsd);
    memcpy(statsd->packet + statsd->length, line, length);
    statsd->length += length;
    statsd->lines += length > 0;
}

static int take_sample(void *user, const afmon_sample *sample, char *error, size_t size)
{
    struct statsd *statsd = user;
    char line[AFMON_STATSD_LINE_MAX];
    (void)error, (void)size;
    leave_to_parent(statsd);
    size_t length = afmon_statsd_line(line, &statsd->style, sample);
    if (afmon_statsd_held_passes(&statsd->held, sample) || !afmon_statsd_held_keep(&statsd->held, sample, line, length))
        add_line(statsd, line, length);
    return 0;
}

static uint64_t flush(void *user, const afmon_deadline *deadline, char *error, size_t size)
{
    struct statsd *statsd = user;
    bool end = isfinite(afmon_deadline_left(deadline));
    leave_to_parent(statsd);
    afmon_statsd_held_tick(&statsd->held, end, add_line, statsd);
    send_packet(statsd);
    ask_for_refusal(statsd);
    uint64_t lost = statsd->lost;
    char buffer[128];
    if (lost > 0)
        snprintf(error, size, "StatsD: %s", strerror_r(statsd->failure, buffer, sizeof buffer));
    statsd->lost = 0;
    return lost;
}

/* ---- making it ---- */

/* getaddrinfo takes what is above 65,535 for another port. */
static bool is_port(const char *text)
{
    int64_t port;
    return afmon_parse_int(text, strlen(text), &port) && port >= 1 && port <= UINT16_MAX;
}

static afmon_status open_socket(struct statsd *statsd, const char *address, afmon_error *error)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - address);
    if (colon == NULL || length == 0 || length >= sizeof host || !is_port(colon + 1))
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: '%s': give HOST:PORT, such as 127.0.0.1:8125", address);
    bool brackets = address[0] == '[' && address[length - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? length - 2 : length), brackets ? address + 1 : address);
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, colon + 1, &hints, &found);
    if (failure != 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: '%s': %s", address, gai_strerror(failure));
    afmon_status status = AFMON_OK;
    statsd->fd = afmon_fd_above_standard(socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (statsd->fd < 0 || connect(statsd->fd, found->ai_addr, found->ai_addrlen) != 0)
        status = afmon_fail_os(error, errno, "StatsD: cannot send to %s", address);
    freeaddrinfo(found);
    /* Where the device takes no more for so long, what is to be sent is lost, and counted. */
    struct timeval patience = {.tv_usec = 200000};
    if (status == AFMON_OK)
        (void)setsockopt(statsd->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return status;
}

static void destroy(void *user)
{
    struct statsd *statsd = user;
    if (statsd->fd >= 0) {
        leave_to_parent(statsd);
        afmon_statsd_held_tick(&statsd->held, true, add_line, statsd); /* a shutdown without an end has no last tick */
        send_packet(statsd);
        close(statsd->fd);
    }
    afmon_birth_free(&statsd->birth);
    afmon_statsd_held_free(&statsd->held);
    free(statsd);
}

static afmon_status take_options(afmon_statsd_options *options, const afmon_statsd_options *given, afmon_error *error)
{
    if (given == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: options is NULL");
    afmon_statsd_options_init(options);
    afmon_status status = afmon_options_take(options, sizeof *options, given, "afmon_statsd_options", error);
    if (status != AFMON_OK)
        return status;
    if (options->address == NULL || options->prefix == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: address or prefix is NULL");
    if (strlen(options->prefix) >= sizeof((struct afmon_statsd_style *)0)->prefix)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: the prefix is longer than 63 bytes");
    if (options->tags != NULL && strlen(options->tags) >= sizeof((struct afmon_statsd_style *)0)->tags)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: the tags are longer than 255 bytes");
    if (options->prefix[strcspn(options->prefix, ":|\n")] != '\0' ||
        (options->tags != NULL && options->tags[strcspn(options->tags, "|\n")] != '\0'))
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: the prefix or tags hold a mark of the format");
    if (options->max_packet < PACKET_SMALLEST || options->max_packet > PACKET_LARGEST)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: max_packet is %zu: give %d to %d bytes",
                          options->max_packet, PACKET_SMALLEST, PACKET_LARGEST);
    return AFMON_OK;
}

afmon_status afmon_statsd_handler(const afmon_statsd_options *given, afmon_metric_handler *handler, afmon_error *error)
{
    if (handler == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "StatsD: handler is NULL");
    memset(handler, 0, sizeof *handler);
    afmon_statsd_options options;
    afmon_status status = take_options(&options, given, error);
    if (status != AFMON_OK)
        return status;
    struct statsd *statsd = calloc(1, sizeof *statsd);
    if (statsd == NULL)
        return afmon_fail_memory(error);
    statsd->fd = -1;
    afmon_statsd_held_init(&statsd->held);
    statsd->packet_bytes = options.max_packet;
    statsd->style.dog = options.dogstatsd;
    strcpy(statsd->style.prefix, options.prefix);
    strcpy(statsd->style.tags, options.tags != NULL ? options.tags : "");
    status = afmon_birth_init(&statsd->birth) ? open_socket(statsd, options.address, error) : afmon_fail_memory(error);
    if (status != AFMON_OK) {
        destroy(statsd);
        return status;
    }
    *handler = (afmon_metric_handler){.name = "StatsD",
                                      .handle = take_sample,
                                      .user = statsd,
                                      .destroy = destroy,
                                      .queue_capacity = 262144,
                                      .flush = flush,
                                      .flush_interval_s = TICK_S};
    return AFMON_OK;
}
