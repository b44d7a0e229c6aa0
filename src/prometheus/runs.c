#include "prometheus/runs.h"

#include "prometheus/writer.h"

#define RUN "run"

static void add_count(struct afmon_prometheus_writer *writer, const char *state, size_t count)
{
    afmon_buffer_clear(&writer->labels);
    afmon_prometheus_label(&writer->labels, "state", state);
    afmon_prometheus_line(writer, "afmon_served_runs", "", (double)count);
}

static void add_served(struct afmon_prometheus_writer *writer, size_t given,
                       const struct afmon_prometheus_counts *counts)
{
    afmon_prometheus_family(writer, "afmon_served_runs", "gauge",
                            "Runs that this server follows: whose figures are here, are being read, or have no room.",
                            NULL);
    add_count(writer, "given", given);
    add_count(writer, "loading", counts->loading);
    add_count(writer, "left_out", counts->left_out);
}

static void add_running(struct afmon_prometheus_writer *writer, const struct afmon_prometheus_run *runs, size_t count)
{
    if (count == 0)
        return;
    afmon_prometheus_family(writer, "afmon_run_running", "gauge", "1 while a process records into the run.", NULL);
    for (size_t i = 0; i < count; i++) {
        afmon_buffer_clear(&writer->labels);
        afmon_prometheus_label(&writer->labels, RUN, runs[i].name);
        afmon_prometheus_line(writer, "afmon_run_running", "", runs[i].running ? 1 : 0);
    }
}

void afmon_prometheus_runs(const struct afmon_prometheus_run *runs, size_t count,
                           const struct afmon_prometheus_counts *counts, afmon_prometheus_format format,
                           struct afmon_buffer *out)
{
    struct afmon_prometheus_writer writer;
    afmon_prometheus_begin(&writer, format, out);
    add_served(&writer, count, counts);
    add_running(&writer, runs, count);
    for (size_t id = 0; id < AFMON_INSTRUMENTS; id++) /* a family is in one place, whatever the runs */
        for (size_t i = 0; i < count; i++) {
            writer.run = runs[i].name;
            afmon_meters_each_of(runs[i].meters, (enum afmon_instrument_id)id, afmon_prometheus_meter, &writer);
        }
    afmon_prometheus_end(&writer);
}
