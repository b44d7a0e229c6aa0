/* One custom handler with its queue and its thread.
 *
 * Properties. The queue is a FIFO of at most `capacity` items and AFMON_DISPATCH_BYTES bytes of texts; its slots are
 * allocated at birth, so that pushing a sample allocates nothing. Pushing never waits for the handler: what finds the
 * queue full is missed (the newest is, the ones that wait stay) and counted. One call of the handler at a time, always
 * from the dispatch's own thread, with no lock held, so that a handler may sleep, fail, or call the monitor.
 *
 * Operation. A failing handler is reported through `report`, from the dispatch's thread: the first failure at once,
 * then at most once a second with the number of failures since. Misses are reported in the same way. What is left to
 * report is reported before the thread ends.
 *
 * Safety. Closing: afmon_dispatch_finish tells the thread by when it must be through (it does not wait, so that several
 * handlers finish side by side), afmon_dispatch_join waits for its end. What still waits at the deadline is counted as
 * missed and let go. Nobody can end a call that the handler is in: join waits for its return. A wait of a handler for
 * its own end is AFMON_E_DEADLOCK. Times and deadlines are those of afmon_boot_ns(). */
#ifndef AFMON_HANDLERS_DISPATCH_H
#define AFMON_HANDLERS_DISPATCH_H

#include <afmon/afmon.h>

#include "catalog/sets.h"
#include "handlers/handler.h"

#define AFMON_DISPATCH_BYTES ((size_t)64 << 20) /* texts and metadata that may wait for one handler */

/* What a handler did not manage since the last report. */
struct afmon_dispatch_report {
    const char *handler; /* its name */
    const char *error;   /* text of the last failure; NULL where only items were missed */
    uint64_t failures;
    uint64_t missed;
};

struct afmon_dispatch_options {
    struct afmon_handler handler;
    unsigned number; /* names one without a name: "metric handler 1" */
    void *user;      /* of the two callbacks */
    /* Called from the dispatch's thread; may record into the monitor, must not call this dispatch. A log record that is
     * made of a report about a log handler must not be pushed to that handler: one that always fails would go on for
     * ever. May be NULL. */
    void (*report)(void *user, const struct afmon_dispatch_report *report);
    /* TOKEN_USAGE only: fills a report at the time of the call; the dispatch frees it. */
    afmon_status (*usage)(void *user, afmon_token_usage *usage);
    afmon_host_hooks host; /* batch_begin and batch_end: around calls of the handler, with no lock held */
};

struct afmon_dispatch; /* opaque */

/* Starts the thread (all signals blocked in it). On failure *dispatch is NULL, and the handler's destroy is not called.
 */
afmon_status afmon_dispatch_new(const struct afmon_dispatch_options *options, struct afmon_dispatch **dispatch,
                                afmon_error *error);

/* Pushing: any thread; takes a mutex that is never held for longer than copying some items. Return how many were taken;
 * the others are missed. Of the wrong kind for this handler: none is taken and none counted.
 *
 * Names must stay valid until the dispatch is joined (series of a store that the user holds); sets are held by the
 * queue; alerts and logs are copied. now_ns: afmon_boot_ns(), for the lag. */
struct afmon_dispatch_sample {
    const char *name;
    size_t name_length;
    struct afmon_set *set; /* NULL: no metadata */
    double value;
    int64_t timestamp_ns;
};
size_t afmon_dispatch_push_samples(struct afmon_dispatch *dispatch, const struct afmon_dispatch_sample *samples,
                                   size_t count, int64_t now_ns);

struct afmon_dispatch_log {
    const char *message;
    size_t message_length;
    afmon_level level;
    int64_t timestamp_ns;
    const void *packed; /* catalog/fields.h */
    size_t packed_length;
};
size_t afmon_dispatch_push_log(struct afmon_dispatch *dispatch, const struct afmon_dispatch_log *log, int64_t now_ns);
size_t afmon_dispatch_push_alerts(struct afmon_dispatch *dispatch, const afmon_alert *alerts, size_t count,
                                  int64_t now_ns);

/* Counts items as missed that their maker could not even push (no memory for the set, ...). Any thread. */
void afmon_dispatch_count_missed(struct afmon_dispatch *dispatch, uint64_t count);

/* Waits until all that was pushed before the call has been handled. AFMON_E_TIMEOUT at the deadline, AFMON_E_DEADLOCK
 * from the handler itself. Any thread. */
afmon_status afmon_dispatch_drain(struct afmon_dispatch *dispatch, int64_t deadline_ns);

/* From now on pushes are missed; the thread handles what waits until the deadline, makes the last call of a token usage
 * handler (missed where the deadline is over), and ends. Does not wait. Any thread; a second call changes nothing. */
void afmon_dispatch_finish(struct afmon_dispatch *dispatch, int64_t deadline_ns);

/* Waits for the thread's end, after finish. True in *drained (may be NULL) where nothing that was taken had to be let
 * go. AFMON_E_DEADLOCK from the handler itself. One thread at a time; a second call gives the same answer at once. */
afmon_status afmon_dispatch_join(struct afmon_dispatch *dispatch, bool *drained);

/* Finishes at once and joins where that has not been done, calls the handler's destroy, and frees. NULL is fine. Not
 * from the handler. */
void afmon_dispatch_free(struct afmon_dispatch *dispatch);

/* True in the dispatch's own thread, that is, within the handler or a callback. Any thread, even after join. */
bool afmon_dispatch_is_own_thread(const struct afmon_dispatch *dispatch);

/* Name, counts and lag. Any thread, even after join. */
void afmon_dispatch_get_stats(struct afmon_dispatch *dispatch, afmon_handler_stats *stats);

#endif
