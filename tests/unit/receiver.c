#include "receiver.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* ---- what is in a body ---- */

static uint64_t samples_in(const json_t *scope)
{
    uint64_t samples = 0;
    size_t i, j;
    json_t *metric, *point;
    json_array_foreach(json_object_get(scope, "metrics"), i, metric)
    {
        if (strcmp(json_string_value(json_object_get(metric, "name")), "afmon.samples") != 0)
            continue;
        json_array_foreach(json_object_get(json_object_get(metric, "sum"), "dataPoints"), j, point)
        {
            samples += (uint64_t)json_number_value(json_object_get(point, "asDouble"));
        }
    }
    return samples;
}

static const json_t *scope_of(const json_t *body, const char *resources, const char *scopes)
{
    const json_t *resource = json_array_get(json_object_get(body, resources), 0);
    return json_array_get(json_object_get(resource, scopes), 0);
}

static void count(struct receiver *receiver, const char *data, size_t length, size_t rejected)
{
    json_t *body = json_loadb(data, length, 0, NULL);
    if (body == NULL)
        abort(); /* not the test's thread: no assertions here */
    const json_t *metrics = scope_of(body, "resourceMetrics", "scopeMetrics");
    const json_t *logs = scope_of(body, "resourceLogs", "scopeLogs");
    if (metrics != NULL)
        receiver->samples = samples_in(metrics);
    if (logs != NULL)
        receiver->records += json_array_size(json_object_get(logs, "logRecords")) - rejected;
    json_decref(body);
}

/* ---- posts ---- */

/* The whole request; *body is where its body begins. NULL: the sender left. */
static char *read_request(int fd, size_t *body, size_t *length)
{
    size_t capacity = 64 << 10, wanted = SIZE_MAX;
    char *text = malloc(capacity + 1);
    *length = 0;
    while (text != NULL && *length < wanted) {
        if (*length == capacity) {
            capacity *= 2;
            text = realloc(text, capacity + 1);
        }
        ssize_t got = text == NULL ? -1 : recv(fd, text + *length, capacity - *length, 0);
        if (got <= 0) {
            free(text);
            return NULL;
        }
        *length += (size_t)got;
        text[*length] = '\0';
        const char *end = wanted == SIZE_MAX ? strstr(text, "\r\n\r\n") : NULL;
        if (end != NULL) {
            *body = (size_t)(end + 4 - text);
            wanted = *body + (size_t)atol(strstr(text, "Content-Length: ") + 16);
        }
    }
    return text;
}

static void answer(int fd, const char *status, const char *headers, const char *body)
{
    char text[512];
    int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
                          status, strlen(body), headers, body);
    if (send(fd, text, (size_t)length, MSG_NOSIGNAL) < 0)
        return;
}

static void answer_with_date(int fd)
{
    char header[80];
    struct tm tomorrow;
    time_t at = time(NULL) + 86400;
    gmtime_r(&at, &tomorrow);
    strftime(header, sizeof header, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &tomorrow);
    answer(fd, "503 Service Unavailable", header, "");
}

static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Returns whether the connection is to be closed. */
static bool act(struct receiver *receiver, int fd, char letter, const char *body, size_t length)
{
    switch (letter) {
    case '4':
        answer(fd, "429 Too Many Requests", "Retry-After: 0\r\n", "");
        break;
    case '5':
        answer(fd, "503 Service Unavailable", "Retry-After: 0\r\n", "");
        break;
    case 'B':
        answer(fd, "503 Service Unavailable", "", "");
        break;
    case 'D':
        answer_with_date(fd);
        break;
    case 'R':
        reset(fd);
        break;
    case 'C':
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        break;
    case 'H':
        if (receiver->held_count == RECEIVER_HELD)
            return true;
        receiver->held[receiver->held_count++] = fd;
        return false;
    case 'X':
        count(receiver, body, length, 1);
        answer(fd, "200 OK", "", "{\"partialSuccess\": {\"rejectedLogRecords\": \"1\", \"rejectedDataPoints\": 7}}");
        break;
    default:
        count(receiver, body, length, 0);
        answer(fd, "200 OK", "", "{}");
    }
    return true;
}

static void serve_one(struct receiver *receiver, int fd, const char **script)
{
    size_t body = 0, length = 0;
    char *request = read_request(fd, &body, &length);
    if (request == NULL) {
        close(fd);
        return;
    }
    bool done = act(receiver, fd, **script, request + body, length - body);
    if ((*script)[1] != '\0')
        ++*script;
    atomic_fetch_add(&receiver->posts, 1);
    free(request);
    if (done)
        close(fd);
}

static void close_held(struct receiver *receiver)
{
    for (int i = 0; i < receiver->held_count; i++)
        close(receiver->held[i]);
    receiver->held_count = 0;
}

static void *run(void *user)
{
    struct receiver *receiver = user;
    const char *script = receiver->script;
    while (!atomic_load(&receiver->stop)) {
        if (atomic_exchange(&receiver->release, 0) != 0)
            close_held(receiver);
        int fd = accept(receiver->fd, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0}, sizeof(struct timeval));
        serve_one(receiver, fd, &script);
    }
    return NULL;
}

void receiver_open(struct receiver *receiver, const char *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct timeval patience = {.tv_usec = 20000};
    *receiver = (struct receiver){.script = script, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(receiver->fd >= 0);
    setsockopt(receiver->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience); /* of accept: it looks whether to stop */
    assert_int_equal(bind(receiver->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(receiver->fd, 16), 0);
    assert_int_equal(getsockname(receiver->fd, (struct sockaddr *)&address, &size), 0);
    snprintf(receiver->url, sizeof receiver->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&receiver->thread, NULL, run, receiver), 0);
}

void receiver_release(struct receiver *receiver)
{
    atomic_store(&receiver->release, 1);
}

void receiver_close(struct receiver *receiver)
{
    atomic_store(&receiver->stop, 1);
    pthread_join(receiver->thread, NULL);
    close_held(receiver);
    close(receiver->fd);
}
