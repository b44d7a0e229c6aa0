/* Families and lines of the text. */
#ifndef AFMON_PROMETHEUS_WRITER_H
#define AFMON_PROMETHEUS_WRITER_H

#include "prometheus/text.h"

struct afmon_prometheus_writer {
    struct afmon_buffer *out;
    struct afmon_buffer labels; /* of the series on its way: `a="b",c="d"` */
    afmon_prometheus_format format;
    const struct afmon_instrument *family; /* whose header was written last */
    const char *run;                       /* the label "run" of each meter; NULL: none */
};

/* Begins a text with what is in every one, and ends it. */
void afmon_prometheus_begin(struct afmon_prometheus_writer *writer, afmon_prometheus_format format,
                            struct afmon_buffer *out);
void afmon_prometheus_end(struct afmon_prometheus_writer *writer);

/* A meter, for afmon_meters_each: with the header of its family where that is another one than the last. */
bool afmon_prometheus_meter(void *writer, const struct afmon_meter *meter);

/* type: "counter", "gauge", "histogram", "info". name: of a counter without "_total", of an info without "_info". */
void afmon_prometheus_family(struct afmon_prometheus_writer *writer, const char *name, const char *type,
                             const char *help, const char *unit);

void afmon_prometheus_number(struct afmon_buffer *out, double value);
void afmon_prometheus_label(struct afmon_buffer *labels, const char *name, const char *value); /* "": left out */

/* name, suffix, the writer's labels, value. */
void afmon_prometheus_line(struct afmon_prometheus_writer *writer, const char *name, const char *suffix, double value);

/* The monitor's own figures. */
void afmon_prometheus_stats(struct afmon_prometheus_writer *writer, const afmon_stats *stats);

#endif
