/* What the monitor says about itself. */
#include <string.h>

#include "base/clock.h"
#include "monitor/dispatches.h"
#include "monitor/family.h"

static void add_handler(void *user, struct afmon_dispatch *dispatch)
{
    afmon_stats *stats = user;
    if (stats->handler_count < AFMON_HANDLER_STATS)
        afmon_dispatch_get_stats(dispatch, &stats->handlers[stats->handler_count]);
    stats->handler_count++;
}

static void add_store(const struct afmon_core *core, afmon_stats *stats)
{
    struct afmon_store_stats store;
    afmon_store_get_stats(core->store, &store);
    stats->series = store.series;
    stats->samples_in_memory = store.samples_in_memory;
    stats->samples_evicted = store.samples_evicted;
    stats->bytes_in_memory = store.bytes;
    stats->not_finite = store.not_finite;
}

static void add_queues(struct afmon_core *core, afmon_stats *stats)
{
    struct afmon_hub_sums sums;
    afmon_hub_sum(&core->hub, &sums);
    stats->samples_recorded = sums.samples;
    stats->logs_recorded = sums.logs;
    stats->bytes_queued = sums.bytes_queued;
    const struct afmon_line_counts lines = afmon_core_lines(core);
    stats->samples_written = lines.samples;
    stats->logs_written = lines.logs;
    stats->dropped = sums.dropped;
    stats->dropped.unwritable += lines.lost;
    stats->dropped.shutdown = core->report.dropped.shutdown;
    stats->dropped.closed = atomic_load_explicit(&core->monitor->refused_closed, memory_order_relaxed);
    stats->ring_waits = sums.waits;
    stats->ring_wait_s = (double)sums.wait_ns / 1e9;
    stats->rings = sums.rings;
    stats->record_cost_s = sums.cost_calls == 0 ? 0 : (double)sums.cost_ns / (double)sums.cost_calls / 1e9;
}

afmon_status afmon_monitor_stats(afmon_monitor *monitor, afmon_stats *stats)
{
    if (monitor == NULL || stats == NULL)
        return AFMON_E_ARGUMENT;
    memset(stats, 0, sizeof *stats);
    afmon_status status;
    struct afmon_core *core = afmon_core_here(monitor, &status);
    if (core == NULL)
        return status;
    add_queues(core, stats);
    add_store(core, stats);
    uint64_t stored = atomic_load_explicit(&core->counts.samples_stored, memory_order_relaxed);
    stats->samples_queued = stats->samples_recorded > stored ? stats->samples_recorded - stored : 0;
    stats->write_errors = atomic_load_explicit(&core->counts.write_errors, memory_order_relaxed);
    stats->cpu_time_s = (double)atomic_load_explicit(&core->counts.cpu_ns, memory_order_relaxed) / 1e9;
    afmon_family_count(core, &stats->processes, &stats->processes_left_out);
    afmon_dispatches_each(core, add_handler, stats);
    pthread_mutex_lock(&core->lock);
    stats->last_error = core->last_error;
    pthread_mutex_unlock(&core->lock);
    return AFMON_OK;
}
