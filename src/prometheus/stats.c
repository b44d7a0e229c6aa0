/* What the monitor says about itself. */
#include "prometheus/writer.h"

struct figure {
    const char *name;
    const char *type;
    const char *help;
    const char *unit;
    double value;
};

static void write_figures(struct afmon_prometheus_writer *writer, const struct figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct figure *figure = &figures[i];
        afmon_prometheus_family(writer, figure->name, figure->type, figure->help, figure->unit);
        afmon_buffer_clear(&writer->labels);
        afmon_prometheus_line(writer, figure->name, figure->type[0] == 'c' ? "_total" : "", figure->value);
    }
}

static void write_totals(struct afmon_prometheus_writer *writer, const afmon_stats *stats)
{
    const struct figure figures[] = {
        {"afmon_recorded_samples", "counter", "Samples whose record call returned.", NULL,
         (double)stats->samples_recorded},
        {"afmon_written_samples", "counter", "Of them, those in the metrics file.", NULL,
         (double)stats->samples_written},
        {"afmon_recorded_logs", "counter", "Log records whose record call returned.", NULL,
         (double)stats->logs_recorded},
        {"afmon_ring_waits", "counter", "Record calls that had to wait for room.", NULL, (double)stats->ring_waits},
        {"afmon_ring_wait_seconds", "counter", "How long record calls waited for room, together.", "seconds",
         stats->ring_wait_s},
        {"afmon_write_errors", "counter", "Times the run folder could not be written.", NULL,
         (double)stats->write_errors},
        {"afmon_evicted_samples", "counter", "Samples that left memory; they are in the files.", NULL,
         (double)stats->samples_evicted},
        {"afmon_cpu_seconds", "counter", "CPU time of the monitor's own thread.", "seconds", stats->cpu_time_s},
        {"afmon_queued_samples", "gauge", "Samples recorded, and not yet written and stored.", NULL,
         (double)stats->samples_queued},
        {"afmon_memory_bytes", "gauge", "Samples, metadata and indexes in memory.", "bytes",
         (double)stats->bytes_in_memory},
        {"afmon_series", "gauge", "Metric names seen.", NULL, (double)stats->series},
        {"afmon_processes", "gauge",
         "Processes that generations, tokens, alerts and other figures of the run count: this one and its forked "
         "children. What the monitor says of itself is of this one.",
         NULL, (double)stats->processes},
        {"afmon_processes_left_out", "gauge",
         "Forked children that they do not count; afmon serve on the run folder does.", NULL,
         (double)stats->processes_left_out},
        {"afmon_record_cost_seconds", "gauge", "Mean cost of a record call.", "seconds", stats->record_cost_s},
    };
    write_figures(writer, figures, sizeof figures / sizeof figures[0]);
}

static void write_drops(struct afmon_prometheus_writer *writer, const afmon_drops *drops)
{
    const struct {
        const char *cause;
        uint64_t count;
    } causes[] = {{"full", drops->full},
                  {"unwritable", drops->unwritable},
                  {"too_big", drops->too_big},
                  {"no_memory", drops->no_memory}};
    afmon_prometheus_family(writer, "afmon_dropped_records", "counter", "Samples and log records dropped, by cause.",
                            NULL);
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        afmon_buffer_clear(&writer->labels);
        afmon_prometheus_label(&writer->labels, "cause", causes[i].cause);
        afmon_prometheus_line(writer, "afmon_dropped_records", "_total", (double)causes[i].count);
    }
}

static void write_handler_line(struct afmon_prometheus_writer *writer, size_t index, const char *name,
                               const char *result, uint64_t count)
{
    char number[4] = {(char)('0' + (index + 1) / 10), (char)('0' + (index + 1) % 10)};
    afmon_buffer_clear(&writer->labels);
    afmon_prometheus_label(&writer->labels, "handler", name);
    afmon_prometheus_label(&writer->labels, "number", number); /* two may have the same name */
    afmon_prometheus_label(&writer->labels, "result", result);
    afmon_prometheus_line(writer, "afmon_handler_items", "_total", (double)count);
}

static void write_handlers(struct afmon_prometheus_writer *writer, const afmon_stats *stats)
{
    size_t count = stats->handler_count < AFMON_HANDLER_STATS ? stats->handler_count : AFMON_HANDLER_STATS;
    if (count == 0)
        return;
    afmon_prometheus_family(writer, "afmon_handler_items", "counter", "What became of the items of each handler.",
                            NULL);
    for (size_t i = 0; i < count; i++) {
        const afmon_handler_stats *handler = &stats->handlers[i];
        write_handler_line(writer, i, handler->name, "handled", handler->handled);
        write_handler_line(writer, i, handler->name, "failed", handler->failed);
        write_handler_line(writer, i, handler->name, "missed", handler->missed);
        write_handler_line(writer, i, handler->name, "lost", handler->lost);
    }
}

void afmon_prometheus_stats(struct afmon_prometheus_writer *writer, const afmon_stats *stats)
{
    write_totals(writer, stats);
    write_drops(writer, &stats->dropped);
    write_handlers(writer, stats);
}
