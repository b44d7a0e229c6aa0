/* Threads get their rings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/quiet.h"
#include "ingest/hub_internal.h"
#include "ingest/threads.h"

#define FULL_NS INT64_C(10000000) /* so long after there was no room for a ring the next one is tried */

static bool add_to_list(struct afmon_hub *hub, struct afmon_producer *producer)
{
    if (hub->count == hub->capacity) {
        size_t capacity = hub->capacity == 0 ? 16 : hub->capacity * 2;
        struct afmon_producer **bigger = realloc(hub->producers, capacity * sizeof(struct afmon_producer *));
        if (bigger == NULL)
            return false;
        hub->producers = bigger;
        hub->capacity = capacity;
    }
    hub->producers[hub->count++] = producer;
    return true;
}

/* It may be over soon: a record is refused rather than taken into memory, where it would not outlive the process. */
static bool is_for_now(int failure)
{
    return failure == ENOSPC || failure == EDQUOT || failure == EIO || failure == EFBIG || failure == EROFS;
}

static int make_ring_file(struct afmon_hub *hub, struct afmon_producer *producer, uint64_t capacity)
{
    struct afmon_quiet quiet;
    int64_t now = afmon_boot_ns();
    if (now < atomic_load_explicit(&hub->full_until_ns, memory_order_relaxed))
        return ENOSPC;
    if (hub->session->serial != producer->serial)
        return EIO; /* a new session that could not be written whole yet */
    if (!afmon_private_is_open(&hub->session->place))
        return EBADF;
    afmon_ring_file_name(producer->serial, producer->number, producer->file);
    if (hub->host.wait_begin != NULL)
        hub->host.wait_begin(hub->host.user); /* a disk may take its time */
    afmon_quiet_begin(&quiet);
    int failure = afmon_ring_create(&producer->ring, hub->session->place.folder, producer->file, producer->serial,
                                    capacity, &producer->nudge_at);
    afmon_quiet_end(&quiet);
    if (hub->host.wait_end != NULL)
        hub->host.wait_end(hub->host.user);
    if (is_for_now(failure))
        atomic_store_explicit(&hub->full_until_ns, now + FULL_NS, memory_order_relaxed);
    return failure;
}

/* A ring in a file. Where there is no room for it, none. Where it cannot be for another reason (too many files), in
 * anonymous memory, and the consumer is told. */
static afmon_status make_ring(struct afmon_hub *hub, struct afmon_producer *producer, uint64_t capacity)
{
    int failure = hub->session != NULL ? make_ring_file(hub, producer, capacity) : 0;
    if (hub->session != NULL && failure == 0)
        return AFMON_OK;
    if (is_for_now(failure)) {
        atomic_fetch_add_explicit(&hub->refused, 1, memory_order_relaxed);
        return AFMON_E_UNWRITABLE;
    }
    if (failure != 0)
        atomic_store_explicit(&hub->ring_error, failure, memory_order_relaxed);
    return afmon_ring_create_anonymous(&producer->ring, producer->serial, capacity) == 0 ? AFMON_OK : AFMON_E_NO_MEMORY;
}

static struct afmon_producer *new_producer(struct afmon_hub *hub, uint64_t capacity, afmon_status *status)
{
    struct afmon_producer *producer = aligned_alloc(64, (sizeof *producer + 63) & ~(size_t)63);
    *status = AFMON_E_NO_MEMORY;
    if (producer == NULL)
        return NULL;
    memset(producer, 0, sizeof *producer);
    if (sem_init(&producer->room, 0, 0) != 0) {
        free(producer);
        return NULL;
    }
    atomic_store_explicit(&producer->references, 1, memory_order_relaxed);
    producer->hub = hub;
    producer->serial = hub->serial;
    atomic_store_explicit(&producer->nudge_at, capacity / 2, memory_order_relaxed);
    pthread_mutex_lock(&hub->lock);
    producer->number = hub->rings_made++;
    pthread_mutex_unlock(&hub->lock);
    *status = make_ring(hub, producer, capacity);
    if (*status == AFMON_OK)
        return producer;
    afmon_producer_release(producer);
    return NULL;
}

void afmon_producer_drop_ring(struct afmon_hub *hub, struct afmon_producer *producer, bool remove)
{
    bool in_file = producer->ring.in_file;
    afmon_ring_free(&producer->ring);
    if (remove && in_file && afmon_private_is_open(&hub->session->place))
        unlinkat(hub->session->place.folder, producer->file, 0);
}

static bool list_producer(struct afmon_hub *hub, struct afmon_producer *producer)
{
    pthread_mutex_lock(&hub->lock);
    bool listed = !hub->ended && add_to_list(hub, producer);
    pthread_mutex_unlock(&hub->lock);
    if (!listed) {
        afmon_producer_drop_ring(hub, producer, true);
        afmon_producer_release(producer);
    }
    return listed;
}

static bool has_ended(struct afmon_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    bool ended = hub->ended;
    pthread_mutex_unlock(&hub->lock);
    return ended;
}

bool afmon_producer_is_drained(const struct afmon_producer *producer)
{
    uint64_t tail = atomic_load_explicit(&producer->tail, memory_order_acquire);
    return atomic_load_explicit(&producer->head, memory_order_acquire) == tail &&
           atomic_load_explicit(&producer->stored, memory_order_acquire) == tail;
}

bool afmon_producer_may_go_on(const struct afmon_hub *hub, const struct afmon_producer *producer)
{
    return producer->serial == hub->serial && producer->ring.capacity == hub->ring_bytes &&
           !afmon_ring_is_broken(&producer->ring);
}

/* A drained ring whose thread has ended goes on in a new thread. */
static struct afmon_producer *take_over(struct afmon_hub *hub)
{
    struct afmon_producer *found = NULL;
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < hub->count && found == NULL; i++) {
        struct afmon_producer *producer = hub->producers[i];
        if (atomic_load_explicit(&producer->retired, memory_order_acquire) != 0 &&
            afmon_producer_may_go_on(hub, producer) && afmon_producer_is_drained(producer)) {
            found = producer;
            atomic_store_explicit(&producer->retired, 0, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return found;
}

static afmon_status attach(struct afmon_hub *hub)
{
    struct afmon_producer *producer = take_over(hub);
    if (producer == NULL) {
        afmon_status status;
        producer = new_producer(hub, hub->ring_bytes, &status);
        if (producer == NULL)
            return has_ended(hub) ? AFMON_E_CLOSED : status;
        if (!list_producer(hub, producer))
            return has_ended(hub) ? AFMON_E_CLOSED : AFMON_E_NO_MEMORY;
    }
    atomic_fetch_add_explicit(&producer->references, 1, memory_order_relaxed);
    if (afmon_thread_add(producer))
        return AFMON_OK;
    atomic_fetch_sub_explicit(&producer->references, 1, memory_order_relaxed);
    atomic_store_explicit(&producer->retired, 1, memory_order_release);
    return AFMON_E_NO_MEMORY;
}

afmon_status afmon_hub_attach(struct afmon_hub *hub)
{
    pthread_rwlock_rdlock(&hub->moving);
    afmon_status status = attach(hub);
    pthread_rwlock_unlock(&hub->moving);
    return status;
}

static uint64_t capacity_for(uint32_t length)
{
    uint64_t capacity = 4096;
    while (capacity < length)
        capacity *= 2;
    return capacity;
}

static afmon_status put_large(struct afmon_producer *producer, const struct afmon_draft *draft, int64_t boot_ns)
{
    struct afmon_hub *hub = producer->hub;
    if (atomic_load_explicit(&hub->unwritable, memory_order_acquire) != 0) {
        afmon_count(&producer->counts.dropped_unwritable, 1);
        return AFMON_E_UNWRITABLE;
    }
    afmon_status status;
    struct afmon_producer *own = new_producer(hub, capacity_for(draft->length), &status);
    if (own == NULL) {
        if (status == AFMON_E_NO_MEMORY)
            afmon_count(&producer->counts.dropped_no_memory, 1);
        return status;
    }
    afmon_draft_write(draft, own->ring.data, boot_ns);
    atomic_store_explicit(&own->ring.header->tail, draft->length, memory_order_release);
    if (afmon_ring_is_broken(&own->ring)) {
        afmon_producer_drop_ring(hub, own, true);
        afmon_producer_release(own);
        afmon_count(&producer->counts.dropped_unwritable, 1);
        return AFMON_E_UNWRITABLE;
    }
    atomic_store_explicit(&own->tail, draft->length, memory_order_release);
    atomic_store_explicit(&own->retired, 1, memory_order_relaxed);
    if (!list_producer(hub, own)) {
        afmon_count(&producer->counts.dropped_no_memory, 1);
        return AFMON_E_NO_MEMORY;
    }
    afmon_hub_wake(hub);
    return AFMON_OK;
}

afmon_status afmon_producer_put_large(struct afmon_producer *producer, const struct afmon_draft *draft, int64_t boot_ns)
{
    pthread_rwlock_rdlock(&producer->hub->moving);
    afmon_status status = put_large(producer, draft, boot_ns);
    pthread_rwlock_unlock(&producer->hub->moving);
    return status;
}
