#include "handlers/dispatch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "catalog/fields.h"
#include "handlers/items.h"

#define REPORT_EVERY_NS AFMON_NS_PER_S
#define LONG_AGO (-(INT64_C(1) << 60))
#define NEVER INT64_MAX

struct afmon_dispatch {
    struct afmon_dispatch_options options;
    char name[48];
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t work;  /* for the thread: something to do */
    pthread_cond_t idle;  /* for who drains: something was done */
    struct afmon_items items;
    uint64_t pushed; /* ever taken into the queue */
    uint64_t done;   /* of them: handled, or let go */
    uint64_t handled, failed, missed;
    bool finishing, joined, left_behind;
    bool ended; /* the thread is through */
    int64_t deadline_ns;
    /* the thread's own */
    uint64_t failures_to_report, missed_reported;
    int64_t reported_ns;
    int64_t tick_ns; /* when a token usage handler is due */
    char error[256];
    struct afmon_item_fields fields;
};

/* ---- birth ---- */

static const char *given_name(const struct afmon_dispatch_options *options)
{
    switch (options->kind) {
    case AFMON_DISPATCH_METRIC:
        return options->handler.metric.name;
    case AFMON_DISPATCH_LOG:
        return options->handler.log.name;
    case AFMON_DISPATCH_ALERT:
        return options->handler.alert.name;
    default:
        return options->handler.token_usage.name;
    }
}

static size_t given_capacity(const struct afmon_dispatch_options *options)
{
    switch (options->kind) {
    case AFMON_DISPATCH_METRIC:
        return options->handler.metric.queue_capacity > 0 ? options->handler.metric.queue_capacity : 65536;
    case AFMON_DISPATCH_LOG:
        return options->handler.log.queue_capacity > 0 ? options->handler.log.queue_capacity : 4096;
    case AFMON_DISPATCH_ALERT:
        return options->handler.alert.queue_capacity > 0 ? options->handler.alert.queue_capacity : 256;
    default:
        return 1; /* asks for what it needs */
    }
}

static void set_name(struct afmon_dispatch *dispatch)
{
    static const char *const kinds[] = {"metric handler", "log handler", "alert handler", "token usage handler"};
    const char *name = given_name(&dispatch->options);
    if (name != NULL)
        snprintf(dispatch->name, sizeof dispatch->name, "%s", name);
    else
        snprintf(dispatch->name, sizeof dispatch->name, "%s %u", kinds[dispatch->options.kind],
                 dispatch->options.number);
}

static int init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int failure = pthread_condattr_init(&attributes);
    if (failure != 0)
        return failure;
    failure = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failure == 0)
        failure = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return failure;
}

static int init_locks(struct afmon_dispatch *dispatch)
{
    int failure = pthread_mutex_init(&dispatch->lock, NULL);
    if (failure == 0)
        failure = init_condition(&dispatch->work);
    if (failure == 0)
        failure = init_condition(&dispatch->idle);
    return failure;
}

static void *run(void *user);

static int start(struct afmon_dispatch *dispatch)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    /* the thread takes the lock first, and so sees its own number */
    pthread_mutex_lock(&dispatch->lock);
    int failure = pthread_create(&dispatch->thread, NULL, run, dispatch);
    pthread_mutex_unlock(&dispatch->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

static void release(struct afmon_dispatch *dispatch)
{
    afmon_items_free(&dispatch->items);
    afmon_item_fields_free(&dispatch->fields);
    free(dispatch);
}

afmon_status afmon_dispatch_new(const struct afmon_dispatch_options *options, struct afmon_dispatch **out,
                                afmon_error *error)
{
    *out = NULL;
    struct afmon_dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch == NULL)
        return afmon_fail_memory(error);
    dispatch->options = *options;
    dispatch->reported_ns = LONG_AGO;
    set_name(dispatch);
    int64_t interval = afmon_seconds_to_ns(options->interval_s);
    dispatch->tick_ns = options->kind == AFMON_DISPATCH_TOKEN_USAGE && interval > 0 && interval < NEVER / 2
                            ? afmon_boot_ns() + interval
                            : NEVER;
    if (!afmon_items_init(&dispatch->items, options->kind, given_capacity(options))) {
        free(dispatch);
        return afmon_fail_memory(error);
    }
    int failure = init_locks(dispatch);
    if (failure == 0)
        failure = start(dispatch);
    if (failure != 0) {
        afmon_status status = afmon_fail_os(error, failure, "cannot start the thread of %s", dispatch->name);
        release(dispatch);
        return status;
    }
    *out = dispatch;
    return AFMON_OK;
}

/* ---- pushing ---- */

size_t afmon_dispatch_push_samples(struct afmon_dispatch *dispatch, const struct afmon_dispatch_sample *samples,
                                   size_t count, int64_t now_ns)
{
    if (dispatch->options.kind != AFMON_DISPATCH_METRIC)
        return 0;
    size_t taken = 0;
    pthread_mutex_lock(&dispatch->lock);
    while (taken < count && !dispatch->finishing && afmon_items_add_sample(&dispatch->items, &samples[taken], now_ns))
        taken++;
    dispatch->pushed += taken;
    dispatch->missed += count - taken;
    if (taken > 0)
        pthread_cond_signal(&dispatch->work);
    pthread_mutex_unlock(&dispatch->lock);
    return taken;
}

size_t afmon_dispatch_push_log(struct afmon_dispatch *dispatch, const struct afmon_dispatch_log *log, int64_t now_ns)
{
    if (dispatch->options.kind != AFMON_DISPATCH_LOG)
        return 0;
    pthread_mutex_lock(&dispatch->lock);
    bool taken = !dispatch->finishing && afmon_items_add_log(&dispatch->items, log, now_ns);
    dispatch->pushed += taken;
    dispatch->missed += !taken;
    pthread_cond_signal(&dispatch->work);
    pthread_mutex_unlock(&dispatch->lock);
    return taken;
}

size_t afmon_dispatch_push_alerts(struct afmon_dispatch *dispatch, const afmon_alert *alerts, size_t count,
                                  int64_t now_ns)
{
    if (dispatch->options.kind != AFMON_DISPATCH_ALERT)
        return 0;
    size_t taken = 0;
    pthread_mutex_lock(&dispatch->lock);
    while (taken < count && !dispatch->finishing && afmon_items_add_alert(&dispatch->items, &alerts[taken], now_ns))
        taken++;
    dispatch->pushed += taken;
    dispatch->missed += count - taken;
    pthread_cond_signal(&dispatch->work);
    pthread_mutex_unlock(&dispatch->lock);
    return taken;
}

void afmon_dispatch_count_missed(struct afmon_dispatch *dispatch, uint64_t count)
{
    pthread_mutex_lock(&dispatch->lock);
    dispatch->missed += count;
    pthread_mutex_unlock(&dispatch->lock);
}

/* ---- the thread ---- */

/* Calls the handler with one item, or with the token usage (item NULL). No lock is held. */
static int call(struct afmon_dispatch *dispatch, const struct afmon_item *item)
{
    const struct afmon_dispatch_options *options = &dispatch->options;
    dispatch->error[0] = '\0';
    if (options->kind == AFMON_DISPATCH_METRIC) {
        afmon_sample sample;
        if (!afmon_item_sample(item, &dispatch->fields, &sample))
            return snprintf(dispatch->error, sizeof dispatch->error, "out of memory");
        return options->handler.metric.handle(options->handler.metric.user, &sample, dispatch->error,
                                              sizeof dispatch->error);
    }
    if (options->kind == AFMON_DISPATCH_LOG) {
        afmon_log_record record;
        if (!afmon_item_log(item, &dispatch->fields, &record))
            return snprintf(dispatch->error, sizeof dispatch->error, "out of memory");
        return options->handler.log.handle(options->handler.log.user, &record, dispatch->error, sizeof dispatch->error);
    }
    if (options->kind == AFMON_DISPATCH_ALERT)
        return options->handler.alert.handle(options->handler.alert.user, item->as.alert, dispatch->error,
                                             sizeof dispatch->error);
    afmon_token_usage usage = {0};
    if (options->usage(options->user, &usage) != AFMON_OK)
        return snprintf(dispatch->error, sizeof dispatch->error, "the token usage could not be had");
    int result = options->handler.token_usage.handle(options->handler.token_usage.user, &usage, dispatch->error,
                                                     sizeof dispatch->error);
    afmon_token_usage_free(&usage);
    return result;
}

/* Tells what failed and was missed, at most once a second, and at the end. No lock is held. */
static void report(struct afmon_dispatch *dispatch, bool now)
{
    pthread_mutex_lock(&dispatch->lock);
    uint64_t missed = dispatch->missed - dispatch->missed_reported;
    pthread_mutex_unlock(&dispatch->lock);
    int64_t time = afmon_boot_ns();
    if ((dispatch->failures_to_report == 0 && missed == 0) ||
        (!now && time - dispatch->reported_ns < REPORT_EVERY_NS))
        return;
    struct afmon_dispatch_report told = {.handler = dispatch->name,
                                         .error = dispatch->failures_to_report > 0 ? dispatch->error : NULL,
                                         .failures = dispatch->failures_to_report,
                                         .missed = missed};
    if (told.error != NULL && told.error[0] == '\0')
        told.error = "it gave no reason";
    dispatch->reported_ns = time;
    dispatch->failures_to_report = 0;
    dispatch->missed_reported += missed;
    if (dispatch->options.report != NULL)
        dispatch->options.report(dispatch->options.user, &told);
}

static void handle(struct afmon_dispatch *dispatch, const struct afmon_item *item)
{
    char last[sizeof dispatch->error];
    memcpy(last, dispatch->error, sizeof last);
    bool failed = call(dispatch, item) != 0;
    dispatch->error[sizeof dispatch->error - 1] = '\0';
    if (failed)
        dispatch->failures_to_report++;
    else
        memcpy(dispatch->error, last, sizeof last); /* the text of a failure that is still to be told */
    pthread_mutex_lock(&dispatch->lock);
    dispatch->handled += !failed;
    dispatch->failed += failed;
    pthread_mutex_unlock(&dispatch->lock);
    report(dispatch, false);
}

static struct timespec monotonic_at(int64_t boot_ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t left = boot_ns - afmon_boot_ns();
    int64_t ns = at.tv_nsec + (left > 0 ? left % AFMON_NS_PER_S : 0);
    at.tv_sec += (left > 0 ? left / AFMON_NS_PER_S : 0) + ns / AFMON_NS_PER_S;
    at.tv_nsec = (long)(ns % AFMON_NS_PER_S);
    return at;
}

/* Lock held: waits for an item, a tick, a report that is due, or the end. */
static void wait_for_work(struct afmon_dispatch *dispatch)
{
    int64_t until = dispatch->tick_ns;
    bool to_report = dispatch->failures_to_report > 0 || dispatch->missed > dispatch->missed_reported;
    if (to_report && dispatch->reported_ns + REPORT_EVERY_NS < until)
        until = dispatch->reported_ns + REPORT_EVERY_NS;
    if (until == NEVER) {
        pthread_cond_wait(&dispatch->work, &dispatch->lock);
        return;
    }
    struct timespec at = monotonic_at(until);
    pthread_cond_timedwait(&dispatch->work, &dispatch->lock, &at);
}

/* Lock held, and given up for the call. */
static void handle_next(struct afmon_dispatch *dispatch)
{
    struct afmon_item item = afmon_items_take(&dispatch->items);
    pthread_mutex_unlock(&dispatch->lock);
    handle(dispatch, &item);
    afmon_item_release(&item, dispatch->options.kind);
    pthread_mutex_lock(&dispatch->lock);
    dispatch->done++;
    pthread_cond_broadcast(&dispatch->idle);
}

static void tick(struct afmon_dispatch *dispatch)
{
    int64_t interval = afmon_seconds_to_ns(dispatch->options.interval_s);
    pthread_mutex_unlock(&dispatch->lock);
    handle(dispatch, NULL);
    pthread_mutex_lock(&dispatch->lock);
    dispatch->tick_ns = afmon_boot_ns() + interval;
}

/* Lock held. What waits at the deadline is let go. */
static void let_go(struct afmon_dispatch *dispatch)
{
    while (dispatch->items.count > 0) {
        struct afmon_item item = afmon_items_take(&dispatch->items);
        afmon_item_release(&item, dispatch->options.kind);
        dispatch->missed++;
        dispatch->done++;
        dispatch->left_behind = true;
    }
    pthread_cond_broadcast(&dispatch->idle);
}

/* Lock held, and given up for the call: the last report of the token usage. */
static void last_usage(struct afmon_dispatch *dispatch)
{
    if (dispatch->options.kind != AFMON_DISPATCH_TOKEN_USAGE)
        return;
    if (afmon_boot_ns() >= dispatch->deadline_ns) {
        dispatch->missed++;
        dispatch->left_behind = true;
        return;
    }
    pthread_mutex_unlock(&dispatch->lock);
    handle(dispatch, NULL);
    pthread_mutex_lock(&dispatch->lock);
}

static void *run(void *user)
{
    struct afmon_dispatch *dispatch = user;
    pthread_mutex_lock(&dispatch->lock);
    while (!dispatch->finishing || (dispatch->items.count > 0 && afmon_boot_ns() < dispatch->deadline_ns)) {
        if (dispatch->items.count > 0) {
            handle_next(dispatch);
        } else if (dispatch->tick_ns <= afmon_boot_ns()) {
            tick(dispatch);
        } else {
            wait_for_work(dispatch);
            pthread_mutex_unlock(&dispatch->lock);
            report(dispatch, false);
            pthread_mutex_lock(&dispatch->lock);
        }
    }
    let_go(dispatch);
    last_usage(dispatch);
    dispatch->ended = true;
    pthread_mutex_unlock(&dispatch->lock);
    report(dispatch, true);
    return NULL;
}

/* ---- waiting and ending ---- */

bool afmon_dispatch_is_own_thread(const struct afmon_dispatch *dispatch)
{
    return !dispatch->joined && pthread_equal(dispatch->thread, pthread_self()) != 0;
}

afmon_status afmon_dispatch_drain(struct afmon_dispatch *dispatch, int64_t deadline_ns)
{
    if (afmon_dispatch_is_own_thread(dispatch))
        return AFMON_E_DEADLOCK;
    struct timespec at = monotonic_at(deadline_ns);
    pthread_mutex_lock(&dispatch->lock);
    uint64_t target = dispatch->pushed;
    int waited = 0;
    while (dispatch->done < target && waited == 0)
        waited = pthread_cond_timedwait(&dispatch->idle, &dispatch->lock, &at);
    bool reached = dispatch->done >= target;
    pthread_mutex_unlock(&dispatch->lock);
    return reached ? AFMON_OK : AFMON_E_TIMEOUT;
}

void afmon_dispatch_finish(struct afmon_dispatch *dispatch, int64_t deadline_ns)
{
    pthread_mutex_lock(&dispatch->lock);
    if (!dispatch->finishing) {
        dispatch->finishing = true;
        dispatch->deadline_ns = deadline_ns;
    }
    pthread_cond_signal(&dispatch->work);
    pthread_mutex_unlock(&dispatch->lock);
}

afmon_status afmon_dispatch_join(struct afmon_dispatch *dispatch, bool *drained)
{
    if (afmon_dispatch_is_own_thread(dispatch))
        return AFMON_E_DEADLOCK;
    if (!dispatch->joined)
        pthread_join(dispatch->thread, NULL);
    dispatch->joined = true;
    if (drained != NULL)
        *drained = !dispatch->left_behind;
    return AFMON_OK;
}

static void destroy_user(const struct afmon_dispatch_options *options)
{
    if (options->kind == AFMON_DISPATCH_METRIC && options->handler.metric.destroy != NULL)
        options->handler.metric.destroy(options->handler.metric.user);
    else if (options->kind == AFMON_DISPATCH_LOG && options->handler.log.destroy != NULL)
        options->handler.log.destroy(options->handler.log.user);
    else if (options->kind == AFMON_DISPATCH_ALERT && options->handler.alert.destroy != NULL)
        options->handler.alert.destroy(options->handler.alert.user);
    else if (options->kind == AFMON_DISPATCH_TOKEN_USAGE && options->handler.token_usage.destroy != NULL)
        options->handler.token_usage.destroy(options->handler.token_usage.user);
}

void afmon_dispatch_free(struct afmon_dispatch *dispatch)
{
    if (dispatch == NULL)
        return;
    afmon_dispatch_finish(dispatch, afmon_boot_ns());
    (void)afmon_dispatch_join(dispatch, NULL);
    destroy_user(&dispatch->options);
    pthread_cond_destroy(&dispatch->work);
    pthread_cond_destroy(&dispatch->idle);
    pthread_mutex_destroy(&dispatch->lock);
    release(dispatch);
}

void afmon_dispatch_get_stats(struct afmon_dispatch *dispatch, afmon_handler_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    memcpy(stats->name, dispatch->name, sizeof stats->name);
    pthread_mutex_lock(&dispatch->lock);
    stats->handled = dispatch->handled;
    stats->failed = dispatch->failed;
    stats->missed = dispatch->missed;
    stats->waiting = dispatch->items.count;
    int64_t oldest = afmon_items_oldest(&dispatch->items);
    pthread_mutex_unlock(&dispatch->lock);
    stats->lag_s = oldest == 0 ? 0 : (double)(afmon_boot_ns() - oldest) / 1e9;
}
