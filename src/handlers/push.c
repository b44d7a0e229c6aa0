/* Putting items into a dispatch's queue. */
#include <stdlib.h>
#include <string.h>

#include "handlers/dispatch_internal.h"

#define NO_CHARGE 0

static void wake(struct afmon_dispatch *dispatch)
{
    if (dispatch->waiting)
        pthread_cond_signal(&dispatch->work);
}

/* Takes over what the item holds, or counts it as missed; the lock is held. */
static bool take(struct afmon_dispatch *dispatch, const struct afmon_queued *item)
{
    if (dispatch->finishing || !afmon_queue_has_room(&dispatch->queue, item->charge)) {
        dispatch->missed++;
        return false;
    }
    afmon_queue_push(&dispatch->queue, item);
    dispatch->taken++;
    return true;
}

/* Samples that follow each other often have the same set, which then is charged once. It stays on the safe side: a set
 * that others hold too is charged all the same. */
static uint32_t charge_of(const struct afmon_dispatch_sample *sample, const struct afmon_set *previous)
{
    return sample->set != NULL && sample->set != previous ? sample->set->size : NO_CHARGE;
}

size_t afmon_dispatch_push_samples(struct afmon_dispatch *dispatch, const struct afmon_dispatch_sample *samples,
                                   size_t count, int64_t now_ns)
{
    if (dispatch->options.handler.kind != AFMON_HANDLER_METRIC || count == 0)
        return 0;
    const struct afmon_set *previous = NULL;
    size_t taken = 0;
    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; i < count; i++) {
        const struct afmon_dispatch_sample *sample = &samples[i];
        struct afmon_queued item = {
            .kind = AFMON_QUEUED_SAMPLE,
            .charge = charge_of(sample, previous),
            .pushed_ns = now_ns,
            .as.sample = {sample->name, sample->name_length, sample->set, sample->value, sample->timestamp_ns}};
        if (!take(dispatch, &item))
            continue;
        if (sample->set != NULL)
            afmon_set_hold(sample->set);
        previous = sample->set;
        taken++;
    }
    wake(dispatch);
    pthread_mutex_unlock(&dispatch->lock);
    return taken;
}

/* Looks before it copies: a queue that is full costs no allocation. */
static bool has_room(struct afmon_dispatch *dispatch, size_t charge)
{
    pthread_mutex_lock(&dispatch->lock);
    bool room = !dispatch->finishing && afmon_queue_has_room(&dispatch->queue, charge);
    dispatch->missed += !room;
    pthread_mutex_unlock(&dispatch->lock);
    return room;
}

/* Takes over what the item holds in any case. */
static size_t push_copy(struct afmon_dispatch *dispatch, struct afmon_queued *item)
{
    pthread_mutex_lock(&dispatch->lock);
    bool taken = take(dispatch, item);
    if (taken)
        wake(dispatch);
    pthread_mutex_unlock(&dispatch->lock);
    if (!taken)
        afmon_queued_release(item);
    return taken;
}

static struct afmon_queue_log *copy_log(const struct afmon_dispatch_log *log, size_t size)
{
    struct afmon_queue_log *copy = malloc(size);
    if (copy == NULL)
        return NULL;
    copy->level = log->level;
    copy->timestamp_ns = log->timestamp_ns;
    copy->message_length = log->message_length;
    copy->packed_length = log->packed_length;
    if (log->message_length > 0)
        memcpy(copy->bytes, log->message, log->message_length);
    copy->bytes[log->message_length] = '\0';
    if (log->packed_length > 0)
        memcpy(copy->bytes + log->message_length + 1, log->packed, log->packed_length);
    return copy;
}

size_t afmon_dispatch_push_log(struct afmon_dispatch *dispatch, const struct afmon_dispatch_log *log, int64_t now_ns)
{
    if (dispatch->options.handler.kind != AFMON_HANDLER_LOG)
        return 0;
    size_t size = sizeof(struct afmon_queue_log) + log->message_length + 1 + log->packed_length;
    if (size > UINT32_MAX) {
        afmon_dispatch_count_missed(dispatch, 1);
        return 0;
    }
    if (!has_room(dispatch, size))
        return 0;
    struct afmon_queued item = {.kind = AFMON_QUEUED_LOG, .charge = (uint32_t)size, .pushed_ns = now_ns};
    item.as.log = copy_log(log, size);
    if (item.as.log == NULL) {
        afmon_dispatch_count_missed(dispatch, 1);
        return 0;
    }
    return push_copy(dispatch, &item);
}

static size_t push_alert(struct afmon_dispatch *dispatch, const afmon_alert *alert, int64_t now_ns)
{
    if (!has_room(dispatch, sizeof *alert))
        return 0;
    struct afmon_queued item = {.kind = AFMON_QUEUED_ALERT, .charge = sizeof *alert, .pushed_ns = now_ns};
    item.as.alert = malloc(sizeof *alert);
    if (item.as.alert == NULL) {
        afmon_dispatch_count_missed(dispatch, 1);
        return 0;
    }
    *item.as.alert = *alert;
    return push_copy(dispatch, &item);
}

size_t afmon_dispatch_push_alerts(struct afmon_dispatch *dispatch, const afmon_alert *alerts, size_t count,
                                  int64_t now_ns)
{
    size_t taken = 0;
    if (dispatch->options.handler.kind != AFMON_HANDLER_ALERT)
        return 0;
    for (size_t i = 0; i < count; i++)
        taken += push_alert(dispatch, &alerts[i], now_ns);
    return taken;
}

void afmon_dispatch_count_missed(struct afmon_dispatch *dispatch, uint64_t count)
{
    pthread_mutex_lock(&dispatch->lock);
    dispatch->missed += count;
    wake(dispatch); /* to report it */
    pthread_mutex_unlock(&dispatch->lock);
}
