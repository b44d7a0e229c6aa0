/* libFuzzer: whatever bytes come to the dashboard over a connection, the server answers with HTTP or not at all, and
 * goes on: afterwards it answers a good request as before. The whole server is real, threads and sockets included. */
#include <afmon/afmon.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "folder.h"

static struct sockaddr_in address;

static void make_run(void)
{
    const char *const metrics[] = {"generation_time", "success_rate", "error_rate", "total_token_count"};
    char line[256];
    for (int i = 0; i < 200; i++) {
        int length = snprintf(line, sizeof line,
                              "{\"metric\": \"%s\", \"value\": %d.0, \"operation\": \"o%d\", \"model_name\": \"m\", "
                              "\"timestamp\": \"2026-11-24T09:30:%02d.000000+00:00\"}\n",
                              metrics[i % 4], i % 3, i % 5, i / 4);
        fuzz_folder_write("metrics.jsonl", line, (size_t)length, O_APPEND);
    }
    static const char log[] = "2026-11-24 09:30:12,123 - {\"message\": \"hello\", \"level\": \"info\"}\n";
    fuzz_folder_write("afterimage.log", log, sizeof log - 1, O_TRUNC);
}

static void start(void)
{
    afmon_server_options options;
    afmon_server *server = NULL;
    afmon_error error;
    const char *folder = fuzz_folder();
    if (address.sin_port != 0)
        return;
    make_run();
    afmon_server_options_init(&options);
    options.listen = "127.0.0.1:0";
    MUST(afmon_server_open(&folder, 1, &options, &server, &error) == AFMON_OK);
    const char *port = strrchr(afmon_server_url(server), ':');
    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Sends the bytes, half-closes, and reads until nothing comes for so long (a stream goes on without end). Returns how
 * much came. */
static size_t ask(const void *data, size_t size, char *answer, size_t room, struct timeval patience)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct linger reset = {.l_onoff = 1}; /* no port stays behind, waiting */
    MUST(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    (void)send(fd, data, size, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    size_t length = 0;
    ssize_t got;
    while (length < room && (got = recv(fd, answer + length, room - length, 0)) > 0)
        length += (size_t)got;
    close(fd);
    return length;
}

static void must_still_answer(void)
{
    static const char good[] = "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[64];
    size_t length = 0;
    /* One question that waits, and not many that are given up: a machine under load answers late, and each costs it. */
    for (int i = 0; i < 3 && length < 12; i++)
        length = ask(good, sizeof good - 1, answer, sizeof answer, (struct timeval){.tv_sec = 5});
    bool answered = length >= 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
    if (!answered)
        (void)fprintf(stderr, "the answer: %.*s\n", (int)length, answer);
    MUST(answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned inputs;
    static char answer[1 << 16];
    start();
    size_t length = ask(data, size, answer, sizeof answer, (struct timeval){.tv_usec = 50000});
    MUST(length == 0 || (length >= 9 && memcmp(answer, "HTTP/1.", 7) == 0));
    if (inputs++ % 256 == 0)
        must_still_answer();
    return 0;
}
