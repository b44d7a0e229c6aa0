#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "http/address.h"
#include "http/http.h"
#include "http/origin.h"
#include "http/route.h"
#include "http/token.h"

static const char secret[] = "correct-horse-battery";

/* ---- The parts --------------------------------------------------------------------------------------------------- */

static bool parses(const char *text, bool *loopback)
{
    struct afmon_address address;
    afmon_status status = afmon_address_parse(text, &address, NULL);
    *loopback = address.loopback;
    return status == AFMON_OK;
}

static void addresses_are_read(void **state)
{
    (void)state;
    bool loopback;
    assert_true(parses("127.0.0.1:8765", &loopback) && loopback);
    assert_true(parses("localhost:0", &loopback) && loopback);
    assert_true(parses(":80", &loopback) && loopback);
    assert_true(parses("[::1]:80", &loopback) && loopback);
    assert_true(parses("*:80", &loopback) && !loopback);
    assert_true(parses("10.0.0.1:80", &loopback) && !loopback);
    assert_true(parses("[::ffff:127.0.0.1]:80", &loopback) && loopback);
    const char *wrong[] = {"",         "8765",           "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "1.2.3:80", "example.org:80", "[::1:80",   "::1:80",     "[]:80",           "127.0.0.1:80x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(parses(wrong[i], &loopback));
}

static void a_host_must_be_ours(void **state)
{
    (void)state;
    const char *names[] = {"runs.example"};
    struct afmon_host_rules rules = {.machine = "box", .names = names, .name_count = 1};
    assert_int_equal(afmon_address_parse("127.0.0.1:8765", &rules.address, NULL), AFMON_OK);
    const char *ours[] = {"127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:8765", "localhost.:80", "runs.example"};
    const char *others[] = {"",
                            "evil.example",
                            "10.0.0.1",
                            "box",
                            "localhost.evil.example",
                            "localhost:",
                            "localhost:80x",
                            "[::1",
                            "[::1]x",
                            "127.0.0.1:8765:1",
                            "::1",
                            "@localhost",
                            "localhost ",
                            "127.0.0.1.evil.example"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        assert_true(afmon_host_is_ours(&rules, ours[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(afmon_host_is_ours(&rules, others[i]));
    assert_false(afmon_host_is_ours(&rules, NULL));
    assert_int_equal(afmon_address_parse("*:8765", &rules.address, NULL), AFMON_OK);
    assert_true(afmon_host_is_ours(&rules, "10.0.0.1:8765"));
    assert_true(afmon_host_is_ours(&rules, "box:8765"));
    assert_false(afmon_host_is_ours(&rules, "evil.example"));
}

static void an_origin_must_be_the_host(void **state)
{
    (void)state;
    assert_true(afmon_origin_is_ours(NULL, "localhost:1"));
    assert_true(afmon_origin_is_ours("http://localhost:1", "localhost:1"));
    assert_true(afmon_origin_is_ours("https://localhost:1", "localhost:1"));
    assert_false(afmon_origin_is_ours("http://localhost:2", "localhost:1"));
    assert_false(afmon_origin_is_ours("null", "localhost:1"));
    assert_false(afmon_origin_is_ours("http://localhost:1", NULL));
    assert_false(afmon_origin_is_ours("file://localhost:1", "localhost:1"));
    assert_false(afmon_fetch_is_foreign(NULL, NULL));
    assert_false(afmon_fetch_is_foreign("same-origin", "cors"));
    assert_false(afmon_fetch_is_foreign("cross-site", "navigate"));
    assert_true(afmon_fetch_is_foreign("cross-site", "no-cors"));
    assert_true(afmon_fetch_is_foreign("same-site", NULL));
}

static afmon_status read_token(const char *content, struct afmon_token *token)
{
    char path[] = "/tmp/afmon-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    *token = (struct afmon_token){0};
    afmon_status status = afmon_token_read(token, path, NULL);
    unlink(path);
    return status;
}

static void tokens_are_compared_whole(void **state)
{
    (void)state;
    struct afmon_token token;
    char cookies[200];
    assert_int_equal(read_token("", &token), AFMON_E_FORMAT);
    assert_int_equal(read_token("too-short\n", &token), AFMON_E_FORMAT);
    assert_int_equal(read_token("sixteen or more \x01 characters\n", &token), AFMON_E_FORMAT);
    assert_int_equal(afmon_token_read(&token, "/nonexistent/token", NULL), AFMON_E_SYSTEM);
    assert_int_equal(read_token("  correct-horse-battery \r\nnot this\n", &token), AFMON_OK);
    assert_true(afmon_token_matches(&token, secret));
    const char *wrong[] = {"", "correct-horse-batterz", "correct-horse-batter", "correct-horse-battery2"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(afmon_token_matches(&token, wrong[i]));
    assert_false(afmon_token_matches(&token, NULL));
    assert_true(afmon_token_admits(&token, "Bearer correct-horse-battery", NULL));
    assert_true(afmon_token_admits(&token, "bearer  correct-horse-battery", NULL));
    assert_false(afmon_token_admits(&token, "Basic correct-horse-battery", NULL));
    assert_false(afmon_token_admits(&token, NULL, NULL));
    snprintf(cookies, sizeof cookies, "a=b; afmon=%s; c=d", token.cookie);
    assert_true(afmon_token_admits(&token, NULL, cookies));
    assert_false(afmon_token_admits(&token, NULL, "afmon=correct-horse-battery"));
    assert_false(afmon_token_admits(&token, NULL, "afmon="));
    token.text[0] = '\0';
    assert_true(afmon_token_admits(&token, NULL, NULL));
    assert_false(afmon_token_matches(&token, ""));
}

static void stars_are_whole_segments(void **state)
{
    (void)state;
    const struct afmon_http_route routes[] = {{.path = "/"}, {.path = "/runs/*"}, {.path = "/runs/*/log"}};
    struct afmon_http_match match;
    afmon_http_find_route(routes, 3, "/", &match);
    assert_ptr_equal(match.route, &routes[0]);
    afmon_http_find_route(routes, 3, "/runs/abc", &match);
    assert_ptr_equal(match.route, &routes[1]);
    assert_string_equal(match.segments[0], "abc");
    afmon_http_find_route(routes, 3, "/runs/abc/log", &match);
    assert_ptr_equal(match.route, &routes[2]);
    const char *nothing[] = {"", "/runs/", "/runs", "/runs/a/", "/runs/a/b", "/runs//log", "/runs/a/log/", "//"};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        afmon_http_find_route(routes, 3, nothing[i], &match);
        assert_null(match.route);
    }
    char longest[400];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "/runs/", 6);
    longest[sizeof longest - 1] = '\0';
    afmon_http_find_route(routes, 3, longest, &match);
    assert_null(match.route);
}

/* ---- A server ---------------------------------------------------------------------------------------------------- */

static void say_hello(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    const char *name = afmon_http_parameter(request, "name");
    (void)user;
    response->content_type = "text/plain";
    response->etag = "\"1\"";
    afmon_buffer_add_text(&response->body, "hello ");
    afmon_buffer_add_text(&response->body, name != NULL ? name : "nobody");
}

static void say_segment(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    (void)user;
    afmon_buffer_add_text(&response->body, afmon_http_segment(request, 0));
    assert_null(afmon_http_segment(request, 1));
}

static void be_slow(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct timespec pause = {.tv_nsec = 20000000};
    (void)user;
    (void)request;
    nanosleep(&pause, NULL);
    afmon_buffer_add_text(&response->body, "slow");
}

/* Counts up, a number each time it is woken; the third one is the last. */
struct counter {
    atomic_int wanted;
    int given;
    atomic_int closed;
};

static struct afmon_blob *next_number(void *state, bool *end)
{
    struct counter *counter = state;
    struct afmon_buffer text;
    char number[16];
    if (counter->given >= atomic_load(&counter->wanted))
        return NULL;
    snprintf(number, sizeof number, "<%d>", ++counter->given);
    *end = counter->given == 3;
    afmon_buffer_init(&text, 100);
    afmon_buffer_add_text(&text, number);
    return afmon_blob_from(&text);
}

static void close_numbers(void *state)
{
    struct counter *counter = state;
    atomic_fetch_add(&counter->closed, 1);
}

static void stream_numbers(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    (void)request;
    response->source = (struct afmon_http_source){next_number, close_numbers, user};
}

/* A megabyte each time it is asked. */
static struct afmon_blob *next_megabyte(void *state, bool *end)
{
    struct counter *counter = state;
    struct afmon_buffer text;
    (void)end;
    atomic_fetch_add(&counter->wanted, 1);
    afmon_buffer_init(&text, (size_t)1 << 20);
    if (!afmon_buffer_reserve(&text, (size_t)1 << 20))
        return NULL;
    memset(afmon_buffer_end(&text), 'x', (size_t)1 << 20);
    text.length = (size_t)1 << 20;
    return afmon_blob_from(&text);
}

static void stream_megabytes(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    (void)request;
    response->source = (struct afmon_http_source){next_megabyte, close_numbers, user};
}

/* Until it is told to end. */
static void be_long(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct counter *counter = user;
    atomic_store(&counter->closed, 1);
    while (atomic_load(&counter->wanted) == 0 && !afmon_http_stopping(request))
        usleep(1000);
    afmon_buffer_add_text(&response->body, "long");
}

static const struct afmon_http_route table[] = {
    {"/", say_hello, AFMON_HTTP_GET, AFMON_HTTP_PAGE},      {"/api/*", say_segment, AFMON_HTTP_GET, 0},
    {"/slow", be_slow, AFMON_HTTP_GET, AFMON_HTTP_SLOW},    {"/stream", stream_numbers, AFMON_HTTP_GET, 0},
    {"/login", say_hello, AFMON_HTTP_GET, AFMON_HTTP_OPEN}, {"/long", be_long, AFMON_HTTP_GET, AFMON_HTTP_LONG},
    {"/megabytes", stream_megabytes, AFMON_HTTP_GET, 0},
};

static struct afmon_http *start_server(struct counter *counter, const struct afmon_http_options *changes)
{
    struct afmon_http *server;
    afmon_error error;
    struct afmon_http_options options = *changes;
    options.listen = "127.0.0.1:0";
    options.routes = table;
    options.route_count = sizeof table / sizeof table[0];
    options.user = counter;
    assert_int_equal(afmon_http_start(&options, &server, &error), AFMON_OK);
    return server;
}

static int connect_to(const struct afmon_http *server)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    to.sin_port = htons((uint16_t)atoi(strrchr(afmon_http_url(server), ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Reads until the text is there, or the end; the answer stays until the next call. */
static const char *read_until(int fd, const char *text)
{
    static char answer[65536];
    size_t length = 0;
    answer[0] = '\0';
    while (text == NULL || strstr(answer, text) == NULL) {
        ssize_t got = recv(fd, answer + length, sizeof answer - 1 - length, 0);
        if (got <= 0)
            break;
        length += (size_t)got;
        answer[length] = '\0';
    }
    return answer;
}

static const char *ask(const struct afmon_http *server, const char *request)
{
    int fd = connect_to(server);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    const char *answer = read_until(fd, NULL);
    close(fd);
    return answer;
}

#define WITH_HOST "\r\nHost: localhost\r\nConnection: close\r\n"
#define assert_answer(request, status, part)                                                                           \
    do {                                                                                                               \
        const char *got = ask(server, request);                                                                        \
        assert_memory_equal(got, "HTTP/1.1 " status, strlen("HTTP/1.1 " status));                                      \
        assert_non_null(strstr(got, part));                                                                            \
    } while (0)

static void it_answers(void **state)
{
    (void)state;
    struct afmon_http *server = start_server(NULL, &(struct afmon_http_options){0});
    assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "hello nobody");
    assert_answer("GET /?name=a%26b HTTP/1.1" WITH_HOST "\r\n", "200", "hello a&b");
    assert_answer("GET /?name HTTP/1.1" WITH_HOST "\r\n", "200", "hello ");
    assert_answer("GET / HTTP/1.1" WITH_HOST "If-None-Match: \"1\"\r\n\r\n", "304", "ETag: \"1\"");
    assert_answer("GET /api/x HTTP/1.1" WITH_HOST "\r\n", "200", "\r\n\r\nx");
    assert_answer("GET /slow HTTP/1.1" WITH_HOST "\r\n", "200", "\r\n\r\nslow");
    assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "Content-Security-Policy: default-src 'none'");
    assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "X-Content-Type-Options: nosniff");
    assert_null(strstr(ask(server, "HEAD / HTTP/1.1" WITH_HOST "\r\n"), "hello"));
    afmon_http_stop(server);
}

static void what_is_not_ours_is_refused_and_counted(void **state)
{
    (void)state;
    struct afmon_http *server = start_server(NULL, &(struct afmon_http_options){0});
    struct afmon_http_stats stats;
    assert_answer("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "421", "\"status\": 421");
    assert_answer("GET / HTTP/1.1" WITH_HOST "Origin: http://evil.example\r\n\r\n", "403", "another site");
    assert_answer("GET / HTTP/1.1" WITH_HOST "Sec-Fetch-Site: cross-site\r\n\r\n", "403", "another site");
    /* What needs no token may be asked for through a proxy that changes Host; a login may not. */
    assert_answer("GET /login HTTP/1.1" WITH_HOST "Origin: http://proxy.example\r\n\r\n", "200", "hello");
    assert_answer("GET /api/../x HTTP/1.1" WITH_HOST "\r\n", "404", "nothing");
    assert_answer("GET /api/%2e%2e%2fx HTTP/1.1" WITH_HOST "\r\n", "404", "nothing");
    assert_answer("DELETE / HTTP/1.1" WITH_HOST "\r\n", "405", "Allow: GET, HEAD");
    assert_answer("POST / HTTP/1.1" WITH_HOST "Content-Length: 2\r\n\r\nhi", "405", "does not take");
    assert_answer("GET / HTTP/1.1" WITH_HOST "Content-Length: 2\r\n\r\nhi", "413", "too large");
    assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "hello nobody");
    afmon_http_get_stats(server, &stats);
    assert_int_equal(stats.refused_host, 1);
    assert_int_equal(stats.refused_origin, 2);
    assert_int_equal(stats.not_found, 2);
    assert_int_equal(stats.refused_method, 2);
    assert_int_equal(stats.refused_size, 1);
    assert_int_equal(stats.malformed, 0); /* all of them were requests */
    afmon_http_stop(server);
}

/* The connection is counted when the server has let go of it, which may be after its client has seen the end. */
static void wait_until_malformed(struct afmon_http *server, uint64_t wanted)
{
    struct afmon_http_stats stats = {0};
    for (int i = 0; i < 20000 && stats.malformed < wanted; i++) {
        afmon_http_get_stats(server, &stats);
        usleep(1000);
    }
    assert_int_equal(stats.malformed, wanted);
}

static void what_is_no_request_is_counted_once(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *answer;
    } kinds[] = {{"nonsense\r\n\r\n", ""},
                 {"GET / HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 "},
                 {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
                 {"GET / HTTP/9.9" WITH_HOST "\r\n", "HTTP/1.1 505 "},
                 {"GET / HTTP/1.1" WITH_HOST "Content-Length: x\r\n\r\n", "HTTP/1.1 400 "}};
    struct afmon_http *server = start_server(NULL, &(struct afmon_http_options){0});
    struct afmon_http_stats stats;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *answer = ask(server, kinds[i].sent);
        assert_int_equal(strncmp(answer, kinds[i].answer, strlen(kinds[i].answer)), 0);
        assert_int_equal(*answer == '\0', *kinds[i].answer == '\0');
        wait_until_malformed(server, i + 1);
    }
    for (int i = 0; i < 50; i++) { /* those that say nothing are not malformed, whenever the server lets go of them */
        close(connect_to(server));
        assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "hello nobody");
        afmon_http_get_stats(server, &stats);
        assert_int_equal(stats.malformed, sizeof kinds / sizeof kinds[0]);
    }
    assert_int_equal(stats.connections_timed_out, 0);
    afmon_http_stop(server);
}

static void a_token_lets_in(void **state)
{
    (void)state;
    char path[] = "/tmp/afmon-token-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, secret, strlen(secret)), strlen(secret));
    close(fd);
    struct afmon_http *server = start_server(NULL, &(struct afmon_http_options){.token_file = path});
    unlink(path);
    assert_answer("GET /api/x HTTP/1.1" WITH_HOST "\r\n", "401", "WWW-Authenticate: Bearer");
    assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "303", "Location: login\r\n");
    assert_answer("GET /login HTTP/1.1" WITH_HOST "\r\n", "200", "hello");
    assert_answer("GET /api/x HTTP/1.1" WITH_HOST "Authorization: Bearer correct-horse-battery\r\n\r\n", "200", "x");
    assert_answer("GET /?token=wrong HTTP/1.1" WITH_HOST "\r\n", "303", "Location: login\r\n");
    assert_answer("POST /login HTTP/1.1" WITH_HOST "Content-Length: 11\r\n\r\ntoken=wrong", "303",
                  "Location: login#wrong");
    assert_answer("POST /login HTTP/1.1" WITH_HOST "Content-Length: 25\r\n\r\ntoken=correct%2Dhorse-bat", "303",
                  "Location: login#wrong");
    const char *answer = ask(server, "GET /?token=correct-horse-battery HTTP/1.1" WITH_HOST "\r\n");
    assert_non_null(strstr(answer, "Location: ./\r\n"));
    const char *cookie = strstr(answer, "Set-Cookie: ");
    assert_non_null(cookie);
    assert_non_null(strstr(cookie, "; Path=/; HttpOnly; SameSite=Strict"));
    char request[400];
    snprintf(request, sizeof request, "GET /api/x HTTP/1.1" WITH_HOST "Cookie: %.*s\r\n\r\n",
             (int)strcspn(cookie + 12, ";"), cookie + 12);
    assert_answer(request, "200", "\r\n\r\nx");
    afmon_http_stop(server);
}

static void streams_sleep_until_they_are_woken(void **state)
{
    (void)state;
    struct counter counter = {0};
    struct afmon_http *server = start_server(&counter, &(struct afmon_http_options){.max_streams = 1});
    static const char request[] = "GET /stream HTTP/1.1" WITH_HOST "\r\n";
    int fd = connect_to(server);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (int i = 1; i <= 3; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "<%d>", i);
        atomic_store(&counter.wanted, i);
        afmon_http_wake(server);
        assert_non_null(strstr(read_until(fd, expected), expected));
        if (i == 1)
            assert_answer(request, "503", "Retry-After");
    }
    close(fd);
    afmon_http_stop(server);
    assert_int_equal(atomic_load(&counter.closed), 2); /* the refused one's, too */
}

static void stopping_ends_sleeping_streams(void **state)
{
    (void)state;
    struct counter counter = {.wanted = 1};
    struct afmon_http *server = start_server(&counter, &(struct afmon_http_options){0});
    static const char request[] = "GET /stream HTTP/1.1" WITH_HOST "\r\n";
    int fd = connect_to(server);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    assert_non_null(strstr(read_until(fd, "<1>"), "<1>"));
    afmon_http_stop(server);
    assert_int_equal(atomic_load(&counter.closed), 1);
    close(fd);
}

static void idle_connections_give_way_and_time_out(void **state)
{
    (void)state;
    enum { IDLE = 40 };
    struct afmon_http *server =
        start_server(NULL, &(struct afmon_http_options){.max_connections = 8, .request_timeout_s = 0.2});
    struct afmon_http_stats stats;
    int fds[IDLE];
    for (int i = 0; i < IDLE; i++) {
        fds[i] = connect_to(server);
        (void)!send(fds[i], "GET / HT", 8, MSG_NOSIGNAL);
    }
    assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "hello nobody");
    for (int i = 0; i < IDLE; i++) {
        read_until(fds[i], NULL); /* ended by the server, every one */
        close(fds[i]);
    }
    afmon_http_get_stats(server, &stats);
    assert_true(stats.connections_dropped > 0);
    assert_true(stats.connections_dropped + stats.connections_timed_out + stats.connections_refused >= IDLE);
    afmon_http_stop(server);
}

static void who_reads_nothing_is_dropped_and_holds_nobody_up(void **state)
{
    (void)state;
    struct counter counter = {0};
    struct afmon_http *server = start_server(&counter, &(struct afmon_http_options){.stall_timeout_s = 1.5});
    struct afmon_http_stats stats;
    static const char request[] = "GET /megabytes HTTP/1.1" WITH_HOST "\r\n";
    int fd = connect_to(server);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    do {
        afmon_http_wake(server);
        assert_answer("GET / HTTP/1.1" WITH_HOST "\r\n", "200", "hello nobody");
        afmon_http_get_stats(server, &stats);
    } while (stats.streams_stalled == 0);
    assert_int_equal(stats.streams_stalled, 1);
    assert_true(atomic_load(&counter.wanted) < 64); /* what the kernel takes, and no more */
    afmon_http_stop(server);
    assert_int_equal(atomic_load(&counter.closed), 1);
    close(fd);
}

static void what_takes_long_does_not_hold_up_what_takes_a_moment(void **state)
{
    (void)state;
    struct counter counter = {0};
    struct afmon_http *server = start_server(&counter, &(struct afmon_http_options){0});
    static const char request[] = "GET /long HTTP/1.1" WITH_HOST "\r\n";
    int fd = connect_to(server);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    while (atomic_load(&counter.closed) == 0) /* it is under way */
        usleep(1000);
    assert_answer("GET /slow HTTP/1.1" WITH_HOST "\r\n", "200", "slow");
    atomic_store(&counter.wanted, 1);
    assert_non_null(strstr(read_until(fd, "long"), "long"));
    close(fd);
    afmon_http_stop(server);
}

static void a_request_that_drips_in_is_ended(void **state)
{
    (void)state;
    struct afmon_http *server = start_server(NULL, &(struct afmon_http_options){.request_timeout_s = 0.3});
    struct afmon_http_stats stats;
    int fd = connect_to(server);
    ssize_t sent = 1;
    for (int i = 0; i < 2000 && sent == 1; i++) { /* until the server has closed it, or for 20 s */
        sent = send(fd, i == 0 ? "G" : "a", 1, MSG_NOSIGNAL);
        usleep(10000);
    }
    assert_int_equal(sent, -1);
    afmon_http_get_stats(server, &stats);
    assert_int_equal(stats.connections_timed_out, 1);
    close(fd);
    afmon_http_stop(server);
}

static void it_starts_or_says_why(void **state)
{
    (void)state;
    afmon_error error;
    struct afmon_http *server;
    struct afmon_http *first = start_server(NULL, &(struct afmon_http_options){0});
    struct afmon_http_options options = {.listen = strstr(afmon_http_url(first), "//") + 2};
    assert_int_equal(afmon_http_start(&options, &server, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, "something listens there already"));
    options.listen = "0.0.0.0:0";
    assert_int_equal(afmon_http_start(&options, &server, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "token"));
    options.listen = "127.0.0.1:0";
    options.token_file = "/nonexistent/token";
    assert_int_equal(afmon_http_start(&options, &server, &error), AFMON_E_SYSTEM);
    assert_null(server);
    afmon_http_stop(first);
    afmon_http_stop(NULL);
}

static void it_starts_without_memory_or_not_at_all(void **state)
{
    (void)state;
    struct afmon_http *server;
    struct afmon_http_options options = {.listen = "127.0.0.1:0"};
    for (long n = 1;; n++) {
        fail_alloc_at(n);
        afmon_status status = afmon_http_start(&options, &server, NULL);
        bool failed = fail_alloc_stop();
        if (status == AFMON_OK)
            afmon_http_stop(server);
        else
            assert_int_equal(status, AFMON_E_NO_MEMORY);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(a_host_must_be_ours),
        cmocka_unit_test(an_origin_must_be_the_host),
        cmocka_unit_test(tokens_are_compared_whole),
        cmocka_unit_test(stars_are_whole_segments),
        cmocka_unit_test(it_answers),
        cmocka_unit_test(what_is_not_ours_is_refused_and_counted),
        cmocka_unit_test(what_is_no_request_is_counted_once),
        cmocka_unit_test(a_token_lets_in),
        cmocka_unit_test(streams_sleep_until_they_are_woken),
        cmocka_unit_test(stopping_ends_sleeping_streams),
        cmocka_unit_test(idle_connections_give_way_and_time_out),
        cmocka_unit_test(who_reads_nothing_is_dropped_and_holds_nobody_up),
        cmocka_unit_test(what_takes_long_does_not_hold_up_what_takes_a_moment),
        cmocka_unit_test(a_request_that_drips_in_is_ended),
        cmocka_unit_test(it_starts_or_says_why),
        cmocka_unit_test(it_starts_without_memory_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
