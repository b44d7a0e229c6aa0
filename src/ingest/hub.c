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
#include "ingest/hub_internal.h"
#include "ingest/threads.h"

#define RESERVE 16 /* drained rings that wait for a new thread */

static int membarrier(int command)
{
    return (int)syscall(SYS_membarrier, command, 0, 0);
}

/* What a thread has stored before it is seen here, and what was stored here before is seen by it. */
static void barrier(void)
{
    if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) {
        struct timespec while_stores_arrive = {.tv_nsec = 10000000};
        nanosleep(&while_stores_arrive, NULL);
    }
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
    /* where it is not to be had, barrier waits instead */
    (void)membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    if (sem_init(&hub->wake, 0, 0) != 0)
        return errno;
    int failure = pthread_rwlock_init(&hub->moving, NULL);
    if (failure == 0 && (failure = pthread_mutex_init(&hub->lock, NULL)) != 0)
        pthread_rwlock_destroy(&hub->moving);
    if (failure != 0)
        sem_destroy(&hub->wake);
    return failure;
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

/* ---- the consumer's side ---- */

void afmon_hub_move_begin(struct afmon_hub *hub)
{
    pthread_rwlock_wrlock(&hub->moving);
}

/* The page's serial stays as it is where the monitor is closing. After the barrier a thread that is not seen as active
 * sees the new serial, and never records into its old ring again. */
void afmon_hub_move_end(struct afmon_hub *hub, uint64_t serial)
{
    uint64_t old = hub->serial;
    if (serial != old) {
        hub->serial = serial;
        (void)atomic_compare_exchange_strong(&hub->page->serial, &old, serial);
        barrier();
    }
    pthread_rwlock_unlock(&hub->moving);
}

bool afmon_producer_is_retired(const struct afmon_producer *producer)
{
    return atomic_load_explicit(&producer->retired, memory_order_acquire) != 0 ||
           (producer->serial != producer->hub->serial &&
            atomic_load_explicit(&producer->active, memory_order_acquire) == 0);
}

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
        if (!afmon_producer_is_retired(producer) || !afmon_producer_is_drained(producer))
            continue;
        if (afmon_producer_may_go_on(hub, producer) && ++spare <= RESERVE)
            continue;
        add_counts(&hub->gone, &producer->counts);
        hub->producers[i - 1] = hub->producers[--hub->count];
        afmon_producer_drop_ring(hub, producer, true);
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
    barrier();
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
        afmon_producer_drop_ring(hub, producer, records == 0);
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
    pthread_rwlock_destroy(&hub->moving);
    sem_destroy(&hub->wake);
}
