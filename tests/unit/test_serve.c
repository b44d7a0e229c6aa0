#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "fail_alloc.h"
#include "live/log.h"
#include "run_folder.h"
#include "base/json_write.h"
#include "serve/serve.h"

#define HOSTILE "\\\"}],<script>\\u2028\\u0000"

/* ---- Help ---- */

static void append(const char *folder, const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static void append_samples(const char *folder, int from, int count)
{
    static const char *const metrics[] = {"success_rate",    "error_rate",         "generation_time",
                                          "evaluation_time", "prompt_token_count", ("evaluation_score_" HOSTILE)};
    char line[512];
    for (int i = from; i < from + count; i++)
        for (size_t k = 0; k < sizeof metrics / sizeof metrics[0]; k++) {
            snprintf(line, sizeof line,
                     "{\"metric\": \"%s\", \"value\": %d.5, \"operation\": \"" HOSTILE "\", \"model_name\": \"m%d\", "
                     "\"timestamp\": \"2026-11-23T09:%02d:%02d+00:00\"}\n",
                     metrics[k], k < 2 ? 0 : i % 7, i % 3, i / 60 % 60, i % 60);
            append(folder, "metrics.jsonl", line);
        }
}

static char *make_run(const char *parent, const char *name)
{
    char *path = malloc(strlen(parent) + strlen(name) + 2);
    assert_non_null(path);
    sprintf(path, "%s/%s", parent, name);
    assert_int_equal(mkdir(path, 0777), 0);
    return path;
}

static void set_time(const char *folder, const char *name, time_t seconds)
{
    char path[1024];
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void make_old(const char *folder)
{
    set_time(folder, ".", 1000000);
}

/* The server's parts without its threads. */
static struct afmon_server *make_server(const char *folder)
{
    struct afmon_server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->work, NULL);
    server->folders = calloc(1, sizeof *server->folders);
    assert_non_null(server->folders);
    server->folders[0].path = strdup(folder);
    server->folder_count = 1;
    return server;
}

static json_t *shown(const struct afmon_shown *shown)
{
    json_error_t error;
    assert_non_null(shown->json);
    json_t *json = json_loadb((const char *)shown->json->data, shown->json->length, JSON_ALLOW_NUL, &error);
    if (json == NULL)
        fail_msg("%s at %d in %.*s", error.text, error.position, (int)shown->json->length, shown->json->data);
    return json;
}

static double number(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static const char *text(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static struct afmon_served_run *read_whole(struct afmon_server *server, size_t index)
{
    struct afmon_served_run *run = server->runs[index];
    afmon_serve_look_at(server, run);
    while (afmon_serve_read(server, run, 0.01, true)) {
    }
    return run;
}

/* ---- Without reading ---- */

static void folders_are_looked_at(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_look look;
    afmon_look_at_folder("/nonexistent/run", &look);
    assert_false(look.there);
    afmon_look_at_folder(folder, &look);
    assert_true(look.there && look.files == 0 && !look.samples && look.living == 0);
    append(folder, "afterimage.log", "12345");
    append(folder, "other.txt", "not counted");
    afmon_look_at_folder(folder, &look);
    assert_true(look.files == 1 && look.bytes == 5 && !look.samples && look.modified_ns > 0);
    append(folder, "metrics-7.jsonl", "123");
    afmon_look_at_folder(folder, &look);
    assert_true(look.files == 2 && look.bytes == 8 && look.samples);
    remove_folder(folder);
}

static void runs_are_found_and_go(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    assert_int_equal(server->run_count, 0);
    char *run = make_run(folder, "one");
    afmon_serve_find(server);
    assert_int_equal(server->run_count, 0); /* it may become one */
    append(run, "metrics.jsonl", "");
    afmon_serve_find(server);
    afmon_serve_find(server);
    assert_int_equal(server->run_count, 1);
    assert_ptr_equal(afmon_serve_run(server, server->runs[0]->id), server->runs[0]);
    assert_null(afmon_serve_run(server, "none"));
    afmon_serve_look_at(server, server->runs[0]);
    afmon_serve_publish_list(server);
    json_t *list = shown(&server->list);
    json_t *first = json_array_get(json_object_get(list, "runs"), 0);
    assert_string_equal(text(first, "state"), "waiting");
    assert_string_equal(text(first, "verdict"), "no_data");
    assert_string_equal(text(first, "name"), "one");
    assert_true(json_integer_value(json_object_get(first, "calls")) == 0);
    json_decref(list);
    remove_folder(run);
    afmon_serve_look_at(server, server->runs[0]);
    afmon_serve_publish_list(server);
    list = shown(&server->list);
    assert_int_equal(json_array_size(json_object_get(list, "runs")), 0);
    json_decref(list);
    afmon_server_close(server);
    remove_folder(folder);
}

/* Number `i` is written into in second `i`. */
static void make_dated_run(const char *parent, int i)
{
    char name[32];
    snprintf(name, sizeof name, "run-%d", i);
    char *path = make_run(parent, name);
    append(path, "metrics.jsonl", "");
    set_time(path, "metrics.jsonl", 1000000 + i);
    free(path);
}

static struct afmon_served_run *named(struct afmon_server *server, int i)
{
    char name[32];
    snprintf(name, sizeof name, "run-%d", i);
    for (size_t k = 0; k < server->run_count; k++)
        if (strcmp(server->runs[k]->name, name) == 0)
            return server->runs[k];
    return NULL;
}

static void remove_run(const char *parent, int i)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/run-%d", parent, i) > 0);
    remove_folder(path);
}

static void the_newest_runs_have_the_places(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_server *server = make_server(folder);
    for (int i = 0; i < AFMON_SERVE_RUNS_MAX + 5; i++)
        make_dated_run(folder, i);
    afmon_serve_find(server);
    assert_int_equal(server->run_count, AFMON_SERVE_RUNS_MAX);
    assert_int_equal(server->left_out, 5);
    assert_true(named(server, 4) == NULL && named(server, 5) != NULL);
    make_old(folder); /* so that it is not searched again */
    for (int i = 0; i < 3; i++)
        afmon_serve_find(server);
    assert_int_equal(server->left_out, 5);
    make_dated_run(folder, 2000); /* one more: instead of the oldest that nobody uses */
    assert_ptr_equal(afmon_serve_hold(server, named(server, 5)->id), named(server, 5));
    named(server, 6)->attention.streams = 1;
    afmon_serve_find(server);
    assert_int_equal(server->left_out, 6);
    assert_true(named(server, 2000) != NULL && named(server, 5) != NULL && named(server, 6) != NULL);
    assert_null(named(server, 7));
    afmon_serve_release(server, named(server, 5));
    named(server, 6)->attention.streams = 0;
    afmon_server_close(server);
    remove_folder(folder);
}

static void runs_that_have_gone_give_their_places(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_server *server = make_server(folder);
    for (int i = 0; i < AFMON_SERVE_RUNS_MAX; i++)
        make_dated_run(folder, i);
    afmon_serve_find(server);
    assert_int_equal(server->run_count, AFMON_SERVE_RUNS_MAX);
    struct afmon_served_run *held = afmon_serve_hold(server, named(server, 1)->id);
    for (int i = 0; i < AFMON_SERVE_RUNS_MAX; i++)
        remove_run(folder, i);
    for (int i = -3; i < 0; i++) /* older than any */
        make_dated_run(folder, i);
    afmon_serve_find(server);
    assert_true(named(server, -1) != NULL && named(server, -2) != NULL && named(server, -3) != NULL);
    assert_int_equal(server->left_out, 0);
    assert_int_equal(server->run_count, AFMON_SERVE_RUNS_MAX);
    assert_ptr_equal(named(server, 1), held);
    afmon_serve_release(server, held);
    afmon_server_close(server);
    remove_folder(folder);
}

static void a_run_is_listed_once(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_server *server = make_server(folder);
    server->folders = reallocarray(server->folders, 2, sizeof *server->folders);
    assert_non_null(server->folders);
    server->folders[1] = (struct afmon_served_folder){.path = strdup(folder)};
    server->folder_count = 2;
    for (int i = 0; i < 3; i++)
        make_dated_run(folder, i);
    afmon_serve_find(server);
    assert_int_equal(server->run_count, 3);
    afmon_server_close(server);
    remove_folder(folder);
}

/* ---- Pictures ---- */

static void a_picture_has_the_run(void **state)
{
    (void)state;
    char *folder = make_folder();
    append_samples(folder, 0, 700);
    append(folder, "afterimage.log",
           "2026-11-23 09:00:00,001 - {\"message\": \"Run plan\", \"planned\": 1000, \"level\": \"info\"}\n"
           "2026-11-23 09:00:01,001 - {\"message\": \"" HOSTILE "\", \"a\": {\"b\": [1]}, \"level\": \"error\"}\n");
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    json_t *picture = shown(&read_whole(server, 0)->shown);
    assert_true(number(picture, "loaded") == 1);
    assert_true(number(picture, "samples") == 4200);
    assert_true(number(picture, "calls") == 700);
    assert_true(number(json_object_get(picture, "plan"), "planned") == 1000);
    assert_true(number(json_object_get(picture, "plan"), "open") == 0);
    assert_non_null(json_object_get(json_object_get(picture, "plan"), "eta_p10_s"));
    assert_non_null(json_object_get(json_object_get(picture, "plan"), "eta_p90_s"));
    json_t *charts = json_object_get(picture, "charts");
    size_t count = (size_t)number(charts, "count");
    static const char *const series[] = {"success", "error", "throughput", "prompt", "p50", "p99", "evaluation_p90"};
    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++)
        assert_int_equal(json_array_size(json_object_get(charts, series[i])), count);
    assert_true(count > 20 && count <= 120);
    assert_true(json_is_object(json_object_get(picture, "recent"))); /* it is longer than ten minutes */
    json_t *log = json_array_get(json_object_get(picture, "log"), 0);
    assert_string_equal(text(log, "level"), "error");
    assert_string_equal(text(log, "data"), "{\"a\": {\"b\": [1]}}");
    json_t *summary = json_object_get(picture, "summary");
    json_t *operation = json_array_get(json_object_get(summary, "operations"), 0);
    assert_int_equal(strncmp(text(operation, "operation"), "\"}],<script>", 12), 0);
    assert_int_equal(json_array_size(json_object_get(summary, "models")), 3);
    json_decref(picture);
    afmon_server_close(server);
    remove_folder(folder);
}

static void an_empty_run_has_a_picture(void **state)
{
    (void)state;
    char *folder = make_folder();
    append(folder, "metrics.jsonl", "");
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    json_t *picture = shown(&read_whole(server, 0)->shown);
    assert_string_equal(text(picture, "verdict"), "no_data");
    assert_string_equal(text(picture, "state"), "waiting");
    assert_true(json_is_null(json_object_get(picture, "plan")) && json_is_null(json_object_get(picture, "recent")));
    json_decref(picture);
    afmon_server_close(server);
    remove_folder(folder);
}

/* A run that is written to now becomes one that has ended some seconds later, which is a change. */
static void age(const char *folder)
{
    const struct timespec long_ago[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    char path[512];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
}

static void another_picture_only_where_something_changed(void **state)
{
    (void)state;
    char *folder = make_folder();
    append_samples(folder, 0, 5);
    age(folder);
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    struct afmon_served_run *run = read_whole(server, 0);
    uint64_t version = run->shown.version;
    int64_t made_ns = run->shown.made_ns;
    run->due_ns = 0;
    (void)afmon_serve_read(server, run, 0, true);
    assert_int_equal(run->shown.version, version);
    assert_true(run->shown.made_ns > made_ns); /* it is confirmed */
    append_samples(folder, 5, 1);
    age(folder);
    (void)afmon_serve_read(server, run, 0, true);
    run->due_ns = 0;
    (void)afmon_serve_read(server, run, 0, true);
    assert_int_equal(run->shown.version, version + 1);
    json_t *picture = shown(&run->shown);
    assert_true(number(picture, "calls") == 6);
    json_decref(picture);
    afmon_server_close(server);
    remove_folder(folder);
}

static int count_line(void *count, const afmon_live_log_line *line)
{
    (void)line;
    ++*(size_t *)count;
    return 0;
}

/* A folder that others may write into must not show what they could not read themselves. */
static void links_in_a_run_are_not_followed(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *secret = make_folder();
    char path[1100];
    char target[1100];
    append_samples(secret, 0, 5);
    append(secret, "afterimage.log", "2026-11-23 09:00:01,001 - secret\n");
    append(folder, "metrics.jsonl", "");
    snprintf(path, sizeof path, "%s/metrics-1.jsonl", folder);
    snprintf(target, sizeof target, "%s/metrics.jsonl", secret);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/afterimage.log", folder);
    snprintf(target, sizeof target, "%s/afterimage.log", secret);
    assert_int_equal(symlink(target, path), 0);
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    json_t *picture = shown(&read_whole(server, 0)->shown);
    assert_string_equal(text(picture, "verdict"), "no_data");
    assert_non_null(strstr(text(picture, "problem"), " is a symbolic link, which is not read"));
    assert_int_equal(json_array_size(json_object_get(picture, "log")), 0);
    json_decref(picture);
    afmon_live_log_query query = {.routine = true};
    size_t count = 0;
    bool complete;
    assert_int_equal(afmon_live_log_of_folder(folder, &query, count_line, &count, &complete, NULL), AFMON_OK);
    assert_int_equal(count, 0);
    afmon_server_close(server);
    remove_folder(folder);
    remove_folder(secret);
}

static void a_pipe_in_the_place_of_a_file_is_passed_over(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[1100];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    assert_int_equal(server->run_count, 1);
    append(folder, "afterimage.log", "");
    json_t *picture = shown(&read_whole(server, 0)->shown);
    assert_string_equal(text(picture, "verdict"), "no_data"); /* and nobody waits for the pipe */
    json_decref(picture);
    afmon_server_close(server);
    remove_folder(folder);
}

/* Names as long as a line may be must not make a picture too large to be shown. */
/* One that nobody keeps open is not said to be running for ever. */
static void a_run_ends_though_nobody_reads_it(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[1100];
    const struct timespec past[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    append_samples(folder, 0, 5); /* not in afmon's own form: as of another program, which has no session */
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    struct afmon_served_run *run = read_whole(server, 0);
    afmon_serve_close_run(server, run);
    run->facts.state = "running"; /* however long this test took */
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
    afmon_serve_look_at(server, run);
    assert_string_equal(run->facts.state, "ended");
    assert_true(run->told && run->facts.calls == 5);
    afmon_server_close(server);
    remove_folder(folder);
}

static void long_names_are_cut(void **state)
{
    (void)state;
    enum { LONG = 300000 };
    char *folder = make_folder();
    char *line = malloc(3 * LONG);
    char *name = malloc(LONG + 1);
    assert_true(line != NULL && name != NULL);
    for (int i = 0; i < 80; i++) {
        memset(name, 'a' + i % 26, LONG);
        name[LONG] = '\0';
        memcpy(name + 199, "\xc3\xa4", 2); /* across the cut */
        name[0] = (char)('0' + i);
        if (name[0] == '\\')
            name[0] = '~';
        sprintf(line,
                "{\"metric\": \"generation_time\", \"value\": 1.0, \"operation\": \"%s\", \"component\": \"%s\", "
                "\"timestamp\": \"2026-11-23T09:00:00+00:00\"}\n",
                name, name);
        append(folder, "metrics.jsonl", line);
        sprintf(line, "2026-11-23 09:00:00,001 - {\"message\": \"%s\", \"a\": \"%s\", \"level\": \"error\"}\n", name,
                name);
        append(folder, "afterimage.log", line);
    }
    struct afmon_server *server = make_server(folder);
    afmon_serve_find(server);
    struct afmon_served_run *run = read_whole(server, 0);
    json_t *picture = shown(&run->shown);
    json_t *operation = json_array_get(json_object_get(picture, "operations_lately"), 0);
    assert_int_equal(strlen(text(operation, "operation")), 197 + 3); /* cut at 200 bytes */
    assert_true(run->shown.json->length < 200000);
    json_decref(picture);
    afmon_server_close(server);
    free(line);
    free(name);
    remove_folder(folder);
}

static void numbers_are_rounded(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    struct afmon_json json = {.out = &buffer};
    afmon_buffer_init(&buffer, 1000);
    const double values[] = {1.0 / 3, 123456789.0, 0.000123456789, 0, -2.0 / 3e5, 1e300, (double)NAN, 3e-310};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        afmon_json_rounded(&json, NULL, values[i]);
    afmon_buffer_add_char(&buffer, '\0');
    assert_string_equal(buffer.data, "0.333333,123456789.0,0.000123457,0.0,-6.66667e-06,1e+300,null,3e-310");
    afmon_buffer_free(&buffer);
}

/* ---- Without memory ---- */

static void each_allocation_of_a_reading_fails_once(void **state)
{
    (void)state;
    char *folder = make_folder();
    append_samples(folder, 0, 40);
    append(folder, "afterimage.log", "2026-11-23 09:00:01,001 - {\"message\": \"x\", \"level\": \"error\"}\n");
    for (long n = 1;; n++) {
        struct afmon_server *server = make_server(folder);
        fail_alloc_at(n);
        afmon_serve_find(server);
        if (server->run_count > 0)
            read_whole(server, 0);
        afmon_serve_publish_list(server);
        bool failed = fail_alloc_stop();
        afmon_serve_find(server);
        assert_int_equal(server->run_count, 1);
        server->runs[0]->due_ns = 0;
        read_whole(server, 0);
        server->runs[0]->due_ns = 0; /* what was lost is read again */
        json_t *picture = shown(&read_whole(server, 0)->shown);
        assert_true(number(picture, "samples") == 240);
        json_decref(picture);
        afmon_server_close(server);
        if (!failed)
            break;
        assert_true(n < 100000);
    }
    remove_folder(folder);
}

static void each_allocation_of_a_search_fails_once(void **state)
{
    (void)state;
    char *folder = make_folder();
    append(folder, "afterimage.log", "2026-11-23 09:00:01,001 - {\"message\": \"x\", \"level\": \"error\"}\n");
    append(folder, "afterimage-7.log",
           "2026-11-23 09:00:01,002 - {\"message\": \"y\", \"level\": \"info\"}\nno line\n");
    afmon_live_log_query query = {.routine = true};
    bool complete;
    for (long n = 1;; n++) {
        size_t count = 0;
        fail_alloc_at(n);
        afmon_status status = afmon_live_log_of_folder(folder, &query, count_line, &count, &complete, NULL);
        bool failed = fail_alloc_stop();
        assert_true(failed ? status == AFMON_E_NO_MEMORY || count == 3 : status == AFMON_OK && count == 3);
        if (!failed)
            break;
    }
    remove_folder(folder);
    assert_int_equal(
        afmon_live_log_of_folder("/nonexistent", &query, count_line, &(size_t){0}, &complete, &(afmon_error){0}),
        AFMON_E_SYSTEM);
}

/* ---- The whole ---- */

/* What comes back for a request, up to the end of the connection; static. */
static const char *ask(const afmon_server *server, const char *path)
{
    static char answer[1 << 18];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    size_t length = 0;
    to.sin_port = htons((uint16_t)atoi(strrchr(afmon_server_url(server), ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    char request[400];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    (void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
    for (ssize_t got; (got = recv(fd, answer + length, sizeof answer - 1 - length, 0)) > 0;)
        length += (size_t)got;
    answer[length] = '\0';
    close(fd);
    return answer;
}

/* A scrape of a fresh server: whatever it had no memory for, in the end the run is given. */
static void a_scrape_without_memory_is_made_in_the_end(void **state)
{
    (void)state;
    char *folder = make_folder();
    append_samples(folder, 0, 10);
    const char *folders[] = {folder};
    afmon_server_options options;
    afmon_server *server;
    afmon_server_options_init(&options);
    options.listen = "127.0.0.1:0";
    for (long n = 1; n < 160; n += n < 30 ? 2 : 13) {
        assert_int_equal(afmon_server_open(folders, 1, &options, &server, NULL), AFMON_OK);
        fail_alloc_at(n);
        (void)ask(server, "/metrics");
        (void)fail_alloc_stop();
        while (strstr(ask(server, "/metrics"), "afmon_served_runs{state=\"given\"} 1.0") == NULL)
            usleep(10000);
        afmon_server_close(server);
    }
    remove_folder(folder);
}

static void a_server_without_memory_answers_or_not_and_goes_on(void **state)
{
    (void)state;
    char *folder = make_folder();
    append_samples(folder, 0, 10);
    const char *folders[] = {folder};
    afmon_server_options options;
    afmon_server *server;
    afmon_server_options_init(&options);
    options.listen = "127.0.0.1:0";
    for (long n = 1;; n++) {
        fail_alloc_at(n);
        afmon_status status = afmon_server_open(folders, 1, &options, &server, NULL);
        bool failed = fail_alloc_stop();
        if (status == AFMON_OK)
            afmon_server_close(server);
        else
            assert_int_equal(status, AFMON_E_NO_MEMORY);
        if (!failed || status == AFMON_OK)
            break;
    }
    assert_int_equal(afmon_server_open(folders, 1, &options, &server, NULL), AFMON_OK);
    const char *id = strstr(ask(server, "/api/v1/runs"), "\"id\":\"");
    assert_non_null(id);
    static const char *const parts[] = {"", "/log", "/export?format=csv", "/report", "/metrics"};
    char path[100];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(path, sizeof path, "/api/v1/runs/%.16s%s", strstr(ask(server, "/api/v1/runs"), "\"id\":\"") + 6,
                 parts[i]);
        for (long n = 1; n < 120; n += i < 2 ? 1 : 7) {
            fail_alloc_at(n);
            (void)ask(server, path);
            (void)fail_alloc_stop();
        }
        assert_non_null(strstr(ask(server, path), "HTTP/1.1 200"));
    }
    assert_non_null(strstr(ask(server, "/api/v1/status"), "\"runs\":1"));
    afmon_server_close(server);
    remove_folder(folder);
}

static void it_opens_or_says_why(void **state)
{
    (void)state;
    afmon_server *server;
    afmon_error error;
    const char *folders[] = {"/nonexistent/folder"};
    assert_int_equal(afmon_server_open(folders, 1, NULL, &server, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "no such folder"));
    assert_int_equal(afmon_server_open(folders, 0, NULL, &server, &error), AFMON_E_ARGUMENT);
    assert_null(server);
    afmon_server_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_looked_at),
        cmocka_unit_test(runs_are_found_and_go),
        cmocka_unit_test(the_newest_runs_have_the_places),
        cmocka_unit_test(runs_that_have_gone_give_their_places),
        cmocka_unit_test(a_run_is_listed_once),
        cmocka_unit_test(a_picture_has_the_run),
        cmocka_unit_test(an_empty_run_has_a_picture),
        cmocka_unit_test(another_picture_only_where_something_changed),
        cmocka_unit_test(links_in_a_run_are_not_followed),
        cmocka_unit_test(a_pipe_in_the_place_of_a_file_is_passed_over),
        cmocka_unit_test(a_run_ends_though_nobody_reads_it),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(numbers_are_rounded),
        cmocka_unit_test(each_allocation_of_a_reading_fails_once),
        cmocka_unit_test(each_allocation_of_a_search_fails_once),
        cmocka_unit_test(a_scrape_without_memory_is_made_in_the_end),
        cmocka_unit_test(a_server_without_memory_answers_or_not_and_goes_on),
        cmocka_unit_test(it_opens_or_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
