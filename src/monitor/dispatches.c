#include "monitor/dispatches.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/status.h"
#include "monitor/family.h"

/* From a handler's thread: what it did not manage goes to the log. */
static size_t report_fields(const struct afmon_dispatch_report *report, afmon_field fields[4])
{
    size_t count = 0;
    fields[count++] = afmon_string("handler", report->handler);
    if (report->error != NULL)
        fields[count++] = afmon_string("error", report->error);
    if (report->failures > 0)
        fields[count++] = afmon_int("failures", (int64_t)report->failures);
    if (report->missed > 0)
        fields[count++] = afmon_int("missed", (int64_t)report->missed);
    return count;
}

static const char *report_message(const struct afmon_dispatch_report *report)
{
    return report->failures > 0 ? "A handler failed" : "A handler was too slow";
}

static void remember(struct afmon_core *core, const struct afmon_dispatch_report *report)
{
    afmon_error error;
    afmon_fail(&error, AFMON_E_SYSTEM, "%s: %s", report->handler,
               report->error != NULL ? report->error : "was too slow and missed items");
    afmon_core_set_error(core, &error);
}

static void report_handler(void *user, const struct afmon_dispatch_report *report)
{
    afmon_field fields[4];
    remember(user, report);
    afmon_core_log(user, AFMON_ERROR, report_message(report), fields, report_fields(report, fields));
}

/* To the file alone: a log handler that always fails would be given the news of its failure, and go on for ever. */
static void report_log_handler(void *user, const struct afmon_dispatch_report *report)
{
    afmon_field fields[4];
    remember(user, report);
    afmon_core_log_to_file(user, AFMON_ERROR, report_message(report), fields, report_fields(report, fields));
}

static afmon_status usage_now(void *user, afmon_token_usage *usage)
{
    struct afmon_core *core = user;
    return afmon_store_token_usage(afmon_family_store(core), afmon_core_steady_us(core), INT64_MAX, usage);
}

static afmon_status open_one(struct afmon_core *core, struct afmon_dispatch_options *options,
                             struct afmon_dispatch **out, afmon_error *error)
{
    options->user = core;
    options->host = core->monitor->options.host;
    options->report = options->kind == AFMON_DISPATCH_LOG ? report_log_handler : report_handler;
    return afmon_dispatch_new(options, out, error);
}

static afmon_status open_metrics(struct afmon_core *core, afmon_error *error)
{
    const afmon_monitor *monitor = core->monitor;
    core->metric_dispatches = calloc(monitor->metric_handler_count + 1, sizeof(struct afmon_dispatch *));
    if (core->metric_dispatches == NULL)
        return afmon_fail_memory(error);
    afmon_status status = AFMON_OK;
    for (size_t i = 0; status == AFMON_OK && i < monitor->metric_handler_count; i++) {
        struct afmon_dispatch_options options = {.kind = AFMON_DISPATCH_METRIC, .number = (unsigned)i + 1};
        options.handler.metric = monitor->metric_handlers[i];
        status = open_one(core, &options, &core->metric_dispatches[i], error);
        core->metric_count += status == AFMON_OK;
    }
    return status;
}

static afmon_status open_logs(struct afmon_core *core, afmon_error *error)
{
    const afmon_monitor *monitor = core->monitor;
    core->log_dispatches = calloc(monitor->log_handler_count + 1, sizeof(struct afmon_dispatch *));
    if (core->log_dispatches == NULL)
        return afmon_fail_memory(error);
    afmon_status status = AFMON_OK;
    for (size_t i = 0; status == AFMON_OK && i < monitor->log_handler_count; i++) {
        struct afmon_dispatch_options options = {.kind = AFMON_DISPATCH_LOG, .number = (unsigned)i + 1};
        options.handler.log = monitor->log_handlers[i];
        status = open_one(core, &options, &core->log_dispatches[i], error);
        core->log_count += status == AFMON_OK;
    }
    return status;
}

static afmon_status open_alerts(struct afmon_core *core, afmon_error *error)
{
    const afmon_monitor *monitor = core->monitor;
    core->alert_dispatches = calloc(monitor->alert_handler_count + 1, sizeof(struct afmon_dispatch *));
    if (core->alert_dispatches == NULL)
        return afmon_fail_memory(error);
    afmon_status status = AFMON_OK;
    for (size_t i = 0; status == AFMON_OK && i < monitor->alert_handler_count; i++) {
        struct afmon_dispatch_options options = {.kind = AFMON_DISPATCH_ALERT, .number = (unsigned)i + 1};
        options.handler.alert = monitor->alert_handlers[i];
        status = open_one(core, &options, &core->alert_dispatches[i], error);
        core->alert_count += status == AFMON_OK;
    }
    return status;
}

static afmon_status open_usage(struct afmon_core *core, afmon_error *error)
{
    const afmon_options *chosen = &core->monitor->options;
    if (chosen->token_usage.handle == NULL)
        return AFMON_OK;
    struct afmon_dispatch_options options = {.kind = AFMON_DISPATCH_TOKEN_USAGE,
                                             .number = 1,
                                             .usage = usage_now,
                                             .interval_s = chosen->token_usage_interval_s};
    options.handler.token_usage = chosen->token_usage;
    return open_one(core, &options, &core->usage_dispatch, error);
}

/* ---- handlers without a dispatch, which would destroy them ---- */

static void end_handler(void (*destroy)(void *user), void *user)
{
    if (destroy != NULL)
        destroy(user);
}

static void end_metrics(const afmon_metric_handler *handlers, size_t count)
{
    for (size_t i = 0; handlers != NULL && i < count; i++)
        end_handler(handlers[i].destroy, handlers[i].user);
}

static void end_logs(const afmon_log_handler *handlers, size_t count)
{
    for (size_t i = 0; handlers != NULL && i < count; i++)
        end_handler(handlers[i].destroy, handlers[i].user);
}

static void end_alerts(const afmon_alert_handler *handlers, size_t count)
{
    for (size_t i = 0; handlers != NULL && i < count; i++)
        end_handler(handlers[i].destroy, handlers[i].user);
}

void afmon_handlers_end(const afmon_options *options)
{
    if (options->metric_handler_count != AFMON_DEFAULT_HANDLERS)
        end_metrics(options->metric_handlers, options->metric_handler_count);
    if (options->log_handler_count != AFMON_DEFAULT_HANDLERS)
        end_logs(options->log_handlers, options->log_handler_count);
    end_alerts(options->alert_handlers, options->alert_handler_count);
    end_handler(options->token_usage.destroy, options->token_usage.user);
}

/* Those that came behind the one that failed. */
static void end_unopened(const struct afmon_core *core)
{
    const afmon_monitor *monitor = core->monitor;
    end_metrics(monitor->metric_handlers + core->metric_count, monitor->metric_handler_count - core->metric_count);
    end_logs(monitor->log_handlers + core->log_count, monitor->log_handler_count - core->log_count);
    end_alerts(monitor->alert_handlers + core->alert_count, monitor->alert_handler_count - core->alert_count);
    if (core->usage_dispatch == NULL)
        end_handler(monitor->options.token_usage.destroy, monitor->options.token_usage.user);
}

afmon_status afmon_dispatches_open(struct afmon_core *core, afmon_error *error)
{
    core->monitor->took_handlers = true;
    afmon_status status = open_metrics(core, error);
    if (status == AFMON_OK)
        status = open_logs(core, error);
    if (status == AFMON_OK)
        status = open_alerts(core, error);
    if (status == AFMON_OK)
        status = open_usage(core, error);
    if (status != AFMON_OK)
        end_unopened(core);
    return status;
}

void afmon_dispatches_each(const struct afmon_core *core, void (*visit)(void *user, struct afmon_dispatch *dispatch),
                           void *user)
{
    for (size_t i = 0; i < core->metric_count; i++)
        visit(user, core->metric_dispatches[i]);
    for (size_t i = 0; i < core->log_count; i++)
        visit(user, core->log_dispatches[i]);
    for (size_t i = 0; i < core->alert_count; i++)
        visit(user, core->alert_dispatches[i]);
    if (core->usage_dispatch != NULL)
        visit(user, core->usage_dispatch);
}

struct closing {
    int64_t deadline_ns;
    bool drained;
    afmon_status status;
};

static void finish_one(void *user, struct afmon_dispatch *dispatch)
{
    afmon_dispatch_finish(dispatch, ((struct closing *)user)->deadline_ns);
}

static void join_one(void *user, struct afmon_dispatch *dispatch)
{
    struct closing *closing = user;
    bool drained = false;
    (void)afmon_dispatch_join(dispatch, &drained);
    closing->drained = closing->drained && drained;
}

bool afmon_dispatches_close(struct afmon_core *core, int64_t deadline_ns)
{
    struct closing closing = {.deadline_ns = deadline_ns, .drained = true};
    afmon_dispatches_each(core, finish_one, &closing);
    afmon_dispatches_each(core, join_one, &closing);
    return closing.drained;
}

static void drain_one(void *user, struct afmon_dispatch *dispatch)
{
    struct closing *closing = user;
    afmon_status status = afmon_dispatch_drain(dispatch, closing->deadline_ns);
    if (closing->status == AFMON_OK)
        closing->status = status;
}

afmon_status afmon_dispatches_drain(struct afmon_core *core, int64_t deadline_ns)
{
    struct closing closing = {.deadline_ns = deadline_ns, .status = AFMON_OK};
    afmon_dispatches_each(core, drain_one, &closing);
    return closing.status;
}

static void ask_one(void *user, struct afmon_dispatch *dispatch)
{
    bool *own = user;
    *own = *own || afmon_dispatch_is_own_thread(dispatch);
}

bool afmon_core_in_handler(const struct afmon_core *core)
{
    bool own = false;
    afmon_dispatches_each(core, ask_one, &own);
    return own;
}

static void free_one(void *user, struct afmon_dispatch *dispatch)
{
    (void)user;
    afmon_dispatch_free(dispatch);
}

void afmon_dispatches_free(struct afmon_core *core)
{
    afmon_dispatches_each(core, free_one, NULL);
    free(core->metric_dispatches);
    free(core->log_dispatches);
    free(core->alert_dispatches);
    core->metric_dispatches = core->log_dispatches = core->alert_dispatches = NULL;
    core->metric_count = core->log_count = core->alert_count = 0;
    core->usage_dispatch = NULL;
}
