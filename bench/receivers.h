/* Receivers on loopback, for benchmarks: of StatsD's packets, and of OTLP's posts, which are answered or are not. */
#ifndef AFMON_BENCH_RECEIVERS_H
#define AFMON_BENCH_RECEIVERS_H

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "support.h"

struct http_receiver {
    int fd;
    char address[64];
    atomic_bool stop;
    atomic_ulong lines;
    atomic_ulong posts;
    uint64_t samples; /* of afmon.samples in the last post, which has totals */
    pthread_t thread;
};

static inline void open_receiver(struct http_receiver *receiver, int type, void *(*run)(void *), const char *form)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int buffer = 16 << 20;
    struct timeval patience = {.tv_usec = 100000};
    receiver->fd = socket(AF_INET, type, 0);
    if (setsockopt(receiver->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(receiver->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(receiver->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(receiver->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        (type == SOCK_STREAM && listen(receiver->fd, 16) != 0) ||
        getsockname(receiver->fd, (struct sockaddr *)&address, &size) != 0)
        bench_die("no receiver");
    snprintf(receiver->address, sizeof receiver->address, form, ntohs(address.sin_port));
    pthread_create(&receiver->thread, NULL, run, receiver);
}

/* Packets for which the buffer of the receiver's socket had no room. */
static inline uint32_t dropped_by(const struct http_receiver *receiver)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof memory;
    if (getsockopt(receiver->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0)
        return 0;
    return memory[SK_MEMINFO_DROPS];
}

static inline void close_receiver(struct http_receiver *receiver)
{
    atomic_store(&receiver->stop, true);
    pthread_join(receiver->thread, NULL);
    close(receiver->fd);
}

static inline void *take_packets(void *user)
{
    static char packet[65536];
    struct http_receiver *receiver = user;
    while (!atomic_load(&receiver->stop)) {
        ssize_t size = recv(receiver->fd, packet, sizeof packet, 0);
        for (ssize_t i = 0; i < size; i++)
            if (packet[i] == '\n')
                atomic_fetch_add(&receiver->lines, 1);
    }
    return NULL;
}

/* What the counter afmon.samples of a body adds up to. */
static inline uint64_t samples_in(const char *body)
{
    uint64_t sum = 0;
    const char *at = strstr(body, "\"afmon.samples\"");
    const char *end = at == NULL ? NULL : strstr(at, "\"name\":");
    while (at != NULL && (at = strstr(at, "\"asDouble\":")) != NULL && (end == NULL || at < end)) {
        at += strlen("\"asDouble\":");
        sum += (uint64_t)strtod(at, NULL);
    }
    return sum;
}

/* Reads a whole request, answers 200. */
static inline void answer(struct http_receiver *receiver, int fd)
{
    static char request[4 << 20];
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    size_t length = 0;
    for (;;) {
        ssize_t got = recv(fd, request + length, sizeof request - 1 - length, 0);
        if (got <= 0)
            return;
        length += (size_t)got;
        request[length] = '\0';
        const char *body = strstr(request, "\r\n\r\n");
        const char *size = strstr(request, "Content-Length: ");
        if (body != NULL && size != NULL && request + length >= body + 4 + atol(size + 16))
            break;
    }
    receiver->samples = samples_in(request);
    if (send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL) < 0)
        return;
}

static inline void *take_posts(void *user)
{
    struct http_receiver *receiver = user;
    while (!atomic_load(&receiver->stop)) {
        int fd = accept(receiver->fd, NULL, NULL);
        if (fd < 0)
            continue;
        answer(receiver, fd);
        close(fd);
        atomic_fetch_add(&receiver->posts, 1);
    }
    return NULL;
}

/* Takes connections, and never says a word. */
static inline void *hang(void *user)
{
    struct http_receiver *receiver = user;
    int held[64];
    size_t count = 0;
    while (!atomic_load(&receiver->stop)) {
        int fd = accept(receiver->fd, NULL, NULL);
        if (fd >= 0 && count < sizeof held / sizeof held[0])
            held[count++] = fd;
    }
    while (count > 0)
        close(held[--count]);
    return NULL;
}

#endif
