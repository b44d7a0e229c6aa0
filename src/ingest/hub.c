#include "ingest/hub.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/quiet.h"
#include "ingest/threads.h"

#define FULL_NS INT64_C(10000000) /* so long after there was no room for a ring the next one is tried */
#define RESERVE 16                /* drained rings that wait for a new thread */

static int membarrier(int command)
{
    return (int)syscall(SYS_membarrier, command, 0, 0);
}

int afmon_hub_init(struct afmon_hub *hub, struct afmon_process_page *page, struct afmon_session *session,
                   uint64_t serial, const afmon_options *options)
{
    memset(hub, 0, sizeof *hub);
    hub->page = page;
    hub->session = session;
    hub->serial = serial;
    hub->ring_bytes = options->ring_bytes;
    hub->on_full = options->on_full;
    hub->host = options->host;
    /* where it is not to be had, afmon_hub_refuse waits instead */
    (void)membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    if (sem_init(&hub->wake, 0, 0) != 0)
        return errno;
    int failure = pthread_mutex_init(&hub->lock, NULL);
    if (failure != 0)
        sem_destroy(&hub->wake);
    return failure;
}

void afmon_hub_wake(struct afmon_hub *hub)
{
    if (atomic_exchange_explicit(&hub->sleeping, 0, memory_order_acq_rel) != 0)
        sem_post(&hub->wake);
}

void afmon_producer_room(struct afmon_producer *producer)
{
    /* An exchange on either side: either the producer, which looks for room after its own, sees the new head, or this
     * one sees that it waits. */
    if (atomic_exchange_explicit(&producer->waiting, 0, memory_order_seq_cst) != 0)
        sem_post(&producer->room);
}

void afmon_producer_advance(struct afmon_producer *producer, uint64_t until)
{
    atomic_store_explicit(&producer->head, until, memory_order_release);
    afmon_producer_room(producer);
}

void afmon_producer_give_up(struct afmon_producer *producer)
{
    uint64_t samples = atomic_load_explicit(&producer->counts.samples, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&producer->tail, memory_order_acquire);
    uint64_t given_up = samples > producer->delivered ? samples - producer->delivered : 0;
    producer->delivered += given_up;
    afmon_count(&producer->hub->cut_off, given_up);
    (void)afmon_ring_advance(&producer->ring, tail);
    atomic_store_explicit(&producer->stored, tail, memory_order_release);
    afmon_producer_advance(producer, tail);
}

bool afmon_producer_check_file(struct afmon_producer *producer)
{
    bool whole = afmon_ring_check_file(&producer->ring);
    if (afmon_ring_is_broken(&producer->ring) && !producer->moved) {
        producer->moved = true;
        atomic_store_explicit(&producer->hub->ring_moved, 1, memory_order_relaxed);
    }
    if (whole)
        return false;
    afmon_producer_give_up(producer);
    return true;
}

/* ---- making producers ---- */

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
    afmon_ring_file_name(hub->serial, producer->number, producer->file);
    if (hub->host.wait_begin != NULL)
        hub->host.wait_begin(hub->host.user); /* a disk may take its time */
    afmon_quiet_begin(&quiet);
    int failure = afmon_ring_create(&producer->ring, hub->session->place.folder, producer->file, hub->serial, capacity,
                                    &producer->nudge_at);
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
    return afmon_ring_create_anonymous(&producer->ring, hub->serial, capacity) == 0 ? AFMON_OK : AFMON_E_NO_MEMORY;
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

static void drop_ring(struct afmon_hub *hub, struct afmon_producer *producer, bool remove)
{
    bool in_file = producer->ring.in_file;
    afmon_ring_free(&producer->ring);
    if (remove && in_file)
        unlinkat(hub->session->place.folder, producer->file, 0);
}

static bool list_producer(struct afmon_hub *hub, struct afmon_producer *producer)
{
    pthread_mutex_lock(&hub->lock);
    bool listed = !hub->ended && add_to_list(hub, producer);
    pthread_mutex_unlock(&hub->lock);
    if (!listed) {
        drop_ring(hub, producer, true);
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

static bool is_drained(const struct afmon_producer *producer)
{
    uint64_t tail = atomic_load_explicit(&producer->tail, memory_order_acquire);
    return atomic_load_explicit(&producer->head, memory_order_acquire) == tail &&
           atomic_load_explicit(&producer->stored, memory_order_acquire) == tail;
}

static bool may_be_taken_over(const struct afmon_hub *hub, const struct afmon_producer *producer)
{
    return producer->ring.capacity == hub->ring_bytes && !afmon_ring_is_broken(&producer->ring);
}

/* A drained ring whose thread has ended goes on in a new thread. */
static struct afmon_producer *take_over(struct afmon_hub *hub)
{
    struct afmon_producer *found = NULL;
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < hub->count && found == NULL; i++) {
        struct afmon_producer *producer = hub->producers[i];
        if (atomic_load_explicit(&producer->retired, memory_order_acquire) != 0 && may_be_taken_over(hub, producer) &&
            is_drained(producer)) {
            found = producer;
            atomic_store_explicit(&producer->retired, 0, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return found;
}

afmon_status afmon_hub_attach(struct afmon_hub *hub)
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

static uint64_t capacity_for(uint32_t length)
{
    uint64_t capacity = 4096;
    while (capacity < length)
        capacity *= 2;
    return capacity;
}

afmon_status afmon_producer_put_large(struct afmon_producer *producer, const struct afmon_draft *draft, int64_t boot_ns)
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
        drop_ring(hub, own, true);
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

/* ---- the consumer's side ---- */

bool afmon_hub_list(struct afmon_hub *hub, struct afmon_producer ***list, size_t *count, size_t *capacity)
{
    bool fits = true;
    pthread_mutex_lock(&hub->lock);
    if (hub->count > *capacity) {
        struct afmon_producer **bigger = realloc(*list, hub->capacity * sizeof(struct afmon_producer *));
        fits = bigger != NULL;
        if (fits) {
            *list = bigger;
            *capacity = hub->capacity;
        }
    }
    *count = fits ? hub->count : 0;
    if (*count > 0)
        memcpy(*list, hub->producers, *count * sizeof(struct afmon_producer *));
    pthread_mutex_unlock(&hub->lock);
    return fits;
}

static void add_counts(struct afmon_producer_counts *into, const struct afmon_producer_counts *from)
{
    _Atomic uint64_t *to = &into->samples;
    const _Atomic uint64_t *of = &from->samples;
    for (size_t i = 0; i < sizeof *into / sizeof *to; i++)
        afmon_count(&to[i], atomic_load_explicit(&of[i], memory_order_relaxed));
}

void afmon_hub_tidy(struct afmon_hub *hub)
{
    size_t spare = 0;
    pthread_mutex_lock(&hub->lock);
    for (size_t i = hub->count; i > 0; i--) {
        struct afmon_producer *producer = hub->producers[i - 1];
        if (atomic_load_explicit(&producer->retired, memory_order_acquire) == 0 || !is_drained(producer))
            continue;
        if (may_be_taken_over(hub, producer) && ++spare <= RESERVE)
            continue;
        add_counts(&hub->gone, &producer->counts);
        hub->producers[i - 1] = hub->producers[--hub->count];
        drop_ring(hub, producer, true);
        afmon_producer_release(producer);
    }
    pthread_mutex_unlock(&hub->lock);
}

static void add_to_sums(struct afmon_hub_sums *sums, const struct afmon_producer_counts *counts)
{
#define READ(name) atomic_load_explicit(&counts->name, memory_order_relaxed)
    sums->samples += READ(samples);
    sums->logs += READ(logs);
    sums->waits += READ(waits);
    sums->wait_ns += READ(wait_ns);
    sums->cost_ns += READ(cost_ns);
    sums->cost_calls += READ(cost_calls);
    sums->dropped.full += READ(dropped_full);
    sums->dropped.unwritable += READ(dropped_unwritable);
    sums->dropped.too_big += READ(dropped_too_big);
    sums->dropped.no_memory += READ(dropped_no_memory);
#undef READ
}

void afmon_hub_sum(struct afmon_hub *hub, struct afmon_hub_sums *sums)
{
    memset(sums, 0, sizeof *sums);
    pthread_mutex_lock(&hub->lock);
    add_to_sums(sums, &hub->gone);
    for (size_t i = 0; i < hub->count; i++) {
        uint64_t head = atomic_load_explicit(&hub->producers[i]->head, memory_order_acquire);
        uint64_t tail = atomic_load_explicit(&hub->producers[i]->tail, memory_order_acquire);
        add_to_sums(sums, &hub->producers[i]->counts);
        sums->bytes_queued += tail > head ? tail - head : 0;
    }
    sums->rings = hub->count;
    sums->dropped.unwritable += atomic_load_explicit(&hub->cut_off, memory_order_relaxed) +
                                atomic_load_explicit(&hub->refused, memory_order_relaxed);
    pthread_mutex_unlock(&hub->lock);
}

/* ---- closing ---- */

static bool any_active(struct afmon_hub *hub)
{
    bool active = false;
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < hub->count && !active; i++)
        active = atomic_load_explicit(&hub->producers[i]->active, memory_order_acquire) != 0;
    pthread_mutex_unlock(&hub->lock);
    return active;
}

static uint64_t count_records(const struct afmon_producer *producer)
{
    const struct afmon_ring *ring = &producer->ring;
    uint64_t records = 0;
    uint64_t at = atomic_load_explicit(&producer->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&producer->tail, memory_order_acquire);
    while (at < tail && afmon_record_check(afmon_ring_at(ring, at), afmon_ring_contiguous(ring, at, tail))) {
        struct afmon_record head;
        memcpy(&head, afmon_ring_at(ring, at), 8);
        records += head.kind == AFMON_RECORD_PAD ? 0 : 1;
        at += head.length;
    }
    return records;
}

void afmon_hub_refuse(struct afmon_hub *hub)
{
    atomic_store_explicit(&hub->page->serial, 0, memory_order_seq_cst);
    if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) {
        struct timespec while_stores_arrive = {.tv_nsec = 10000000};
        nanosleep(&while_stores_arrive, NULL);
    }
    while (any_active(hub)) {
        afmon_hub_wake(hub); /* it may wait for room */
        sched_yield();
    }
}

uint64_t afmon_hub_end(struct afmon_hub *hub)
{
    uint64_t left = 0;
    pthread_mutex_lock(&hub->lock);
    hub->ended = true;
    for (size_t i = 0; i < hub->count; i++) {
        struct afmon_producer *producer = hub->producers[i];
        uint64_t records = count_records(producer);
        left += records;
        add_counts(&hub->gone, &producer->counts);
        drop_ring(hub, producer, records == 0);
        afmon_producer_release(producer);
    }
    hub->count = 0;
    pthread_mutex_unlock(&hub->lock);
    return left;
}

void afmon_hub_free(struct afmon_hub *hub)
{
    free(hub->producers);
    pthread_mutex_destroy(&hub->lock);
    sem_destroy(&hub->wake);
}
