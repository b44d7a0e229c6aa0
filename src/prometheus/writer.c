#include "prometheus/writer.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

/* Of help and label values: '\' and newlines, and in labels '"'. Labels have no control characters any more. */
static void add_escaped(struct afmon_buffer *out, const char *text)
{
    for (size_t run; *text != '\0'; text += run) {
        run = strcspn(text, "\\\"\n");
        afmon_buffer_add(out, text, run);
        if (run > 0)
            continue;
        afmon_buffer_add_text(out, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
        run = 1;
    }
}

void afmon_prometheus_family(struct afmon_prometheus_writer *writer, const char *name, const char *type,
                             const char *help, const char *unit)
{
    struct afmon_buffer *out = writer->out;
    bool open = writer->format == AFMON_OPENMETRICS;
    const char *suffix = open ? "" : strcmp(type, "counter") == 0 ? "_total" : strcmp(type, "info") == 0 ? "_info" : "";
    const char *kind = !open && strcmp(type, "info") == 0 ? "gauge" : type;
    const char *parts[] = {"# HELP ", name, suffix, " ", help, "\n# TYPE ", name, suffix, " ", kind, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        afmon_buffer_add_text(out, parts[i]);
    if (!open || unit == NULL)
        return;
    const char *more[] = {"# UNIT ", name, " ", unit, "\n"};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        afmon_buffer_add_text(out, more[i]);
}

void afmon_prometheus_number(struct afmon_buffer *out, double value)
{
    if (!isfinite(value)) {
        afmon_buffer_add_text(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (afmon_buffer_reserve(out, AFMON_NUMBER_SIZE))
        out->length += afmon_format_double(afmon_buffer_end(out), value);
}

void afmon_prometheus_label(struct afmon_buffer *labels, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    if (labels->length > 0)
        afmon_buffer_add_char(labels, ',');
    afmon_buffer_add_text(labels, name);
    afmon_buffer_add_text(labels, "=\"");
    add_escaped(labels, value);
    afmon_buffer_add_char(labels, '"');
}

void afmon_prometheus_line(struct afmon_prometheus_writer *writer, const char *name, const char *suffix, double value)
{
    struct afmon_buffer *out = writer->out;
    afmon_buffer_add_text(out, name);
    afmon_buffer_add_text(out, suffix);
    if (writer->labels.length > 0) {
        afmon_buffer_add_char(out, '{');
        afmon_buffer_add(out, writer->labels.data, writer->labels.length);
        afmon_buffer_add_char(out, '}');
    }
    afmon_buffer_add_char(out, ' ');
    afmon_prometheus_number(out, value);
    afmon_buffer_add_char(out, '\n');
}
