/* What a sample is about: which of the metrics that the tracked calls record, and which metadata that matter. */
#ifndef AFMON_SUMMARY_SAMPLE_H
#define AFMON_SUMMARY_SAMPLE_H

#include <afmon/afmon.h>

enum afmon_metric_kind {
    AFMON_METRIC_OTHER,
    AFMON_METRIC_GENERATION_TIME,
    AFMON_METRIC_SUCCESS,
    AFMON_METRIC_ERROR,
    AFMON_METRIC_API_ERROR,
    AFMON_METRIC_PROMPT,
    AFMON_METRIC_COMPLETION,
    AFMON_METRIC_TOTAL,
    AFMON_METRIC_LENGTH,
    AFMON_METRIC_EVALUATION_TIME,
    AFMON_METRIC_EVALUATION_ERROR,
    AFMON_METRIC_MODEL, /* what follows the prefix is a name */
    AFMON_METRIC_FINISH,
    AFMON_METRIC_SCORE
};

struct afmon_piece {
    const char *data; /* never NULL where given */
    size_t length;
    bool given;
};

struct afmon_sample_facts {
    enum afmon_metric_kind kind;
    struct afmon_piece name; /* of kinds with a prefix */
    struct afmon_piece component;
    struct afmon_piece operation;
    struct afmon_piece error_type;
    struct afmon_piece model_name;
    struct afmon_piece evaluator_type;
    bool retried;
    bool unsuccessful; /* success is false */
};

/* Texts point into the sample. Of a key that comes twice the last value counts. */
void afmon_sample_look(const afmon_sample *sample, struct afmon_sample_facts *facts);

/* The two halves of it, for those who see the same names and the same metadata again and again: what the name says
 * (kind and name; the rest stays), and what the metadata say (the rest; begin with zeroed facts). */
void afmon_sample_look_at_name(const char *metric, size_t metric_length, struct afmon_sample_facts *facts);
void afmon_sample_look_at_fields(const afmon_field *fields, size_t count, struct afmon_sample_facts *facts);

#endif
