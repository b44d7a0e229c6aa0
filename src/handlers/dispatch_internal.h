/* What the parts of a dispatch share. */
#ifndef AFMON_HANDLERS_DISPATCH_INTERNAL_H
#define AFMON_HANDLERS_DISPATCH_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/deadline.h"
#include "catalog/unpacked.h"
#include "handlers/dispatch.h"
#include "handlers/queue.h"

#define AFMON_DISPATCH_ERROR_SIZE 512

struct afmon_dispatch {
    struct afmon_dispatch_options options; /* never changes */
    char name[sizeof((afmon_handler_stats *)0)->name];
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows, up to the line below */
    pthread_cond_t work;  /* the thread has something to do */
    pthread_cond_t done;  /* something was handled, or the thread ended */
    struct afmon_queue queue;
    bool waiting; /* the thread waits for work */
    bool finishing;
    bool ended;
    bool drained; /* nothing that was taken was let go */
    struct afmon_deadline deadline;
    uint64_t taken; /* items ever put into the queue, and those that left it and are through */
    uint64_t settled;
    uint64_t handled;
    uint64_t failed;
    uint64_t missed;
    uint64_t lost;
    _Atomic bool joined; /* thread is of the past: its id may be another's by now. Not under the lock */
    /* ---- the dispatch's own thread's ---- */
    bool in_batch;     /* between batch_begin and batch_end */
    uint64_t failures; /* since the last report */
    uint64_t missed_reported;
    int64_t last_report_ns;                  /* 0: none yet */
    char error[AFMON_DISPATCH_ERROR_SIZE];   /* of the last failure */
    char scratch[AFMON_DISPATCH_ERROR_SIZE]; /* what the handler writes into */
    struct afmon_unpacked unpacked;
};

/* The thread. */
void *afmon_dispatch_run(void *dispatch);

/* Calls the handler with an item, or with a token usage report. True: it took it. False: dispatch->error says why not.
 */
bool afmon_dispatch_call(struct afmon_dispatch *dispatch, const struct afmon_queued *item);
bool afmon_dispatch_call_usage(struct afmon_dispatch *dispatch);

/* Calls the handler's flush; *lost is how many items it gave up. False: dispatch->error says what went wrong. */
bool afmon_dispatch_call_flush(struct afmon_dispatch *dispatch, uint64_t *lost);

/* Nanoseconds of the clock that `work` and `done` wait on. */
int64_t afmon_dispatch_monotonic_ns(void);

#endif
