/* The thread of a dispatch. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "handlers/dispatch_internal.h"

#define REPORT_EVERY_NS AFMON_NS_PER_S
#define NEVER INT64_MAX

int64_t afmon_dispatch_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * AFMON_NS_PER_S + now.tv_nsec;
}

/* Waits for work or until a monotonic time; the lock is held. */
static void wait_for_work(struct afmon_dispatch *dispatch, int64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / AFMON_NS_PER_S), .tv_nsec = until_ns % AFMON_NS_PER_S};
    dispatch->waiting = true;
    if (until_ns == NEVER)
        pthread_cond_wait(&dispatch->work, &dispatch->lock);
    else
        pthread_cond_timedwait(&dispatch->work, &dispatch->lock, &until);
    dispatch->waiting = false;
}

/* What failed or was missed and nobody has been told of; the lock is held. */
static bool has_news(const struct afmon_dispatch *dispatch)
{
    return dispatch->options.report != NULL && (dispatch->failures > 0 || dispatch->missed > dispatch->missed_reported);
}

static int64_t next_report_ns(const struct afmon_dispatch *dispatch)
{
    if (!has_news(dispatch))
        return NEVER;
    return dispatch->last_report_ns == 0 ? 0 : dispatch->last_report_ns + REPORT_EVERY_NS;
}

/* Before the handler is called, and after the last of several calls; the lock is not held. */
static void begin_batch(struct afmon_dispatch *dispatch)
{
    const afmon_host_hooks *host = &dispatch->options.host;
    if (!dispatch->in_batch && host->batch_begin != NULL)
        host->batch_begin(host->user);
    dispatch->in_batch = true;
}

static void end_batch(struct afmon_dispatch *dispatch)
{
    const afmon_host_hooks *host = &dispatch->options.host;
    if (dispatch->in_batch && host->batch_end != NULL)
        host->batch_end(host->user);
    dispatch->in_batch = false;
}

/* Tells what there is to tell; the lock is held, and given away meanwhile. */
static void report(struct afmon_dispatch *dispatch)
{
    struct afmon_dispatch_report news = {.handler = dispatch->name,
                                         .error = dispatch->failures > 0 ? dispatch->error : NULL,
                                         .failures = dispatch->failures,
                                         .missed = dispatch->missed - dispatch->missed_reported};
    dispatch->missed_reported = dispatch->missed;
    dispatch->failures = 0;
    dispatch->last_report_ns = afmon_dispatch_monotonic_ns();
    pthread_mutex_unlock(&dispatch->lock);
    end_batch(dispatch); /* a report records, and so may wait */
    dispatch->options.report(dispatch->options.user, &news);
    pthread_mutex_lock(&dispatch->lock);
}

static void count_call(struct afmon_dispatch *dispatch, bool taken)
{
    dispatch->handled += taken;
    dispatch->failed += !taken;
    dispatch->failures += !taken;
}

/* Handles one item; the lock is held, and given away meanwhile. */
static void handle(struct afmon_dispatch *dispatch, struct afmon_queued *item)
{
    pthread_mutex_unlock(&dispatch->lock);
    begin_batch(dispatch);
    bool taken = afmon_dispatch_call(dispatch, item);
    afmon_queued_release(item);
    pthread_mutex_lock(&dispatch->lock);
    count_call(dispatch, taken);
    if (!taken && afmon_dispatch_monotonic_ns() >= next_report_ns(dispatch))
        report(dispatch); /* before who waits for this item, and then closes the log, is told that it is through */
    dispatch->settled++;
    pthread_cond_broadcast(&dispatch->done);
}

static void call_usage(struct afmon_dispatch *dispatch)
{
    pthread_mutex_unlock(&dispatch->lock);
    begin_batch(dispatch);
    bool taken = afmon_dispatch_call_usage(dispatch);
    end_batch(dispatch);
    pthread_mutex_lock(&dispatch->lock);
    count_call(dispatch, taken);
}

/* The lock is held, and given away meanwhile. */
static void leave_batch(struct afmon_dispatch *dispatch)
{
    pthread_mutex_unlock(&dispatch->lock);
    end_batch(dispatch);
    pthread_mutex_lock(&dispatch->lock);
}

/* Lets the handler send on what it gathered; the lock is held, and given away meanwhile. A flush that went wrong is
 * told as a failure, though no item of it failed: what it gave up is counted apart. */
static void call_flush(struct afmon_dispatch *dispatch)
{
    uint64_t lost;
    pthread_mutex_unlock(&dispatch->lock);
    end_batch(dispatch); /* it may wait for a receiver */
    bool good = afmon_dispatch_call_flush(dispatch, &lost);
    pthread_mutex_lock(&dispatch->lock);
    dispatch->lost += lost;
    dispatch->failures += !good;
}

static void call_tick(struct afmon_dispatch *dispatch)
{
    if (dispatch->options.handler.kind == AFMON_HANDLER_TOKEN_USAGE)
        call_usage(dispatch);
    else
        call_flush(dispatch);
}

static bool is_over(const struct afmon_dispatch *dispatch)
{
    return dispatch->finishing && afmon_boot_ns() >= dispatch->deadline.end_ns;
}

/* Waits for the next thing and does it. False: the queue is empty, or the deadline over, and the thread is to finish.
 */
static bool step(struct afmon_dispatch *dispatch, int64_t *tick_ns, int64_t interval_ns)
{
    struct afmon_queued item;
    int64_t now = afmon_dispatch_monotonic_ns();
    int64_t report_ns = next_report_ns(dispatch);
    if (is_over(dispatch))
        return false;
    if (now >= report_ns) {
        report(dispatch);
    } else if (now >= *tick_ns && !dispatch->finishing) { /* before the queue, which may never be empty */
        call_tick(dispatch);
        now = afmon_dispatch_monotonic_ns();
        *tick_ns += interval_ns;
        if (*tick_ns < now) /* a slow handler has eaten ticks: they are not made up for */
            *tick_ns = now + interval_ns;
    } else if (afmon_queue_pop(&dispatch->queue, &item)) {
        handle(dispatch, &item);
    } else if (dispatch->in_batch) {
        leave_batch(dispatch);
    } else if (dispatch->finishing) {
        return false;
    } else {
        wait_for_work(dispatch, report_ns < *tick_ns ? report_ns : *tick_ns);
    }
    return true;
}

/* The last calls of a token usage handler and of one that gathers, and the count of what could not be handled any more.
 */
static void finish(struct afmon_dispatch *dispatch)
{
    bool usage = dispatch->options.handler.kind == AFMON_HANDLER_TOKEN_USAGE;
    uint64_t lost = dispatch->lost;
    leave_batch(dispatch);
    if (dispatch->options.handler.flush != NULL)
        call_flush(dispatch);
    if (usage && !is_over(dispatch)) {
        call_usage(dispatch);
        usage = false;
    }
    size_t left = afmon_queue_clear(&dispatch->queue);
    dispatch->settled += left;
    dispatch->missed += left + (usage ? 1 : 0);
    dispatch->drained = left == 0 && !usage && dispatch->lost == lost;
    if (has_news(dispatch))
        report(dispatch);
}

static int64_t interval_of(const struct afmon_handler *handler)
{
    bool ticks = handler->kind == AFMON_HANDLER_TOKEN_USAGE || handler->flush != NULL;
    int64_t interval_ns = ticks && handler->interval_s > 0 ? afmon_seconds_to_ns(handler->interval_s) : 0;
    return interval_ns > 0 && interval_ns < NEVER / 2 ? interval_ns : 0; /* centuries are never, too */
}

void *afmon_dispatch_run(void *user)
{
    struct afmon_dispatch *dispatch = user;
    int64_t interval_ns = interval_of(&dispatch->options.handler);
    int64_t tick_ns = interval_ns > 0 ? afmon_dispatch_monotonic_ns() + interval_ns : NEVER;
    pthread_mutex_lock(&dispatch->lock);
    while (step(dispatch, &tick_ns, interval_ns)) {
    }
    finish(dispatch);
    dispatch->ended = true;
    pthread_cond_broadcast(&dispatch->done);
    pthread_mutex_unlock(&dispatch->lock);
    return NULL;
}
