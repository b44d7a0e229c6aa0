/* The life of a core. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/status.h"
#include "base/thread.h"
#include "ingest/presence.h"
#include "monitor/core.h"
#include "monitor/budget.h"
#include "monitor/dispatches.h"
#include "monitor/family.h"
#include "monitor/listen.h"
#include "monitor/run_record.h"
#include "money/ledger.h"
#include "money/prices.h"

int64_t afmon_core_steady_us(const struct afmon_core *core)
{
    return (afmon_boot_ns() + core->opening_offset_ns) / 1000;
}

void afmon_core_set_error(struct afmon_core *core, const afmon_error *error)
{
    pthread_mutex_lock(&core->lock);
    core->last_error = *error;
    pthread_mutex_unlock(&core->lock);
}

/* ---- opening ---- */

static int init_locks(struct afmon_core *core)
{
    pthread_condattr_t attributes;
    int failure = pthread_condattr_init(&attributes);
    if (failure != 0)
        return failure;
    failure = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failure == 0)
        failure = pthread_cond_init(&core->progress, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failure == 0)
        failure = pthread_mutex_init(&core->lock, NULL);
    if (failure == 0)
        failure = pthread_mutex_init(&core->define_lock, NULL);
    if (failure == 0)
        failure = pthread_mutex_init(&core->watch_lock, NULL);
    if (failure == 0)
        failure = afmon_item_watch_init(&core->items);
    return failure;
}

/* False: no memory. */
static bool begin_place(const struct afmon_core *core, struct afmon_file_place *place, int which, int fd)
{
    const struct afmon_landing_file *file = &core->files.file[which];
    struct stat status;
    if (fd < 0)
        return true;
    place->begin = fstat(fd, &status) == 0 ? status.st_size : 0;
    place->path = afmon_path_join(core->monitor->log_dir, file->is.name);
    return place->path != NULL;
}

/* What a crash of the whole machine tore off is told in the log. */
static afmon_status open_files(struct afmon_core *core, afmon_error *error)
{
    const char *failed = "";
    int failure = afmon_run_files_open(&core->files, core->session.place.run, core->session.metrics_file,
                                       core->session.log_file, &failed);
    if (failure == 0) {
        failed = "";
        failure = afmon_run_files_repair(&core->files, &core->removed);
    }
    if (failure != 0)
        return afmon_fail_os(error, failure, "cannot open %s/%s", core->monitor->log_dir, failed);
    afmon_run_files_watch(&core->files, core->session.place.run);
    core->folder_path = realpath(core->monitor->log_dir, NULL);
    if (core->folder_path == NULL)
        return afmon_fail_os(error, errno, "cannot look at %s", core->monitor->log_dir);
    if (!begin_place(core, &core->metrics_place, AFMON_METRICS_FILE, core->files.metrics) ||
        !begin_place(core, &core->log_place, AFMON_LOG_FILE, core->files.log))
        return afmon_fail_memory(error);
    /* where this fails, the first batch tries again */
    core->files_told = afmon_session_set_files(&core->session, &core->files.file[AFMON_METRICS_FILE].is,
                                               &core->files.file[AFMON_LOG_FILE].is) == 0;
    return AFMON_OK;
}

static afmon_status open_session(struct afmon_core *core, afmon_error *error)
{
    afmon_monitor *monitor = core->monitor;
    if (!monitor->metric_file && !monitor->log_file)
        return AFMON_OK;
    afmon_status status = afmon_session_open(&core->session, monitor->log_dir, monitor->metric_file, monitor->log_file,
                                             &core->recovered, error);
    core->has_session = status == AFMON_OK;
    core->first_serial = core->session.serial;
    return status == AFMON_OK ? open_files(core, error) : status;
}

static afmon_status open_hub(struct afmon_core *core, afmon_error *error)
{
    uint64_t serial = core->session.serial;
    int failure = core->has_session ? 0 : afmon_session_new_serial(&serial);
    if (failure != 0)
        return afmon_fail_os(error, failure, "no random numbers");
    failure = afmon_hub_init(&core->hub, &core->monitor->page->process, core->has_session ? &core->session : NULL,
                             serial, &core->monitor->options);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot make the queues");
}

static afmon_status start_thread(struct afmon_core *core, afmon_error *error)
{
    int failure = afmon_thread_start(&core->thread, "afmon-monitor", afmon_core_run, core);
    if (failure != 0)
        return afmon_fail_os(error, failure, "cannot start the monitor's thread");
    core->thread_runs = true;
    core->hub.consumer = core->thread;
    atomic_store_explicit(&core->hub.has_consumer, 1, memory_order_release);
    return AFMON_OK;
}

static void free_parts(struct afmon_core *core)
{
    afmon_listen_free(core);
    afmon_dispatches_free(core);
    afmon_family_free(core);
    if (core->store != NULL)
        afmon_store_release(core->store);
    afmon_run_files_close(&core->files);
    if (core->has_session)
        afmon_session_close(&core->session, true);
    core->has_session = false;
    afmon_places_free(core);
    afmon_ledger_close(core->ledger);
    free(core->folder_path);
    afmon_buffer_free(&core->removed);
    afmon_defined_free(&core->defined);
    afmon_alert_watch_free(&core->watch);
    for (size_t i = 0; core->filter_memos != NULL && i < core->monitor->rules.count; i++)
        afmon_filter_memo_free(&core->filter_memos[i]);
    free(core->filter_memos);
}

static afmon_status open_parts(struct afmon_core *core, afmon_error *error)
{
    afmon_status status = open_session(core, error);
    if (status != AFMON_OK)
        return status;
    /* Not measured twice: who recovers the run, or a copy of it, must write the same times as this process. */
    core->opening_offset_ns = core->has_session ? core->session.wall_offset_ns : afmon_wall_offset_ns();
    atomic_store_explicit(&core->wall_offset_ns, core->opening_offset_ns, memory_order_relaxed);
    core->store = afmon_store_new(core->monitor->options.max_memory);
    core->filter_memos = calloc(core->monitor->rules.count + 1, sizeof *core->filter_memos);
    if (core->store == NULL || core->filter_memos == NULL ||
        !afmon_alert_watch_init(&core->watch, core->monitor->rules.rules, core->monitor->rules.count))
        return afmon_fail_memory(error);
    if (core->monitor->prices != NULL && !core->is_child && core->folder_path != NULL)
        core->prices_failure = afmon_prices_copy(core->monitor->prices, core->folder_path, core->prices_name);
    status = afmon_core_open_budget(core, error);
    if (status != AFMON_OK)
        return status;
    afmon_run_record_begin(core);
    return open_hub(core, error);
}

void afmon_core_publish(afmon_monitor *monitor, struct afmon_core *core)
{
    struct afmon_process_page *page = &monitor->page->process;
    atomic_store_explicit(&monitor->core, core, memory_order_release);
    /* in this order: a serial of 0 in a process that is open means that it is closing (enter_slowly) */
    atomic_store_explicit(&page->serial, core->hub.serial, memory_order_release);
    atomic_store_explicit(&page->state, AFMON_PROCESS_OPEN, memory_order_release);
    afmon_run_record_owed(core);
    if (core->recovered > 0)
        afmon_core_log(core, AFMON_WARNING, "Recovered records of a process that was killed",
                       (afmon_field[]){afmon_int("records", (int64_t)core->recovered)}, 1);
    if (core->removed.length > 0)
        afmon_core_log(core, AFMON_WARNING, "Removed a torn last line of the metrics file",
                       (afmon_field[]){afmon_string_n("text", core->removed.data, core->removed.length)}, 1);
    afmon_buffer_free(&core->removed);
    if (core->prices_failure != 0)
        afmon_core_log(core, AFMON_WARNING, "The prices could not be copied into the run folder",
                       (afmon_field[]){afmon_string("error", strerror(core->prices_failure))}, 1);
    afmon_field fields[AFMON_BUDGET_FIELDS];
    size_t count = afmon_core_budget_fields(core, fields);
    if (count > 0)
        afmon_core_log(core, AFMON_INFO, "Run budget", fields, count);
    if (core->has_session && core->session.lockless)
        afmon_core_log(core, AFMON_WARNING,
                       "This file system has no locks: other machines cannot tell that this run goes on, and two that "
                       "open the folder at the same instant are not kept apart",
                       NULL, 0);
}

afmon_status afmon_core_open(afmon_monitor *monitor, struct afmon_core **out, afmon_error *error)
{
    *out = NULL;
    struct afmon_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return afmon_fail_memory(error);
    core->monitor = monitor;
    core->is_child = atomic_load_explicit(&monitor->core, memory_order_acquire) != NULL;
    core->files.metrics = core->files.log = -1;
    afmon_buffer_init(&core->removed, 1 << 20);
    int failure = init_locks(core);
    afmon_status status = failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot make a lock");
    bool has_hub = false;
    if (status == AFMON_OK) {
        status = open_parts(core, error);
        has_hub = status == AFMON_OK;
    }
    if (status == AFMON_OK)
        status = afmon_dispatches_open(core, error);
    if (status == AFMON_OK)
        status = afmon_listen_prepare(core, error);
    if (status == AFMON_OK)
        status = start_thread(core, error);
    if (status != AFMON_OK) {
        if (has_hub) {
            afmon_hub_end(&core->hub);
            afmon_hub_free(&core->hub);
        }
        free_parts(core);
        free(core);
    } else {
        *out = core;
    }
    return status;
}

/* ---- closing ---- */

static int64_t deadline_after(double seconds)
{
    int64_t now = afmon_boot_ns();
    int64_t length = afmon_seconds_to_ns(seconds);
    return length > INT64_MAX - now ? INT64_MAX : now + length;
}

static bool dropped_any(const afmon_drops *drops)
{
    return drops->full + drops->unwritable + drops->too_big + drops->no_memory > 0;
}

/* While the log still takes records: what a reader of the run must know about its completeness. */
static void tell_losses(struct afmon_core *core)
{
    struct afmon_hub_sums sums;
    afmon_hub_sum(&core->hub, &sums);
    sums.dropped.unwritable += afmon_core_lines(core).lost;
    if (dropped_any(&sums.dropped))
        afmon_core_log(core, AFMON_WARNING, "Samples or log records were dropped",
                       (afmon_field[]){afmon_int("full", (int64_t)sums.dropped.full),
                                       afmon_int("unwritable", (int64_t)sums.dropped.unwritable),
                                       afmon_int("too_big", (int64_t)sums.dropped.too_big),
                                       afmon_int("no_memory", (int64_t)sums.dropped.no_memory)},
                       4);
}

static void stop_thread(struct afmon_core *core, int64_t deadline_ns)
{
    afmon_hub_refuse(&core->hub);
    atomic_store_explicit(&core->stop_deadline_ns, deadline_ns, memory_order_release);
    atomic_store_explicit(&core->stopping, 1, memory_order_release);
    atomic_fetch_add_explicit(&core->requested, 1, memory_order_seq_cst);
    afmon_hub_wake(&core->hub);
    pthread_join(core->thread, NULL);
    core->thread_runs = false;
}

static void add_missed(void *user, struct afmon_dispatch *dispatch)
{
    afmon_handler_stats stats;
    afmon_dispatch_get_stats(dispatch, &stats);
    ((afmon_close_report *)user)->handler_missed += stats.missed;
    ((afmon_close_report *)user)->handler_lost += stats.lost;
}

static void fill_report(struct afmon_core *core, uint64_t left, bool handlers_drained)
{
    struct afmon_hub_sums sums;
    afmon_close_report *report = &core->report;
    afmon_hub_sum(&core->hub, &sums);
    report->samples_recorded = sums.samples;
    report->logs_recorded = sums.logs;
    const struct afmon_line_counts lines = afmon_core_lines(core);
    report->samples_written = lines.samples;
    report->logs_written = lines.logs;
    report->dropped = sums.dropped;
    report->dropped.unwritable += lines.lost;
    report->dropped.shutdown = left;
    afmon_dispatches_each(core, add_missed, report);
    report->drained = left == 0 && lines.lost == 0 && !lines.cut && handlers_drained && report->handler_missed == 0 &&
                      report->handler_lost == 0 && atomic_load_explicit(&core->hub.cut_off, memory_order_relaxed) == 0;
    report->last_error = core->last_error;
}

void afmon_core_shutdown(struct afmon_core *core)
{
    double timeout_s = core->monitor->options.shutdown_timeout_s;
    int64_t deadline = deadline_after(timeout_s);
    /* once before, so that what handlers have to say of it still finds an open log; half of the time stays for the
     * files, for other threads may record until the hub refuses them */
    if (afmon_core_pass(core, deadline) == AFMON_OK)
        (void)afmon_dispatches_drain(core, deadline_after(timeout_s / 2));
    tell_losses(core);
    stop_thread(core, deadline);
    bool handlers_drained = afmon_dispatches_close(core, deadline);
    afmon_listen_close(core);
    uint64_t left = afmon_hub_end(&core->hub);
    fill_report(core, left, handlers_drained);
    if (left == 0)
        afmon_run_record_end(core);
    afmon_run_files_close(&core->files);
    if (core->has_session)
        afmon_session_close(&core->session, left == 0);
    core->has_session = false;
}

void afmon_core_free(struct afmon_core *core)
{
    afmon_hub_free(&core->hub);
    free_parts(core);
    pthread_mutex_destroy(&core->lock);
    pthread_mutex_destroy(&core->define_lock);
    pthread_mutex_destroy(&core->watch_lock);
    afmon_item_watch_free(&core->items);
    pthread_cond_destroy(&core->progress);
    free(core);
}
