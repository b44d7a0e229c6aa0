#include "prometheus/text.h"

#include <string.h>

#include "base/scrape.h"
#include "prometheus/writer.h"

#define LABELS_LIMIT ((size_t)1 << 16)

static void set_labels(struct afmon_prometheus_writer *writer, const struct afmon_meter *meter)
{
    const struct afmon_instrument *instrument = meter->instrument;
    afmon_buffer_clear(&writer->labels);
    if (writer->run != NULL)
        afmon_prometheus_label(&writer->labels, "run", writer->run);
    for (size_t i = 0; i < instrument->label_count; i++)
        afmon_prometheus_label(&writer->labels, afmon_label_facts[instrument->labels[i]].prom, meter->values[i]);
}

static void add_bucket(struct afmon_prometheus_writer *writer, const char *name, const char *le, uint64_t below)
{
    struct afmon_buffer *out = writer->out;
    afmon_buffer_add_text(out, name);
    afmon_buffer_add_text(out, "_bucket{");
    afmon_buffer_add(out, writer->labels.data, writer->labels.length);
    afmon_buffer_add_text(out, writer->labels.length > 0 ? ",le=\"" : "le=\"");
    afmon_buffer_add_text(out, le);
    afmon_buffer_add_text(out, "\"} ");
    afmon_prometheus_number(out, (double)below);
    afmon_buffer_add_char(out, '\n');
}

static void add_histogram(struct afmon_prometheus_writer *writer, const struct afmon_meter *meter)
{
    const struct afmon_bounds *bounds = meter->instrument->bounds;
    const char *name = meter->instrument->prom;
    uint64_t below = 0;
    for (size_t i = 0; i < bounds->count; i++) {
        below += meter->buckets[i];
        add_bucket(writer, name, bounds->texts[i], below);
    }
    add_bucket(writer, name, "+Inf", meter->count);
    afmon_prometheus_line(writer, name, "_count", (double)meter->count);
    afmon_prometheus_line(writer, name, "_sum", meter->value);
}

static const char *type_of(const struct afmon_instrument *instrument)
{
    static const char *const types[] = {
        [AFMON_KIND_COUNTER] = "counter", [AFMON_KIND_GAUGE] = "gauge", [AFMON_KIND_HISTOGRAM] = "histogram"};
    return types[instrument->kind];
}

bool afmon_prometheus_meter(void *user, const struct afmon_meter *meter)
{
    struct afmon_prometheus_writer *writer = user;
    const struct afmon_instrument *instrument = meter->instrument;
    if (writer->family != instrument)
        afmon_prometheus_family(writer, instrument->prom, type_of(instrument), instrument->help, instrument->prom_unit);
    writer->family = instrument;
    set_labels(writer, meter);
    if (instrument->kind == AFMON_KIND_HISTOGRAM)
        add_histogram(writer, meter);
    else
        afmon_prometheus_line(writer, instrument->prom, instrument->kind == AFMON_KIND_COUNTER ? "_total" : "",
                              meter->value);
    return !writer->out->failed && !writer->labels.failed;
}

static void add_build(struct afmon_prometheus_writer *writer)
{
    afmon_prometheus_family(writer, "afmon_build", "info", "The library's version.", NULL);
    afmon_buffer_clear(&writer->labels);
    afmon_prometheus_label(&writer->labels, "version", AFMON_VERSION);
    afmon_prometheus_line(writer, "afmon_build", "_info", 1);
}

void afmon_prometheus_begin(struct afmon_prometheus_writer *writer, afmon_prometheus_format format,
                            struct afmon_buffer *out)
{
    *writer = (struct afmon_prometheus_writer){.out = out, .format = format};
    afmon_buffer_init(&writer->labels, LABELS_LIMIT);
    add_build(writer);
}

void afmon_prometheus_end(struct afmon_prometheus_writer *writer)
{
    if (writer->format == AFMON_OPENMETRICS)
        afmon_buffer_add_text(writer->out, "# EOF\n");
    writer->out->failed = writer->out->failed || writer->labels.failed;
    afmon_buffer_free(&writer->labels);
}

void afmon_prometheus_text(struct afmon_meters *meters, const afmon_stats *stats, afmon_prometheus_format format,
                           struct afmon_buffer *out)
{
    struct afmon_prometheus_writer writer;
    afmon_prometheus_begin(&writer, format, out);
    afmon_meters_each(meters, afmon_prometheus_meter, &writer);
    if (stats != NULL)
        afmon_prometheus_stats(&writer, stats);
    afmon_prometheus_end(&writer);
}

afmon_prometheus_format afmon_prometheus_choose(const char *accept)
{
    return afmon_scrape_choose(accept, accept != NULL ? strlen(accept) : 0);
}
