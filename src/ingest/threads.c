#include "ingest/threads.h"

#include <stdlib.h>

_Thread_local struct afmon_thread_last afmon_thread_last = {.serial = UINT64_MAX, .producer = NULL};

/* The thread's list; behind the key, so that it is let go of when the thread ends. */
struct directory {
    size_t count;
    size_t capacity;
    struct afmon_producer **producers;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

void afmon_producer_release(struct afmon_producer *producer)
{
    if (atomic_fetch_sub_explicit(&producer->references, 1, memory_order_acq_rel) == 1) {
        sem_destroy(&producer->room);
        free(producer);
    }
}

static void thread_ends(void *value)
{
    struct directory *directory = value;
    afmon_thread_last = (struct afmon_thread_last){.serial = UINT64_MAX, .producer = NULL};
    for (size_t i = 0; i < directory->count; i++) {
        atomic_store_explicit(&directory->producers[i]->retired, 1, memory_order_release);
        afmon_producer_release(directory->producers[i]);
    }
    free(directory->producers);
    free(directory);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, thread_ends) == 0;
}

static struct directory *own_directory(void)
{
    pthread_once(&once, make_key);
    return key_made ? pthread_getspecific(key) : NULL;
}

struct afmon_producer *afmon_thread_find(uint64_t serial)
{
    const struct directory *directory = own_directory();
    for (size_t i = 0; directory != NULL && i < directory->count; i++) {
        if (directory->producers[i]->serial == serial) {
            afmon_thread_last = (struct afmon_thread_last){serial, directory->producers[i]};
            return directory->producers[i];
        }
    }
    return NULL;
}

/* Only the thread's reference is left: the hub is gone. */
static void sweep(struct directory *directory)
{
    size_t kept = 0;
    for (size_t i = 0; i < directory->count; i++) {
        struct afmon_producer *producer = directory->producers[i];
        if (atomic_load_explicit(&producer->references, memory_order_acquire) > 1) {
            directory->producers[kept++] = producer;
            continue;
        }
        if (afmon_thread_last.producer == producer)
            afmon_thread_last = (struct afmon_thread_last){.serial = UINT64_MAX, .producer = NULL};
        afmon_producer_release(producer);
    }
    directory->count = kept;
}

void afmon_thread_remove(struct afmon_producer *producer)
{
    struct directory *directory = own_directory();
    for (size_t i = 0; directory != NULL && i < directory->count; i++) {
        if (directory->producers[i] != producer)
            continue;
        directory->producers[i] = directory->producers[--directory->count];
        if (afmon_thread_last.producer == producer)
            afmon_thread_last = (struct afmon_thread_last){.serial = UINT64_MAX, .producer = NULL};
        atomic_store_explicit(&producer->retired, 1, memory_order_release);
        afmon_producer_release(producer);
        return;
    }
}

static struct directory *make_directory(void)
{
    struct directory *directory = own_directory();
    if (directory != NULL || !key_made)
        return directory;
    directory = calloc(1, sizeof *directory);
    if (directory != NULL && pthread_setspecific(key, directory) != 0) {
        free(directory);
        return NULL;
    }
    return directory;
}

bool afmon_thread_add(struct afmon_producer *producer)
{
    struct directory *directory = make_directory();
    if (directory == NULL)
        return false;
    sweep(directory);
    if (directory->count == directory->capacity) {
        size_t capacity = directory->capacity == 0 ? 4 : directory->capacity * 2;
        struct afmon_producer **bigger = realloc(directory->producers, capacity * sizeof *bigger);
        if (bigger == NULL)
            return false;
        directory->producers = bigger;
        directory->capacity = capacity;
    }
    directory->producers[directory->count++] = producer;
    afmon_thread_last = (struct afmon_thread_last){producer->serial, producer};
    return true;
}
