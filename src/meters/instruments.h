/* What is measured for the outside: each instrument with its OpenTelemetry and its Prometheus name, its labels and, for
 * a histogram, its bounds. Names, attributes and bounds of the generative-AI conventions are theirs; where they have
 * none, a name begins with "afmon". */
#ifndef AFMON_METERS_INSTRUMENTS_H
#define AFMON_METERS_INSTRUMENTS_H

#include <stddef.h>

enum afmon_label {
    AFMON_LABEL_OPERATION_NAME,
    AFMON_LABEL_PROVIDER,
    AFMON_LABEL_MODEL,
    AFMON_LABEL_ERROR_TYPE,
    AFMON_LABEL_OPERATION,
    AFMON_LABEL_TOKEN_TYPE,
    AFMON_LABEL_OUTCOME,
    AFMON_LABEL_STATUS,
    AFMON_LABEL_RETRIED,
    AFMON_LABEL_FINISH_REASON,
    AFMON_LABEL_EVALUATOR,
    AFMON_LABEL_SCORE,
    AFMON_LABEL_METRIC,
    AFMON_LABEL_ALERT,
    AFMON_LABEL_LEVEL,
    AFMON_LABEL_INSTRUMENT,
    AFMON_LABELS
};

struct afmon_label_facts {
    const char *otel; /* "gen_ai.operation.name" */
    const char *prom; /* "gen_ai_operation_name" */
};
extern const struct afmon_label_facts afmon_label_facts[AFMON_LABELS];

enum afmon_instrument_id {
    AFMON_INSTRUMENT_OPERATION_DURATION,
    AFMON_INSTRUMENT_TOKEN_USAGE,
    AFMON_INSTRUMENT_TOTAL_TOKENS,
    AFMON_INSTRUMENT_COST,
    AFMON_INSTRUMENT_GENERATIONS,
    AFMON_INSTRUMENT_GENERATION_ERRORS,
    AFMON_INSTRUMENT_API_ERRORS,
    AFMON_INSTRUMENT_MODEL_USAGE,
    AFMON_INSTRUMENT_FINISH_REASONS,
    AFMON_INSTRUMENT_CONVERSATION_LENGTH,
    AFMON_INSTRUMENT_EVALUATION_DURATION,
    AFMON_INSTRUMENT_EVALUATIONS,
    AFMON_INSTRUMENT_EVALUATION_ERRORS,
    AFMON_INSTRUMENT_EVALUATION_SCORE,
    AFMON_INSTRUMENT_METRIC,
    AFMON_INSTRUMENT_SAMPLES,
    AFMON_INSTRUMENT_NOT_FINITE,
    AFMON_INSTRUMENT_ALERTS,
    AFMON_INSTRUMENT_ALERT_ACTIVE,
    AFMON_INSTRUMENT_OVERFLOWS,
    AFMON_INSTRUMENTS
};

enum afmon_instrument_kind { AFMON_KIND_COUNTER, AFMON_KIND_GAUGE, AFMON_KIND_HISTOGRAM };

#define AFMON_MAX_BOUNDS 20
#define AFMON_MAX_LABELS 5

/* Upper bounds of a histogram's buckets, with the text that each has as the label "le": as Go's and Python's clients
 * write it, or the buckets of several exporters would not add up. Above the last one is "+Inf". */
struct afmon_bounds {
    size_t count;
    double values[AFMON_MAX_BOUNDS];
    const char *texts[AFMON_MAX_BOUNDS];
};

struct afmon_instrument {
    const char *otel;
    const char *prom; /* a counter's without "_total" */
    const char *help;
    const char *unit;      /* UCUM, for OTLP */
    const char *prom_unit; /* the suffix of the Prometheus name; NULL: none */
    enum afmon_instrument_kind kind;
    const struct afmon_bounds *bounds; /* histograms only */
    size_t label_count;
    enum afmon_label labels[AFMON_MAX_LABELS];
};
extern const struct afmon_instrument afmon_instruments[AFMON_INSTRUMENTS];

#endif
