#include "dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "dataset_read.h"

struct gen_dataset {
    int fd;
    pthread_mutex_t mutex;
    gen_index_set present;
};

static void explain(char *error, size_t size, const char *path, const char *what)
{
    snprintf(error, size, "%s: %s", path, what);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static const char *check_file(int fd, bool resume)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return strerror(errno);
    if (!S_ISREG(info.st_mode))
        return "not a regular file; the data set needs one";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? "another process is writing to it" : strerror(errno);
    if (fstat(fd, &info) != 0)
        return strerror(errno);
    if (info.st_size > 0 && !resume)
        return "it exists and is not empty; add --resume to go on with it, or name another file";
    return NULL;
}

static gen_dataset *make(int fd, uint64_t count, bool resume)
{
    gen_dataset *dataset = calloc(1, sizeof *dataset);
    if (dataset == NULL)
        return NULL;
    dataset->fd = fd;
    if (pthread_mutex_init(&dataset->mutex, NULL) != 0) {
        free(dataset);
        return NULL;
    }
    if (!resume || gen_index_set_init(&dataset->present, count))
        return dataset;
    pthread_mutex_destroy(&dataset->mutex);
    free(dataset);
    return NULL;
}

gen_dataset *gen_dataset_open(const char *path, bool resume, uint64_t count, gen_dataset_found *found, char *error,
                              size_t size)
{
    *found = (gen_dataset_found){0};
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0) {
        explain(error, size, path, strerror(errno));
        return NULL;
    }
    const char *problem = check_file(fd, resume);
    gen_dataset *dataset = problem == NULL ? make(fd, count, resume) : NULL;
    if (problem == NULL && dataset == NULL)
        problem = "out of memory";
    if (problem == NULL && resume)
        problem = gen_dataset_read(fd, &dataset->present, found);
    if (problem == NULL)
        return dataset;
    explain(error, size, path, problem);
    if (dataset != NULL)
        gen_dataset_close(dataset);
    else
        close(fd);
    return NULL;
}

bool gen_dataset_has(const gen_dataset *dataset, uint64_t index)
{
    return gen_index_set_has(&dataset->present, index);
}

bool gen_dataset_close(gen_dataset *dataset)
{
    if (dataset == NULL)
        return true;
    bool synced = fsync(dataset->fd) == 0;
    bool closed = close(dataset->fd) == 0;
    gen_index_set_free(&dataset->present);
    pthread_mutex_destroy(&dataset->mutex);
    free(dataset);
    return synced && closed;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static json_t *message_list(const gen_conversation *c)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < c->count; i++) {
        json_t *message =
            json_pack("{s:s, s:s}", "role", gen_role_name(c->messages[i].role), "content", c->messages[i].content);
        const char *reasoning = c->messages[i].reasoning;
        bool ok = message != NULL &&
                  (reasoning == NULL || json_object_set_new(message, "reasoning_content", json_string(reasoning)) == 0);
        if (!ok)
            json_decref(message);
        if (!ok || json_array_append_new(list, message) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *metadata(const gen_conversation *c, uint64_t seed)
{
    /* s? and o? would write null for what is not known; such keys are left out instead. */
    json_t *m = json_pack("{s:I, s:i, s:i, s:I, s:f}", "index", (json_int_t)c->index, "turns", (int)c->turns,
                          "planned_turns", (int)c->planned_turns, "seed", (json_int_t)seed, "duration", c->duration_s);
    bool ok = m != NULL;
    if (ok && c->topic != NULL)
        ok = json_object_set_new(m, "topic", json_string(c->topic)) == 0;
    if (ok && c->model[0] != '\0')
        ok = json_object_set_new(m, "model", json_string(c->model)) == 0;
    if (ok && c->prompt_tokens > 0)
        ok = json_object_set_new(m, "prompt_tokens", json_integer((json_int_t)c->prompt_tokens)) == 0;
    if (ok && c->completion_tokens > 0)
        ok = json_object_set_new(m, "completion_tokens", json_integer((json_int_t)c->completion_tokens)) == 0;
    if (ok)
        return m;
    json_decref(m);
    return NULL;
}

char *gen_dataset_line(const gen_conversation *conversation, uint64_t seed)
{
    json_t *line = json_object();
    bool ok = line != NULL && json_object_set_new(line, "conversations", message_list(conversation)) == 0 &&
              json_object_set_new(line, "metadata", metadata(conversation, seed)) == 0;
    char *text = ok ? json_dumps(line, JSON_REAL_PRECISION(6)) : NULL;
    json_decref(line);
    if (text == NULL)
        return NULL;
    size_t length = strlen(text);
    char *longer = realloc(text, length + 2);
    if (longer == NULL) {
        free(text);
        return NULL;
    }
    memcpy(longer + length, "\n", 2);
    return longer;
}

/* The lock and the mutex are held: nobody else writes, so that a half-written line can be taken back. */
static bool write_line(int fd, const char *line, size_t length, char *error, size_t size)
{
    off_t before = lseek(fd, 0, SEEK_END);
    ssize_t written;
    do
        written = write(fd, line, length);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)length)
        return true;
    int reason = written < 0 ? errno : ENOSPC;
    if (written > 0 && (before < 0 || ftruncate(fd, before) != 0))
        snprintf(error, size, "%s, and the last line is torn (--resume mends it)", strerror(reason));
    else
        snprintf(error, size, "%s", strerror(reason));
    return false;
}

bool gen_dataset_append(gen_dataset *dataset, const gen_conversation *conversation, uint64_t seed, char *error,
                        size_t size)
{
    char *line = gen_dataset_line(conversation, seed);
    if (line == NULL) {
        snprintf(error, size, "out of memory");
        return false;
    }
    pthread_mutex_lock(&dataset->mutex);
    bool ok = write_line(dataset->fd, line, strlen(line), error, size);
    pthread_mutex_unlock(&dataset->mutex);
    free(line);
    return ok;
}
