/* A server process and its clients, for benchmarks: `afmon serve` of the same build, and dashboards that only read. */
#ifndef AFMON_BENCH_WEB_H
#define AFMON_BENCH_WEB_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "support.h"

struct bench_server {
    pid_t pid;
    int port;
    int64_t began_ns;
};

/* Starts the command beside this program and waits for its address. */
static inline struct bench_server bench_serve(const char *folder)
{
    struct bench_server server = {.began_ns = bench_ns()};
    char path[PATH_MAX], line[200] = "";
    int out[2];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    if (length < 0 || pipe(out) != 0)
        bench_die("no pipe, or no /proc");
    path[length] = '\0';
    strcpy(strrchr(path, '/'), "/../cli/afmon");
    server.pid = fork();
    if (server.pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl(path, "afmon", "serve", folder, "--listen", "127.0.0.1:0", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *said = fdopen(out[0], "r");
    if (said == NULL || fgets(line, sizeof line, said) == NULL || strstr(line, "127.0.0.1:") == NULL)
        bench_die("the server does not start");
    fclose(said);
    server.port = atoi(strstr(line, "127.0.0.1:") + 10);
    return server;
}

static inline void bench_serve_end(const struct bench_server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
}

/* Sends a request; the socket. */
static inline int bench_ask(const struct bench_server *server, const char *path)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[300];
    to.sin_port = htons((uint16_t)server->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        send(fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        bench_die("the server does not answer");
    return fd;
}

/* Reads until what is kept holds the text, which is then all that is kept; false at the end. */
static inline bool bench_wait_for(int fd, const char *text, char *kept, size_t size)
{
    size_t length = strlen(kept);
    for (;;) {
        char *found = strstr(kept, text);
        if (found != NULL) {
            memmove(kept, found, strlen(found) + 1);
            return true;
        }
        if (length > size / 2) {
            memmove(kept, kept + length - 200, 201);
            length = 200;
        }
        ssize_t got = recv(fd, kept + length, size - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        kept[length] = '\0';
    }
}

/* The address of the stream of the first run that is listed, which must be there soon. */
static inline void bench_stream_path(const struct bench_server *server, char *path, size_t size)
{
    static char kept[65536];
    for (int i = 0; i < 200; i++) {
        int fd = bench_ask(server, "/api/v1/runs");
        kept[0] = '\0';
        bool listed = bench_wait_for(fd, "\"left_out\"", kept, sizeof kept);
        close(fd);
        fd = bench_ask(server, "/api/v1/runs");
        kept[0] = '\0';
        listed = listed && bench_wait_for(fd, "\"runs\":[{\"id\":\"", kept, sizeof kept) && strlen(kept) > 31;
        close(fd);
        if (listed) {
            snprintf(path, size, "/api/v1/runs/%.16s/stream", kept + 15);
            return;
        }
        usleep(20000);
    }
    bench_die("no run is listed");
}

/* Dashboards in a process of their own, which read what comes and throw it away. */
static inline pid_t bench_dashboards(const struct bench_server *server, const char *path, int count)
{
    static char rubbish[1 << 16];
    struct pollfd fds[64];
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = bench_ask(server, path), .events = POLLIN};
    while (poll(fds, (nfds_t)count, -1) > 0)
        for (int i = 0; i < count; i++)
            if (fds[i].revents != 0 && recv(fds[i].fd, rubbish, sizeof rubbish, 0) <= 0)
                _exit(1);
    _exit(1);
}

static inline void bench_dashboards_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Processor time of a process so far. */
static inline double bench_cpu_s(pid_t pid)
{
    char path[64], line[1024] = "";
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL || strrchr(line, ')') == NULL ||
        sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        bench_die("/proc tells nothing of the server");
    fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* The most memory that a process had. */
static inline double bench_peak_mib(pid_t pid)
{
    char path[64], line[256];
    unsigned long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lu", &kib) == 1)
            break;
    if (file == NULL)
        bench_die("/proc tells nothing of the server");
    fclose(file);
    return (double)kib / 1024;
}

#endif
