#include "handlers/handler.h"

#include "base/status.h"

/* The built-in handlers are told by these functions, which are never called: the core's own thread writes the files. */
static int metric_file(void *user, const afmon_sample *sample, char *error, size_t size)
{
    (void)user;
    (void)sample;
    (void)error;
    (void)size;
    return 0;
}

static int log_file(void *user, const afmon_log_record *record, char *error, size_t size)
{
    (void)user;
    (void)record;
    (void)error;
    (void)size;
    return 0;
}

afmon_metric_handler afmon_metric_file_handler(void)
{
    return (afmon_metric_handler){.name = "metrics file", .handle = metric_file};
}

afmon_log_handler afmon_log_file_handler(void)
{
    return (afmon_log_handler){.name = "log file", .handle = log_file};
}

/* ---- from the public header ---- */

#define TAKE_COMMON(from)                                                                                              \
    .name = (from)->name, .user = (from)->user, .destroy = (from)->destroy, .queue_capacity = (from)->queue_capacity,  \
    .flush = (from)->flush, .interval_s = (from)->flush_interval_s

struct afmon_handler afmon_handler_of_samples(const afmon_metric_handler *from)
{
    return (struct afmon_handler){.kind = AFMON_HANDLER_METRIC,
                                  .built_in = from->handle == metric_file,
                                  .handle.sample = from->handle,
                                  TAKE_COMMON(from)};
}

struct afmon_handler afmon_handler_of_logs(const afmon_log_handler *from)
{
    return (struct afmon_handler){
        .kind = AFMON_HANDLER_LOG, .built_in = from->handle == log_file, .handle.log = from->handle, TAKE_COMMON(from)};
}

struct afmon_handler afmon_handler_of_alerts(const afmon_alert_handler *from)
{
    return (struct afmon_handler){.kind = AFMON_HANDLER_ALERT, .handle.alert = from->handle, TAKE_COMMON(from)};
}

struct afmon_handler afmon_handler_of_usage(const afmon_token_usage_handler *from, double interval_s)
{
    return (struct afmon_handler){.kind = AFMON_HANDLER_TOKEN_USAGE,
                                  .name = from->name,
                                  .handle.usage = from->handle,
                                  .user = from->user,
                                  .destroy = from->destroy,
                                  .interval_s = interval_s};
}

/* Of a list that is there. */
static size_t count_of(const void *list, size_t given)
{
    return list == NULL || given == AFMON_DEFAULT_HANDLERS ? 0 : given;
}

/* The handler at a place in the lists of options, one behind the other. False: there is none. */
static bool handler_at(const afmon_options *options, size_t at, struct afmon_handler *handler, size_t *index)
{
    size_t metrics = count_of(options->metric_handlers, options->metric_handler_count);
    size_t logs = count_of(options->log_handlers, options->log_handler_count);
    size_t alerts = count_of(options->alert_handlers, options->alert_handler_count);
    *index = at;
    if (at < metrics) {
        *handler = afmon_handler_of_samples(&options->metric_handlers[at]);
        return true;
    }
    *index = at -= metrics;
    if (at < logs) {
        *handler = afmon_handler_of_logs(&options->log_handlers[at]);
        return true;
    }
    *index = at -= logs;
    if (at < alerts) {
        *handler = afmon_handler_of_alerts(&options->alert_handlers[at]);
        return true;
    }
    *handler = afmon_handler_of_usage(&options->token_usage, options->token_usage_interval_s);
    return at == alerts && options->token_usage.handle != NULL;
}

static bool has_function(const struct afmon_handler *handler)
{
    switch (handler->kind) {
    case AFMON_HANDLER_METRIC:
        return handler->handle.sample != NULL;
    case AFMON_HANDLER_LOG:
        return handler->handle.log != NULL;
    case AFMON_HANDLER_ALERT:
        return handler->handle.alert != NULL;
    default:
        return handler->handle.usage != NULL;
    }
}

static bool is_missing(const void *list, size_t given)
{
    return list == NULL && given > 0 && given != AFMON_DEFAULT_HANDLERS;
}

afmon_status afmon_handlers_check(const afmon_options *options, afmon_error *error)
{
    static const char *const lists[AFMON_HANDLER_KINDS] = {"metric_handlers", "log_handlers", "alert_handlers",
                                                           "token_usage"};
    struct afmon_handler handler;
    size_t index;
    if (is_missing(options->metric_handlers, options->metric_handler_count) ||
        is_missing(options->log_handlers, options->log_handler_count) ||
        is_missing(options->alert_handlers, options->alert_handler_count))
        return afmon_fail(error, AFMON_E_ARGUMENT, "a list of handlers is NULL though its count is not 0");
    for (size_t at = 0; handler_at(options, at, &handler, &index); at++) {
        if (!has_function(&handler))
            return afmon_fail(error, AFMON_E_ARGUMENT, "%s[%zu].handle is NULL", lists[handler.kind], index);
        if (handler.flush != NULL && !(handler.interval_s > 0 && isfinite(handler.interval_s)))
            return afmon_fail(error, AFMON_E_ARGUMENT, "a handler has a flush: give it a flush_interval_s above 0");
    }
    return AFMON_OK;
}

bool afmon_handlers_each(const afmon_options *options, bool (*visit)(void *user, const struct afmon_handler *handler),
                         void *user)
{
    struct afmon_handler handler;
    size_t index;
    for (size_t at = 0; handler_at(options, at, &handler, &index); at++)
        if (!visit(user, &handler))
            return false;
    return true;
}

void afmon_handler_end(const struct afmon_handler *handler)
{
    if (handler->destroy != NULL)
        handler->destroy(handler->user);
}
