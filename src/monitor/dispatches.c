#include "monitor/dispatches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static afmon_status open_one(struct afmon_core *core, const struct afmon_handler *handler, afmon_error *error)
{
    size_t *count = &core->dispatch_counts[handler->kind];
    const struct afmon_dispatch_options options = {.handler = *handler,
                                                   .number = (unsigned)*count + 1,
                                                   .user = core,
                                                   .host = core->monitor->options.host,
                                                   .report = handler->kind == AFMON_HANDLER_LOG ? report_log_handler
                                                                                                : report_handler,
                                                   .usage = usage_now};
    afmon_status status = afmon_dispatch_new(&options, &core->dispatches[core->dispatch_count], error);
    core->dispatch_count += status == AFMON_OK;
    *count += status == AFMON_OK;
    return status;
}

/* A handler with a dispatch is ended by that. */
static void end_unopened(const struct afmon_core *core)
{
    for (size_t i = core->dispatch_count; i < core->monitor->handler_count; i++)
        afmon_handler_end(&core->monitor->handlers[i]);
}

afmon_status afmon_dispatches_open(struct afmon_core *core, afmon_error *error)
{
    const afmon_monitor *monitor = core->monitor;
    core->monitor->took_handlers = true;
    core->dispatches = calloc(monitor->handler_count + 1, sizeof(struct afmon_dispatch *));
    afmon_status status = core->dispatches != NULL ? AFMON_OK : afmon_fail_memory(error);
    for (size_t i = 0; status == AFMON_OK && i < monitor->handler_count; i++)
        status = open_one(core, &monitor->handlers[i], error);
    if (status != AFMON_OK)
        end_unopened(core);
    return status;
}

static bool end_one(void *user, const struct afmon_handler *handler)
{
    (void)user;
    afmon_handler_end(handler);
    return true;
}

void afmon_handlers_end(const afmon_options *options)
{
    afmon_handlers_each(options, end_one, NULL);
}

void afmon_dispatches_each(const struct afmon_core *core, void (*visit)(void *user, struct afmon_dispatch *dispatch),
                           void *user)
{
    for (size_t i = 0; i < core->dispatch_count; i++)
        visit(user, core->dispatches[i]);
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
    free(core->dispatches);
    core->dispatches = NULL;
    core->dispatch_count = 0;
    memset(core->dispatch_counts, 0, sizeof core->dispatch_counts);
}
