/* The follower's thread. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "run/folder.h"
#include "serve/serve.h"

#define LOOK_EVERY_NS (AFMON_NS_PER_S / 2)
#define FIND_EVERY_NS (2 * AFMON_NS_PER_S)
#define ALIVE_EVERY_NS (5 * AFMON_NS_PER_S) /* whether its processes live still */
#define REST 10                             /* times as long as a reading took */
#define PICTURE_MAX ((size_t)16 << 20)

struct reading {
    struct afmon_server *server;
    struct afmon_served_run *run;
};

static int show_progress(void *user, uint64_t done, uint64_t total)
{
    struct reading *reading = user;
    struct afmon_server *server = reading->server;
    double loaded = total > 0 ? (double)done / (double)total : 0;
    pthread_mutex_lock(&server->lock);
    bool news = reading->run->picture == NULL && loaded > reading->run->loaded + 0.05;
    if (news)
        reading->run->loaded = loaded;
    pthread_mutex_unlock(&server->lock);
    if (news)
        afmon_serve_publish_list(server);
    return atomic_load(&server->stopping);
}

static void publish(struct afmon_server *server, struct afmon_served_run *run, const struct afmon_picture_head *head,
                    struct afmon_blob *picture, const char *problem)
{
    struct afmon_blob *event = picture != NULL ? afmon_serve_event("run", picture) : NULL;
    struct afmon_blob *old = picture, *old_event = event;
    pthread_mutex_lock(&server->lock);
    snprintf(run->problem, sizeof run->problem, "%s", problem);
    if (event != NULL) {
        old = run->picture;
        old_event = run->event;
        run->picture = picture;
        run->event = event;
        run->head = *head;
        run->version++;
    }
    pthread_mutex_unlock(&server->lock);
    afmon_blob_drop(old);
    afmon_blob_drop(old_event);
}

static void read_run(struct afmon_server *server, struct afmon_served_run *run)
{
    struct reading reading = {server, run};
    struct afmon_picture_head head = {.id = run->id, .name = run->name, .folder = run->folder};
    afmon_view_options options;
    afmon_view *view = NULL;
    afmon_error error = {0};
    struct afmon_buffer text;
    afmon_view_options_init(&options);
    options.progress = show_progress;
    options.user = &reading;
    afmon_buffer_init(&text, PICTURE_MAX);
    afmon_status status = afmon_view_open(run->folder, &options, &view, &error);
    if (status == AFMON_OK)
        status = afmon_picture_write(view, &head, &text, &error);
    afmon_view_close(view);
    if (status != AFMON_OK && error.message[0] == '\0')
        snprintf(error.message, sizeof error.message, "%s", afmon_status_text(status));
    struct afmon_blob *picture = status == AFMON_OK ? afmon_blob_from(&text) : NULL;
    afmon_buffer_free(&text);
    publish(server, run, &head, picture, status == AFMON_OK ? "" : error.message);
}

static uint64_t size_of(const struct afmon_served_run *run)
{
    struct afmon_run_files metrics = {0}, logs = {0};
    uint64_t size = 0;
    if (afmon_run_list(run->folder, "metrics", ".jsonl", &metrics, NULL) == AFMON_OK) {
        size += metrics.bytes + metrics.count;
        afmon_run_files_free(&metrics);
    }
    if (afmon_run_list(run->folder, "afterimage", ".log", &logs, NULL) == AFMON_OK) {
        size += logs.bytes + logs.count;
        afmon_run_files_free(&logs);
    }
    return size;
}

/* True where the run was read. */
static bool look_at(struct afmon_server *server, struct afmon_served_run *run)
{
    int64_t begin_ns = afmon_boot_ns();
    if (begin_ns < run->due_ns)
        return false;
    uint64_t size = size_of(run);
    bool check_life = run->head.live && begin_ns >= run->alive_due_ns;
    if (run->read && size == run->size && !check_life)
        return false;
    read_run(server, run);
    int64_t end_ns = afmon_boot_ns();
    run->size = size;
    run->read = true;
    run->due_ns = end_ns + REST * (end_ns - begin_ns);
    run->alive_due_ns = run->due_ns + ALIVE_EVERY_NS;
    return true;
}

/* Sleeps, unless the server stops. */
static void rest(struct afmon_server *server)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t ns = until.tv_nsec + LOOK_EVERY_NS;
    until.tv_sec += (time_t)(ns / AFMON_NS_PER_S);
    until.tv_nsec = ns % AFMON_NS_PER_S;
    pthread_mutex_lock(&server->lock);
    if (!atomic_load(&server->stopping))
        pthread_cond_timedwait(&server->stop, &server->lock, &until);
    pthread_mutex_unlock(&server->lock);
}

void *afmon_serve_follow(void *user)
{
    struct afmon_server *server = user;
    int64_t find_ns = 0;
    while (!atomic_load(&server->stopping)) {
        bool news = false;
        if (afmon_boot_ns() >= find_ns) {
            news = afmon_serve_find(server) || find_ns == 0;
            find_ns = afmon_boot_ns() + FIND_EVERY_NS;
        }
        if (news)
            afmon_serve_publish_list(server);
        for (size_t i = server->run_count; i-- > 0 && !atomic_load(&server->stopping);) /* the latest first */
            if (look_at(server, server->runs[i]))
                afmon_serve_publish_list(server);
        afmon_http_wake(server->http);
        rest(server);
    }
    return NULL;
}
