/* The producer's side of the rings: called by threads that record. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "ingest/threads.h"

#define WAIT_NS INT64_C(20000000) /* so long at most between two looks for room */

void afmon_hub_wake(struct afmon_hub *hub)
{
    if (atomic_exchange_explicit(&hub->sleeping, 0, memory_order_acq_rel) != 0)
        sem_post(&hub->wake);
}

struct afmon_producer *afmon_hub_enter(const struct afmon_process_page *page)
{
    uint64_t serial = atomic_load_explicit(&page->serial, memory_order_acquire);
    struct afmon_producer *producer = afmon_thread_last.producer;
    if (__builtin_expect(afmon_thread_last.serial != serial, 0)) {
        producer = serial == 0 ? NULL : afmon_thread_find(serial);
        if (producer == NULL)
            return NULL;
    }
    /* The store before the load, without the price of a fence: who closes pays it, by membarrier(2) (afmon_hub_refuse).
     */
    atomic_store_explicit(&producer->active, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(atomic_load_explicit(&page->serial, memory_order_relaxed) != serial, 0)) {
        afmon_hub_leave(producer);
        return NULL;
    }
    return producer;
}

static uint64_t own_tail(const struct afmon_producer *producer)
{
    return atomic_load_explicit(&producer->tail, memory_order_relaxed);
}

static uint64_t free_bytes(const struct afmon_producer *producer)
{
    return producer->ring.capacity - (own_tail(producer) - producer->head_seen);
}

static uint64_t look_for_room(struct afmon_producer *producer)
{
    producer->head_seen = atomic_load_explicit(&producer->head, memory_order_acquire);
    return free_bytes(producer);
}

static void sleep_for_room(struct afmon_producer *producer)
{
    int64_t until = afmon_boot_ns() + WAIT_NS;
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_nsec += (long)WAIT_NS;
    if (deadline.tv_nsec >= AFMON_NS_PER_S) {
        deadline.tv_nsec -= (long)AFMON_NS_PER_S;
        deadline.tv_sec++;
    }
    while (sem_clockwait(&producer->room, CLOCK_MONOTONIC, &deadline) != 0 && errno == EINTR && afmon_boot_ns() < until)
        ;
}

/* The ring is full: waits, or drops. True where there is room now. */
static bool wait_for_room(struct afmon_producer *producer, uint64_t needed, afmon_status *status)
{
    struct afmon_hub *hub = producer->hub;
    bool is_consumer = atomic_load_explicit(&hub->has_consumer, memory_order_acquire) != 0 &&
                       pthread_equal(hub->consumer, pthread_self()) != 0;
    if (hub->on_full == AFMON_FULL_DROP || is_consumer) {
        afmon_count(&producer->counts.dropped_full, 1);
        *status = AFMON_E_FULL;
        return false;
    }
    int64_t began = afmon_boot_ns();
    bool room = false;
    *status = AFMON_OK;
    if (hub->host.wait_begin != NULL)
        hub->host.wait_begin(hub->host.user);
    while (!room && *status == AFMON_OK) {
        (void)atomic_exchange_explicit(&producer->waiting, 1, memory_order_seq_cst);
        room = look_for_room(producer) >= needed;
        if (!room && atomic_load_explicit(&hub->unwritable, memory_order_acquire) != 0) {
            *status = AFMON_E_UNWRITABLE;
        } else if (!room) {
            afmon_hub_wake(hub);
            sleep_for_room(producer);
        }
    }
    atomic_store_explicit(&producer->waiting, 0, memory_order_relaxed);
    afmon_count(&producer->counts.waits, 1);
    afmon_count(&producer->counts.wait_ns, (uint64_t)(afmon_boot_ns() - began));
    if (hub->host.wait_end != NULL)
        hub->host.wait_end(hub->host.user);
    if (!room)
        afmon_count(&producer->counts.dropped_unwritable, 1);
    return room;
}

/* What was put in, or the header with its tail, is not in the ring's file: it may not be used any more. What was put in
 * before is; so its tail goes back, in the file, too, if it got there. */
static afmon_status refuse(struct afmon_producer *producer)
{
    atomic_store_explicit(&producer->ring.header->tail, own_tail(producer), memory_order_release);
    afmon_count(&producer->counts.dropped_unwritable, 1);
    return AFMON_E_UNWRITABLE;
}

/* Half full: the consumer should look here before it is full. Looked at again after another eighth. False: a fault has
 * rung the alarm. */
static bool nudge(struct afmon_producer *producer)
{
    uint64_t capacity = producer->ring.capacity;
    uint64_t room = look_for_room(producer);
    uint64_t next = room < capacity / 2 ? own_tail(producer) + capacity / 8 : producer->head_seen + capacity / 2;
    atomic_store_explicit(&producer->nudge_at, next, memory_order_relaxed);
    if (room < capacity / 2)
        afmon_hub_wake(producer->hub);
    return !afmon_ring_is_broken(&producer->ring);
}

/* The tail in the ring's header first: what the consumer sees is there for a recovery, too. Either store into the
 * mapping, that of the record and that of the tail, may have faulted. */
afmon_status afmon_producer_commit(struct afmon_producer *producer, uint32_t length)
{
    uint64_t tail = own_tail(producer) + length;
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(tail >= atomic_load_explicit(&producer->nudge_at, memory_order_relaxed), 0) &&
        !nudge(producer))
        return refuse(producer);
    atomic_store_explicit(&producer->ring.header->tail, tail, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(atomic_load_explicit(&producer->nudge_at, memory_order_relaxed) == 0, 0))
        return refuse(producer);
    atomic_store_explicit(&producer->tail, tail, memory_order_release);
    return AFMON_OK;
}

static afmon_status put_pad(struct afmon_producer *producer, unsigned char *at, uint64_t length)
{
    struct afmon_record pad = {.length = (uint32_t)length, .kind = AFMON_RECORD_PAD};
    memcpy(at, &pad, 8);
    return afmon_producer_commit(producer, (uint32_t)length);
}

unsigned char *afmon_producer_reserve(struct afmon_producer *producer, uint32_t length, afmon_status *status)
{
    uint64_t mask = producer->ring.capacity - 1;
    uint64_t to_end = producer->ring.capacity - (own_tail(producer) & mask);
    uint64_t pad = to_end < length ? to_end : 0;
    if (__builtin_expect(free_bytes(producer) < length + pad, 0) && look_for_room(producer) < length + pad &&
        !wait_for_room(producer, length + pad, status))
        return NULL;
    if (__builtin_expect(pad != 0, 0)) {
        *status = put_pad(producer, producer->ring.data + (own_tail(producer) & mask), pad);
        if (*status != AFMON_OK)
            return NULL;
    }
    return producer->ring.data + (own_tail(producer) & mask);
}

void afmon_producer_leave(struct afmon_producer *producer, afmon_status status)
{
    bool broken = __builtin_expect(status == AFMON_E_UNWRITABLE, 0) && afmon_ring_is_broken(&producer->ring);
    afmon_hub_leave(producer);
    if (broken)
        afmon_thread_remove(producer);
}

bool afmon_hub_thread_is_behind(const struct afmon_process_page *page)
{
    uint64_t serial = atomic_load_explicit(&page->serial, memory_order_acquire);
    const struct afmon_producer *producer = serial == 0 ? NULL : afmon_thread_find(serial);
    return producer != NULL && atomic_load_explicit(&producer->stored, memory_order_acquire) < own_tail(producer);
}
