/* Birth, end and statistics of a dispatch. */
#include "handlers/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/thread.h"
#include "handlers/dispatch_internal.h"

struct kind_facts {
    const char *label;
    size_t capacity;
};

static const struct kind_facts kinds[] = {
    [AFMON_HANDLER_METRIC] = {"metric handler", 65536},
    [AFMON_HANDLER_LOG] = {"log handler", 4096},
    [AFMON_HANDLER_ALERT] = {"alert handler", 256},
    [AFMON_HANDLER_TOKEN_USAGE] = {"token usage handler", 1},
};

static size_t capacity_of(const struct afmon_handler *handler)
{
    return handler->queue_capacity > 0 ? handler->queue_capacity : kinds[handler->kind].capacity;
}

/* A name that is too long is cut at a character's end. */
static void set_name(struct afmon_dispatch *dispatch)
{
    const struct afmon_dispatch_options *options = &dispatch->options;
    const char *given = options->handler.name;
    char *name = dispatch->name;
    if (given == NULL) {
        (void)snprintf(name, sizeof dispatch->name, "%s %u", kinds[options->handler.kind].label, options->number);
        return;
    }
    size_t length = strnlen(given, sizeof dispatch->name);
    if (length == sizeof dispatch->name) {
        length--;
        while (length > 0 && ((unsigned char)given[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(name, given, length);
    name[length] = '\0';
}

/* Timed waits are on the monotonic clock: setting the system's clock must not end or stretch them. */
static int init_sync(struct afmon_dispatch *dispatch)
{
    pthread_condattr_t attributes;
    int failure = pthread_condattr_init(&attributes);
    if (failure != 0)
        return failure;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failure = pthread_cond_init(&dispatch->work, &attributes);
    if (failure == 0) {
        failure = pthread_cond_init(&dispatch->done, &attributes);
        if (failure != 0)
            pthread_cond_destroy(&dispatch->work);
    }
    pthread_condattr_destroy(&attributes);
    if (failure == 0)
        failure = pthread_mutex_init(&dispatch->lock, NULL);
    return failure;
}

static int start_thread(struct afmon_dispatch *dispatch)
{
    char name[sizeof dispatch->name + 16];
    (void)snprintf(name, sizeof name, "afmon-h:%s", dispatch->name);
    return afmon_thread_start(&dispatch->thread, name, afmon_dispatch_run, dispatch);
}

static void free_parts(struct afmon_dispatch *dispatch)
{
    afmon_queue_free(&dispatch->queue);
    pthread_mutex_destroy(&dispatch->lock);
    pthread_cond_destroy(&dispatch->work);
    pthread_cond_destroy(&dispatch->done);
    afmon_unpacked_free(&dispatch->unpacked);
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
    atomic_init(&dispatch->deadline.end_ns, INT64_MAX);
    set_name(dispatch);
    if (!afmon_queue_init(&dispatch->queue, capacity_of(&options->handler), AFMON_DISPATCH_BYTES)) {
        free(dispatch);
        return afmon_fail(error, AFMON_E_NO_MEMORY, "no memory for a queue of %zu items",
                          capacity_of(&options->handler));
    }
    int failure = init_sync(dispatch);
    if (failure != 0) {
        free(dispatch->queue.slots);
        free(dispatch);
        return afmon_fail_os(error, failure, "cannot make a handler's lock");
    }
    failure = start_thread(dispatch);
    if (failure != 0) {
        free_parts(dispatch);
        return afmon_fail_os(error, failure, "cannot start a handler's thread");
    }
    *out = dispatch;
    return AFMON_OK;
}

bool afmon_dispatch_is_own_thread(const struct afmon_dispatch *dispatch)
{
    return !dispatch->joined && pthread_equal(dispatch->thread, pthread_self());
}

/* Waits for a broadcast of done until a boot time; the lock is held. False: that time has come. */
static bool wait_until(struct afmon_dispatch *dispatch, int64_t deadline_ns)
{
    const int64_t longest_ns = 3600 * AFMON_NS_PER_S; /* the sum below must not overflow */
    int64_t now_ns = afmon_boot_ns();
    if (now_ns >= deadline_ns)
        return false;
    int64_t left_ns = deadline_ns > now_ns + longest_ns ? longest_ns : deadline_ns - now_ns;
    int64_t until_ns = afmon_dispatch_monotonic_ns() + left_ns;
    struct timespec until = {.tv_sec = (time_t)(until_ns / AFMON_NS_PER_S), .tv_nsec = until_ns % AFMON_NS_PER_S};
    pthread_cond_timedwait(&dispatch->done, &dispatch->lock, &until);
    return true;
}

afmon_status afmon_dispatch_drain(struct afmon_dispatch *dispatch, int64_t deadline_ns)
{
    if (afmon_dispatch_is_own_thread(dispatch))
        return AFMON_E_DEADLOCK;
    pthread_mutex_lock(&dispatch->lock);
    uint64_t goal = dispatch->taken;
    bool in_time = true;
    while (dispatch->settled < goal && in_time)
        in_time = wait_until(dispatch, deadline_ns);
    bool done = dispatch->settled >= goal;
    pthread_mutex_unlock(&dispatch->lock);
    return done ? AFMON_OK : AFMON_E_TIMEOUT;
}

void afmon_dispatch_finish(struct afmon_dispatch *dispatch, int64_t deadline_ns)
{
    pthread_mutex_lock(&dispatch->lock);
    if (!dispatch->finishing) {
        dispatch->finishing = true;
        dispatch->deadline.end_ns = deadline_ns;
        pthread_cond_signal(&dispatch->work);
    }
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
        *drained = dispatch->drained;
    return AFMON_OK;
}

void afmon_dispatch_free(struct afmon_dispatch *dispatch)
{
    if (dispatch == NULL)
        return;
    afmon_dispatch_finish(dispatch, 0);
    (void)afmon_dispatch_join(dispatch, NULL);
    afmon_handler_end(&dispatch->options.handler);
    free_parts(dispatch);
}

void afmon_dispatch_get_stats(struct afmon_dispatch *dispatch, afmon_handler_stats *stats)
{
    *stats = (afmon_handler_stats){0};
    memcpy(stats->name, dispatch->name, sizeof stats->name);
    int64_t now_ns = afmon_boot_ns();
    pthread_mutex_lock(&dispatch->lock);
    const struct afmon_queued *oldest = afmon_queue_oldest(&dispatch->queue);
    stats->handled = dispatch->handled;
    stats->failed = dispatch->failed;
    stats->missed = dispatch->missed;
    stats->lost = dispatch->lost;
    stats->waiting = dispatch->queue.count;
    if (oldest != NULL && oldest->pushed_ns < now_ns)
        stats->lag_s = (double)(now_ns - oldest->pushed_ns) / (double)AFMON_NS_PER_S;
    pthread_mutex_unlock(&dispatch->lock);
}
