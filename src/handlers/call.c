/* Calling a handler with what it understands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/dispatch_internal.h"

static bool fail(struct afmon_dispatch *dispatch, const char *why)
{
    (void)snprintf(dispatch->error, sizeof dispatch->error, "%s", why);
    return false;
}

/* Unpacks into dispatch->unpacked. */
static bool unpack(struct afmon_dispatch *dispatch, const void *packed, size_t length)
{
    return afmon_unpack(&dispatch->unpacked, packed, length) || fail(dispatch, afmon_status_text(AFMON_E_NO_MEMORY));
}

/* The handler wrote into scratch, or not; whatever it wrote, the text ends. */
static bool settle(struct afmon_dispatch *dispatch, int result)
{
    if (result == 0)
        return true;
    dispatch->scratch[sizeof dispatch->scratch - 1] = '\0';
    if (dispatch->scratch[0] != '\0')
        return fail(dispatch, dispatch->scratch);
    (void)snprintf(dispatch->error, sizeof dispatch->error, "the handler returned %d", result);
    return false;
}

static bool call_metric(struct afmon_dispatch *dispatch, const struct afmon_queue_sample *item)
{
    const struct afmon_handler *handler = &dispatch->options.handler;
    afmon_sample sample = {.metric = item->name,
                           .metric_length = item->name_length,
                           .value = item->value,
                           .timestamp_ns = item->timestamp_ns};
    if (item->set != NULL) {
        if (!unpack(dispatch, item->set->packed, item->set->packed_length))
            return false;
        sample.fields = dispatch->unpacked.fields;
        sample.field_count = dispatch->unpacked.count;
    }
    return settle(dispatch,
                  handler->handle.sample(handler->user, &sample, dispatch->scratch, sizeof dispatch->scratch));
}

static bool call_log(struct afmon_dispatch *dispatch, const struct afmon_queue_log *item)
{
    const struct afmon_handler *handler = &dispatch->options.handler;
    afmon_log_record record = {.message = item->bytes,
                               .message_length = item->message_length,
                               .level = item->level,
                               .timestamp_ns = item->timestamp_ns};
    if (!unpack(dispatch, item->bytes + item->message_length + 1, item->packed_length))
        return false;
    record.fields = dispatch->unpacked.fields;
    record.field_count = dispatch->unpacked.count;
    return settle(dispatch, handler->handle.log(handler->user, &record, dispatch->scratch, sizeof dispatch->scratch));
}

bool afmon_dispatch_call(struct afmon_dispatch *dispatch, const struct afmon_queued *item)
{
    const struct afmon_handler *handler = &dispatch->options.handler;
    dispatch->scratch[0] = '\0';
    switch (item->kind) {
    case AFMON_QUEUED_SAMPLE:
        return call_metric(dispatch, &item->as.sample);
    case AFMON_QUEUED_LOG:
        return call_log(dispatch, item->as.log);
    case AFMON_QUEUED_ALERT:
        break;
    }
    return settle(dispatch,
                  handler->handle.alert(handler->user, item->as.alert, dispatch->scratch, sizeof dispatch->scratch));
}

bool afmon_dispatch_call_usage(struct afmon_dispatch *dispatch)
{
    const struct afmon_handler *handler = &dispatch->options.handler;
    afmon_token_usage usage = {0};
    dispatch->scratch[0] = '\0';
    afmon_status status = dispatch->options.usage(dispatch->options.user, &usage);
    if (status != AFMON_OK)
        return fail(dispatch, afmon_status_text(status));
    int result = handler->handle.usage(handler->user, &usage, dispatch->scratch, sizeof dispatch->scratch);
    afmon_token_usage_free(&usage);
    return settle(dispatch, result);
}

/* ---- handlers that gather ---- */

bool afmon_dispatch_call_flush(struct afmon_dispatch *dispatch, uint64_t *lost)
{
    const struct afmon_handler *handler = &dispatch->options.handler;
    dispatch->scratch[0] = '\0';
    *lost = handler->flush(handler->user, &dispatch->deadline, dispatch->scratch, sizeof dispatch->scratch);
    dispatch->scratch[sizeof dispatch->scratch - 1] = '\0';
    return dispatch->scratch[0] == '\0' || fail(dispatch, dispatch->scratch);
}
