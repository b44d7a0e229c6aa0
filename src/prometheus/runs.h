/* The meters of several runs as one text: each series has the label "run". */
#ifndef AFMON_PROMETHEUS_RUNS_H
#define AFMON_PROMETHEUS_RUNS_H

#include "prometheus/text.h"

struct afmon_prometheus_run {
    const char *name; /* no two have the same */
    struct afmon_meters *meters;
    bool running;
};

struct afmon_prometheus_counts { /* of runs */
    size_t loading;              /* that are not in the text yet, for they are still being read */
    size_t left_out;             /* that have no room in it */
};

/* Adds the text to out (failed where memory is short). */
void afmon_prometheus_runs(const struct afmon_prometheus_run *runs, size_t count,
                           const struct afmon_prometheus_counts *counts, afmon_prometheus_format format,
                           struct afmon_buffer *out);

#endif
