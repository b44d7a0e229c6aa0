/* The producers of one session: a ring for each thread that records.
 *
 * Fast path (afmon_hub_enter): a thread finds its ring in thread-local memory; no lock, no system call, wait-free while
 * there is room. The first record of a thread makes a ring, or takes over one that an ended thread left drained.
 *
 * Lifetimes. A producer is referred to by its thread and by the hub, and freed by whoever lets go last. A thread lets
 * go when it ends (a thread-specific destructor) or, after the hub was closed, when it next attaches anywhere. So a
 * thread's own pointer to its producer is always valid, and the hub may be freed while threads live on. This directory
 * of a thread's own rings, and the key of its destructor, are the only things in the library that are not inside a
 * monitor; no thread sees another one's.
 *
 * Fork. The page with the serial is wiped in a child (MADV_WIPEONFORK), so that every fast path there misses; the ring
 * mappings are not inherited. See monitor/process.h.
 *
 * Closing. The serial is set to 0, a membarrier(2) makes every thread see it or be seen as active, and those that are
 * inside a record are waited for. So a record either is refused, or is in its ring before the last drain. */
#ifndef AFMON_INGEST_HUB_H
#define AFMON_INGEST_HUB_H

#include <pthread.h>
#include <semaphore.h>

#include "ingest/ring.h"
#include "ingest/session.h"

/* Wiped in a forked child. A serial of 0: nobody records here (not yet, not any more, or not in this process). */
struct afmon_process_page {
    _Atomic uint64_t serial;
    _Atomic uint32_t state; /* of the monitor in this process; 0 in a child that has not been here yet */
};

/* Counters of one producer; written by its thread alone, read by anyone. */
struct afmon_producer_counts {
    _Atomic uint64_t samples;
    _Atomic uint64_t logs;
    _Atomic uint64_t dropped_full;
    _Atomic uint64_t dropped_unwritable;
    _Atomic uint64_t dropped_too_big;
    _Atomic uint64_t dropped_no_memory;
    _Atomic uint64_t waits;
    _Atomic uint64_t wait_ns;
    _Atomic uint64_t cost_ns; /* of the calls that were measured */
    _Atomic uint64_t cost_calls;
};

struct afmon_hub;

struct afmon_producer {
    /* the thread's own */
    struct afmon_ring ring;
    uint64_t head_seen;        /* head when it was last read */
    _Atomic uint64_t nudge_at; /* wake the consumer when tail gets here; 0: a fault has rung the alarm */
    uint32_t calls;
    _Atomic uint32_t active; /* inside a record */
    uint64_t serial;
    struct afmon_hub *hub; /* not to be followed once the serial is not the page's */
    struct afmon_producer_counts counts;
    /* Alone: the consumer looks at it again and again, and what the thread writes for itself must stay in its cache. */
    _Alignas(64) _Atomic uint64_t tail; /* end of its records; written by the thread alone */
    /* between thread and consumer */
    _Alignas(64) _Atomic uint32_t waiting; /* for room */
    _Atomic uint32_t retired;              /* the thread has ended, or needs this ring no more */
    _Atomic uint32_t references;
    sem_t room;
    /* the consumer's own */
    _Alignas(64) _Atomic uint64_t head; /* begin of its records: what is before has landed */
    _Atomic uint64_t stored;            /* up to here records are in the store: what a query of this thread sees */
    uint64_t delivered;                 /* samples that landed, or were given up */
    bool moved;                         /* its ring has lost its file, which was told */
    uint32_t number;
    char file[AFMON_FILE_NAME];
};

struct afmon_hub {
    struct afmon_process_page *page;
    struct afmon_session *session; /* NULL: rings in anonymous memory */
    _Atomic uint64_t serial;
    uint64_t ring_bytes;
    afmon_full_policy on_full;
    afmon_host_hooks host;       /* called around a wait for room, and for a ring's file */
    _Atomic uint32_t sleeping;   /* the consumer waits at wake */
    _Atomic uint32_t unwritable; /* the files cannot be written now: nobody waits for room */
    sem_t wake;
    pthread_rwlock_t moving; /* written while the session changes, read while a ring is made in its folder */
    pthread_mutex_t lock;    /* of the lists */
    struct afmon_producer **producers;
    size_t count;
    size_t capacity;
    uint32_t rings_made;
    bool ended;
    pthread_t consumer; /* never waits for room: it would wait for itself */
    _Atomic uint32_t has_consumer;
    _Atomic int ring_error; /* errno of a ring file that could not be made (its thread records unprotected); taken by
                               the consumer */
    _Atomic int64_t full_until_ns;     /* boot time until which no ring file is tried, for there was no room for one */
    _Atomic uint64_t refused;          /* calls that found no room for a ring file */
    _Atomic int ring_moved;            /* a ring lost its file; the same */
    _Atomic uint64_t cut_off;          /* samples that were in what was cut off of a ring's file */
    struct afmon_producer_counts gone; /* of producers that are no more */
};

/* page: where the serial will be published. session may be NULL. Of the options: ring_bytes, on_full, host. 0 or errno.
 */
int afmon_hub_init(struct afmon_hub *hub, struct afmon_process_page *page, struct afmon_session *session,
                   uint64_t serial, const afmon_options *options);

/* Refuses further records and waits for those that are being made. The consumer must still be draining. */
void afmon_hub_refuse(struct afmon_hub *hub);

/* Lets go of all rings, after refuse: those that are drained are removed, others stay as files for a recovery. Returns
 * how many records were left in them. Sums can still be asked for. */
uint64_t afmon_hub_end(struct afmon_hub *hub);
void afmon_hub_free(struct afmon_hub *hub); /* after end; no thread is in a call any more */

/* Consumer. Between these two the session may change, and no ring is made. Where its serial is another one afterwards,
 * every thread gets a new ring for its next record, and what is in the old ones is still drained. */
void afmon_hub_move_begin(struct afmon_hub *hub);
void afmon_hub_move_end(struct afmon_hub *hub, uint64_t serial);

/* Producer. The thread's producer for the monitor of this page, if it has one and the monitor takes records; NULL else.
 * Marks it active: afmon_hub_leave must follow. */
struct afmon_producer *afmon_hub_enter(const struct afmon_process_page *page);

/* Producer, after enter gave NULL. Makes the thread a producer; it is not active afterwards. AFMON_E_NO_MEMORY,
 * _CLOSED, _UNWRITABLE (counted): there is no room for its ring now. */
afmon_status afmon_hub_attach(struct afmon_hub *hub);

static inline void afmon_hub_leave(struct afmon_producer *producer)
{
    atomic_store_explicit(&producer->active, 0, memory_order_release);
}

/* Producer, active. Room for one record of length bytes, or NULL and why in *status; afmon_producer_commit must follow.
 * May wait. */
unsigned char *afmon_producer_reserve(struct afmon_producer *producer, uint32_t length, afmon_status *status);

/* Producer, active. The record is in the ring, or (AFMON_E_UNWRITABLE, counted) the ring has no room in its file and is
 * not to be used any more: afmon_producer_leave then sees to that. */
afmon_status afmon_producer_commit(struct afmon_producer *producer, uint32_t length);

/* Leaves it; where its ring is broken, for ever: the thread's next record makes a new one. */
void afmon_producer_leave(struct afmon_producer *producer, afmon_status status);

/* Producer, active. Puts a record that is too long for the thread's ring into a ring made for it. */
afmon_status afmon_producer_put_large(struct afmon_producer *producer, const struct afmon_draft *draft,
                                      int64_t boot_ns);

/* True where the calling thread has recorded something that is not in the store yet. */
bool afmon_hub_thread_is_behind(const struct afmon_process_page *page);

/* Consumer. Batches up to here have landed: gives their room back. */
void afmon_producer_advance(struct afmon_producer *producer, uint64_t until);

/* Consumer. Looks whether the ring's file was cut off, or has no room for it, and takes it out of use. True where some
 * of what was in it is gone: all that is in it is given up, and counted. */
bool afmon_producer_check_file(struct afmon_producer *producer);

/* Consumer. Gives up what is in the ring: it cannot be read. */
void afmon_producer_give_up(struct afmon_producer *producer);

/* Consumer. Wakes threads that wait for room in this ring. */
void afmon_producer_room(struct afmon_producer *producer);

/* Consumer, or anyone. Wakes the consumer. */
void afmon_hub_wake(struct afmon_hub *hub);

/* Consumer. Copies the list of producers (malloc'ed, as *list, grown as needed); the producers stay valid, for only the
 * consumer removes any. False: no memory. */
bool afmon_hub_list(struct afmon_hub *hub, struct afmon_producer ***list, size_t *count, size_t *capacity);

/* Consumer. Whether its thread has ended, or records into another ring now. */
bool afmon_producer_is_retired(const struct afmon_producer *producer);

/* Consumer. Takes rings of ended threads, drained, out of the list beyond a small reserve that new threads take over.
 */
void afmon_hub_tidy(struct afmon_hub *hub);

/* Sums over all producers there were. */
struct afmon_hub_sums {
    uint64_t samples, logs, waits, wait_ns, cost_ns, cost_calls, bytes_queued, rings;
    afmon_drops dropped;
};
void afmon_hub_sum(struct afmon_hub *hub, struct afmon_hub_sums *sums);

static inline void afmon_count(_Atomic uint64_t *counter, uint64_t by)
{
    /* one writer: no locked addition */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

#endif
