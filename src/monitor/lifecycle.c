/* Opening, flushing, closing: the public side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/options.h"
#include "base/status.h"
#include "monitor/dispatches.h"
#include "monitor/listen.h"
#include "monitor/log_dir.h"
#include "monitor/progress.h"

/* A monitor that is not there yet, with its core. *took: the handlers are not the caller's to end any more. */
static afmon_status open_unpublished(const afmon_options *options, afmon_monitor **out, struct afmon_core **core,
                                     bool *took, afmon_error *error)
{
    afmon_monitor *monitor;
    *took = false;
    afmon_status status = afmon_monitor_new(options, &monitor, error);
    if (status != AFMON_OK)
        return status;
    status = afmon_log_dir_make(&monitor->log_dir, options->log_dir, error);
    if (status == AFMON_OK)
        status = afmon_core_open(monitor, core, error);
    *took = monitor->took_handlers;
    if (status == AFMON_OK)
        *out = monitor;
    else
        afmon_monitor_delete(monitor);
    return status;
}

afmon_status afmon_monitor_open(const afmon_options *options, afmon_monitor **out, afmon_error *error)
{
    if (out == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "monitor is NULL: give a place for the monitor");
    *out = NULL;
    afmon_options all;
    afmon_options_init(&all);
    afmon_status status = afmon_options_take(&all, sizeof all, options, "afmon_options", error);
    if (status != AFMON_OK)
        return status;
    afmon_monitor *monitor;
    struct afmon_core *core;
    bool took;
    status = open_unpublished(&all, &monitor, &core, &took, error);
    if (status != AFMON_OK) {
        if (!took)
            afmon_handlers_end(&all);
        return status;
    }
    afmon_core_publish(monitor, core);
    status = afmon_listen_open(core, error);
    if (status == AFMON_OK)
        status = afmon_progress_thread_start(monitor->log_dir, monitor->options.progress, &monitor->progress, error);
    if (status != AFMON_OK) {
        afmon_monitor_close(monitor, NULL);
        return status;
    }
    *out = monitor;
    return AFMON_OK;
}

static struct timespec monotonic_at(int64_t boot_deadline_ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t left = boot_deadline_ns - afmon_boot_ns();
    int64_t ns = at.tv_nsec + (left > 0 ? left % AFMON_NS_PER_S : 0);
    at.tv_sec += (left > 0 ? left / AFMON_NS_PER_S : 0) + ns / AFMON_NS_PER_S;
    at.tv_nsec = (long)(ns % AFMON_NS_PER_S);
    return at;
}

afmon_status afmon_core_pass(struct afmon_core *core, int64_t deadline_ns)
{
    uint64_t request = atomic_fetch_add_explicit(&core->requested, 1, memory_order_seq_cst) + 1;
    struct timespec until = monotonic_at(deadline_ns);
    afmon_hub_wake(&core->hub);
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    while (core->completed < request && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&core->progress, &core->lock, &until);
    bool done = core->completed >= request;
    bool stalled = core->stalled;
    pthread_mutex_unlock(&core->lock);
    return done ? AFMON_OK : stalled ? AFMON_E_UNWRITABLE : AFMON_E_TIMEOUT;
}

afmon_status afmon_monitor_flush(afmon_monitor *monitor, double timeout_s, afmon_error *error)
{
    if (monitor == NULL || !(timeout_s >= 0))
        return afmon_fail(error, AFMON_E_ARGUMENT, "flush: give a monitor and a timeout of 0 or more seconds");
    afmon_status status;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    if (core == NULL || status == AFMON_E_CLOSED)
        return core == NULL ? afmon_fail(error, status, "%s", monitor->birth_error.message) : AFMON_OK;
    if (afmon_core_in_handler(core))
        return afmon_fail(error, AFMON_E_DEADLOCK, "flush was called from a handler, which would wait for itself");
    int64_t now = afmon_boot_ns();
    int64_t length = afmon_seconds_to_ns(timeout_s);
    int64_t deadline = length > INT64_MAX - now ? INT64_MAX : now + length;
    status = afmon_core_pass(core, deadline);
    if (status == AFMON_OK)
        status = afmon_dispatches_drain(core, deadline);
    if (status == AFMON_E_UNWRITABLE) {
        pthread_mutex_lock(&core->lock);
        if (error != NULL)
            *error = core->last_error;
        pthread_mutex_unlock(&core->lock);
    } else if (status != AFMON_OK) {
        return afmon_fail(error, status, "not everything was written and handled within %g s", timeout_s);
    }
    return status;
}

/* Shuts the core of this process down, once. */
static void shut_down_once(afmon_monitor *monitor, struct afmon_core *core)
{
    struct afmon_process_page *page = &monitor->page->process;
    uint32_t open = AFMON_PROCESS_OPEN;
    if (atomic_compare_exchange_strong(&page->state, &open, AFMON_PROCESS_CLOSING)) {
        afmon_core_shutdown(core);
        afmon_progress_thread_stop(monitor->progress);
        atomic_store_explicit(&page->state, AFMON_PROCESS_CLOSED, memory_order_release);
    }
    while (atomic_load_explicit(&page->state, memory_order_acquire) == AFMON_PROCESS_CLOSING) {
        struct timespec a_moment = {.tv_nsec = 1000000}; /* another thread is at it */
        nanosleep(&a_moment, NULL);
    }
}

afmon_status afmon_monitor_shutdown(afmon_monitor *monitor, afmon_close_report *report)
{
    if (monitor == NULL)
        return AFMON_E_ARGUMENT;
    afmon_status status;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    if (core == NULL)
        return status;
    if (status == AFMON_OK && afmon_core_in_handler(core))
        return AFMON_E_DEADLOCK;
    shut_down_once(monitor, core);
    if (report != NULL)
        *report = core->report;
    return AFMON_OK;
}

/* In a child that never used the monitor there is nothing to drain, and the parent's threads are not here. */
static bool was_used_here(afmon_monitor *monitor)
{
    uint32_t state = atomic_load_explicit(&monitor->page->process.state, memory_order_acquire);
    return state != AFMON_PROCESS_NEW && state != AFMON_PROCESS_FAILED;
}

afmon_status afmon_monitor_close(afmon_monitor *monitor, afmon_close_report *report)
{
    if (report != NULL)
        *report = (afmon_close_report){.drained = true};
    if (monitor == NULL)
        return AFMON_OK;
    if (was_used_here(monitor)) {
        afmon_status status = afmon_monitor_shutdown(monitor, report);
        if (status != AFMON_OK)
            return status;
        afmon_core_free(atomic_load_explicit(&monitor->core, memory_order_acquire));
    }
    afmon_monitor_delete(monitor);
    return AFMON_OK;
}

const char *afmon_monitor_log_dir(const afmon_monitor *monitor)
{
    return monitor == NULL ? NULL : monitor->log_dir;
}

const char *afmon_monitor_metrics_file(afmon_monitor *monitor)
{
    afmon_status status;
    struct afmon_core *core = monitor == NULL ? NULL : afmon_core_here(monitor, &status);
    return core == NULL ? NULL : afmon_core_place(core, &core->metrics_place).path;
}

void afmon_monitor_progress_line(afmon_monitor *monitor, char *line, size_t size)
{
    if (line == NULL || size == 0)
        return;
    line[0] = '\0';
    if (monitor != NULL)
        afmon_progress_thread_text(monitor->progress, line, size);
}
