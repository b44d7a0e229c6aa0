/* The core's own thread: from the rings to files, store and handlers; and the alert rules' clock. */
#include "monitor/drain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "monitor/family.h"
#include "monitor/tell.h"

#define BATCH_BYTES (UINT64_C(64) << 10) /* of a ring, so that its producer soon has room again */
#define TEXT_LIMIT ((size_t)1 << 30)
#define SHORTEST_NAP_NS INT64_C(2000000)
#define LONGEST_NAP_NS INT64_C(100000000)
#define RETRY_NS INT64_C(100000000) /* while the files cannot be written */
#define LOOK_NS AFMON_NS_PER_S      /* so often files at rest are looked at */

bool afmon_drain_init(struct afmon_drain *drain, struct afmon_core *core)
{
    memset(drain, 0, sizeof *drain);
    drain->core = core;
    drain->wall_offset_ns = core->opening_offset_ns;
    afmon_expander_init(&drain->expander);
    afmon_buffer_init(&drain->metrics, TEXT_LIMIT);
    afmon_buffer_init(&drain->log, TEXT_LIMIT);
    afmon_buffer_init(&drain->log_texts, TEXT_LIMIT);
    afmon_buffer_init(&drain->item_text, TEXT_LIMIT);
    return true;
}

static void release_definitions(struct afmon_core *core)
{
    for (uint32_t number = 1; number <= core->definitions; number++) {
        struct afmon_defined_entry *entry = afmon_defined_find(&core->defined, number);
        if (entry != NULL && entry->consumer[1] != NULL)
            afmon_set_release(entry->consumer[1]);
    }
}

void afmon_drain_free(struct afmon_drain *drain)
{
    afmon_batch_clear(drain);
    release_definitions(drain->core);
    afmon_expander_free(&drain->expander);
    afmon_buffer_free(&drain->metrics);
    afmon_buffer_free(&drain->log);
    afmon_buffer_free(&drain->log_texts);
    afmon_buffer_free(&drain->item_text);
    free(drain->samples);
    free(drain->held);
    free(drain->logs);
    free(drain->outgoing);
    free(drain->producers);
}

/* Collects records from `from` on; returns where it stopped. */
static uint64_t collect(struct afmon_drain *drain, const struct afmon_ring *ring, uint64_t from, uint64_t tail,
                        uint64_t *records)
{
    uint64_t at = from;
    drain->out_of_memory = false;
    while (at < tail && at - from < BATCH_BYTES) {
        const unsigned char *record = afmon_ring_at(ring, at);
        struct afmon_record head;
        if (!afmon_record_check(record, afmon_ring_contiguous(ring, at, tail)))
            break; /* its page is gone */
        memcpy(&head, record, 8);
        if (head.kind != AFMON_RECORD_PAD) {
            if (!afmon_batch_add(drain, record)) {
                drain->out_of_memory = true;
                break;
            }
            (*records)++;
        }
        at += head.length;
    }
    return at;
}

/* The batch that was collected cannot land: its ring's file was cut off meanwhile, or the record that comes first makes
 * no sense. What is in the ring is given up; what comes after that is not. */
static bool was_given_up(struct afmon_drain *drain, struct afmon_producer *producer, bool empty)
{
    if (afmon_producer_check_file(producer))
        return true;
    if (!empty || drain->out_of_memory)
        return false;
    afmon_producer_give_up(producer);
    return true;
}

static int look_and_tell(struct afmon_core *core)
{
    struct afmon_file_changes changes;
    int failure = afmon_core_look_at_files(core, &changes);
    afmon_tell_changes(core, &changes);
    return failure;
}

static int drain_batch(struct afmon_drain *drain, struct afmon_producer *producer, uint64_t *moved)
{
    uint64_t head = atomic_load_explicit(&producer->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&producer->tail, memory_order_acquire);
    uint64_t records = 0;
    afmon_batch_clear(drain);
    int failure = look_and_tell(drain->core);
    if (failure != 0)
        return failure;
    uint64_t until = collect(drain, &producer->ring, head, tail, &records);
    if (was_given_up(drain, producer, until == head))
        return 0;
    if (until == head)
        return ENOMEM;
    failure = afmon_land(&drain->core->files, &producer->ring, &drain->metrics, &drain->log, until);
    if (failure == ENOLINK)
        return 0; /* once more, into a file that is there */
    if (failure == ESTALE) {
        afmon_producer_give_up(producer);
        return 0;
    }
    if (failure != 0)
        return failure;
    afmon_run_files_landed(&drain->core->files, drain->sample_count, drain->log_lines);
    producer->delivered += drain->sample_count;
    afmon_producer_advance(producer, until);
    afmon_batch_deliver(drain);
    atomic_store_explicit(&producer->stored, until, memory_order_release);
    *moved += records;
    return 0;
}

/* What was in it when this began. */
static int drain_ring(struct afmon_drain *drain, struct afmon_producer *producer, uint64_t *moved)
{
    uint64_t end = atomic_load_explicit(&producer->tail, memory_order_acquire);
    while (atomic_load_explicit(&producer->head, memory_order_relaxed) < end) {
        int failure = drain_batch(drain, producer, moved);
        if (failure != 0)
            return failure;
    }
    return 0;
}

/* The system's clock may have been set: what was recorded since the last pass gets the new time (a few milliseconds of
 * inexactness). */
static void follow_clock(struct afmon_drain *drain)
{
    struct afmon_core *core = drain->core;
    int64_t offset = afmon_wall_offset_follow(drain->wall_offset_ns);
    if (offset == drain->wall_offset_ns)
        return;
    drain->wall_offset_ns = offset;
    atomic_store_explicit(&core->wall_offset_ns, offset, memory_order_relaxed);
    if (core->has_session)
        afmon_session_set_wall_offset(&core->session, offset);
    afmon_store_set_wall_delta(core->store, (offset - core->opening_offset_ns) / 1000);
    afmon_family_set_wall_delta(core, (offset - core->opening_offset_ns) / 1000);
}

int afmon_drain_pass(struct afmon_drain *drain, uint64_t *moved)
{
    struct afmon_core *core = drain->core;
    int failure = 0;
    *moved = 0;
    follow_clock(drain);
    if (!afmon_hub_list(&core->hub, &drain->producers, &drain->producer_count, &drain->producer_capacity))
        return ENOMEM;
    bool retired = false;
    for (size_t i = 0; i < drain->producer_count; i++) {
        int own = drain_ring(drain, drain->producers[i], moved);
        retired = retired || afmon_producer_is_retired(drain->producers[i]);
        if (failure == 0)
            failure = own;
    }
    if (retired)
        afmon_hub_tidy(&core->hub);
    return failure;
}

/* ---- the loop ---- */

static void publish(struct afmon_core *core, uint64_t request, bool stalled)
{
    pthread_mutex_lock(&core->lock);
    core->stalled = stalled;
    if (!stalled)
        core->completed = request;
    pthread_cond_broadcast(&core->progress);
    pthread_mutex_unlock(&core->lock);
    atomic_store_explicit(&core->counts.cpu_ns, afmon_thread_cpu_ns(), memory_order_relaxed);
}

/* Sleeps until woken, asked, or the time is over. */
static void nap(struct afmon_core *core, int64_t length_ns, uint64_t seen_request)
{
    if (length_ns <= 0)
        return;
    atomic_store_explicit(&core->hub.sleeping, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&core->requested, memory_order_seq_cst) == seen_request) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t ns = until.tv_nsec + length_ns;
        until.tv_sec += ns / AFMON_NS_PER_S;
        until.tv_nsec = (long)(ns % AFMON_NS_PER_S);
        while (sem_clockwait(&core->hub.wake, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
            ;
    }
    atomic_store_explicit(&core->hub.sleeping, 0, memory_order_relaxed);
    while (sem_trywait(&core->hub.wake) == 0)
        ;
}

/* When the next periodic pass of the rules is due; INT64_MAX: never. */
static int64_t next_alerts(const struct afmon_core *core, int64_t now)
{
    double interval = core->monitor->options.metrics_interval_s;
    int64_t period = afmon_seconds_to_ns(interval);
    return interval == 0 || period > INT64_MAX - now ? INT64_MAX : now + period;
}

struct loop {
    uint64_t request; /* that was answered last */
    int64_t nap_ns;
    int64_t look_due;
    int64_t items_due;
    int64_t alerts_due;
};

static void look_at_the_clock(struct afmon_core *core, struct loop *loop)
{
    int64_t now = afmon_boot_ns();
    if (now >= loop->items_due) {
        afmon_tell_standstill(core);
        loop->items_due = now + LOOK_NS;
    }
    if (now < loop->alerts_due)
        return;
    afmon_core_periodic_alerts(core);
    loop->alerts_due = next_alerts(core, now);
}

static int64_t nap_length(const struct loop *loop, bool stalled)
{
    int64_t length = stalled ? RETRY_NS : loop->nap_ns;
    int64_t to_alerts = loop->alerts_due == INT64_MAX ? length : loop->alerts_due - afmon_boot_ns();
    return to_alerts < length ? to_alerts : length;
}

static void choose_nap(struct loop *loop, bool moved)
{
    if (moved)
        loop->nap_ns = SHORTEST_NAP_NS;
    else if (loop->nap_ns < LONGEST_NAP_NS)
        loop->nap_ns = loop->nap_ns * 5 / 4;
}

/* What happened to files at rest is told where somebody waits for this round (a flush, or the end), and now and then.
 */
static int look_at_files(struct afmon_core *core, struct loop *loop, uint64_t request)
{
    int64_t now = afmon_boot_ns();
    if (request == core->completed && now < loop->look_due)
        return 0;
    loop->look_due = now + LOOK_NS;
    return look_and_tell(core);
}

/* One round. False: the end. */
static bool round_of_work(struct afmon_drain *drain, struct loop *loop)
{
    struct afmon_core *core = drain->core;
    bool stopping = atomic_load_explicit(&core->stopping, memory_order_acquire) != 0;
    uint64_t request = atomic_load_explicit(&core->requested, memory_order_acquire);
    uint64_t moved = 0;
    int failure = look_at_files(core, loop, request);
    if (failure == 0)
        failure = afmon_drain_pass(drain, &moved);
    if (failure != 0)
        afmon_tell_stall(core, failure);
    else
        afmon_tell_stall_end(core);
    afmon_tell_others(core);
    bool followed = afmon_family_follow(core, stopping || request != loop->request);
    loop->request = request;
    publish(core, request, failure != 0);
    look_at_the_clock(core, loop);
    choose_nap(loop, moved > 0 || followed);
    if (stopping && (afmon_boot_ns() >= atomic_load_explicit(&core->stop_deadline_ns, memory_order_acquire) ||
                     (failure == 0 && moved == 0)))
        return false;
    if (!stopping || failure != 0)
        nap(core, nap_length(loop, failure != 0), request);
    return true;
}

void *afmon_core_run(void *user)
{
    struct afmon_core *core = user;
    struct afmon_drain drain;
    struct loop loop = {.nap_ns = SHORTEST_NAP_NS, .alerts_due = next_alerts(core, afmon_boot_ns())};
    afmon_drain_init(&drain, core);
    while (round_of_work(&drain, &loop))
        ;
    afmon_drain_free(&drain);
    return NULL;
}
