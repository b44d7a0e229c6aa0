/* The model from the inside: model.c adds, the read_*.c make a summary of it. */
#ifndef AFMON_MODEL_INTERNAL_H
#define AFMON_MODEL_INTERNAL_H

#include "catalog/error_share.h"
#include "model/items.h"
#include "model/model.h"
#include "model/names.h"
#include "model/pool.h"
#include "model/recent.h"

enum { AFMON_OF_GENERATION, AFMON_OF_EVALUATION }; /* kinds of operations */

struct afmon_model_metric {
    struct afmon_accumulator values;
    struct afmon_accumulator
        bare; /* recorded beside tracked calls (afmon_source): they count where there is no other */
};

struct afmon_model_outcomes {
    uint64_t count;
    uint64_t failures;
    uint64_t errors; /* failures that say an error */
    int64_t failed_first_ns;
    int64_t failed_last_ns;
};

/* An operation or a model. */
struct afmon_model_group {
    const char *item;                    /* the kind of item that it makes; NULL: none */
    uint64_t times;                      /* samples of a duration */
    struct afmon_model_outcomes tracked; /* of tracked calls, and of samples that do not say how they were recorded */
    struct afmon_model_outcomes bare;    /* recorded beside tracked calls; afmon_read_outcomes has those that count */
    uint64_t named;                      /* of a model: calls that name it (model_usage) */
    uint64_t token_samples;
    struct afmon_exact_sum tokens[3]; /* prompt, completion, total */
    struct afmon_exact_sum cost;      /* US dollars */
    uint64_t priced;
    struct afmon_accumulator durations;
    struct afmon_lately *lately; /* NULL: none is kept */
};

/* Failures with something in common. */
struct afmon_model_failure {
    char *component;
    char *operation;
    char *error_type;
    char *message;
    char *example; /* of the earliest */
    size_t example_length;
    const char *item; /* the kind of item that failed; NULL: a call or an evaluation did */
    bool evaluation;
    int status;
    uint64_t count;
    int64_t first_ns;
    int64_t last_ns;
};

struct afmon_model {
    struct afmon_model_options options;
    struct afmon_sketch_limits limits;        /* of durations and scores */
    struct afmon_sketch_limits metric_limits; /* of metrics: a view has all of their values, too */
    size_t room;
    uint64_t samples;
    uint64_t not_finite;
    uint64_t lost; /* samples of which something could not be kept */
    int64_t first_ns;
    int64_t last_ns;
    uint64_t evaluation_failures;
    uint64_t retries;
    uint64_t calls_without_tokens;
    uint64_t failed_without_tokens;
    struct afmon_exact_sum cost; /* US dollars */
    uint64_t priced;
    uint64_t unpriced; /* calls with tokens and no cost */
    uint64_t unpriced_tokens;
    uint64_t bare;                           /* samples recorded beside tracked calls */
    uint64_t tracked;                        /* outcomes and errors that were not */
    struct afmon_outcome_counts counts;      /* of those, as far as they are finite */
    struct afmon_outcome_counts evaluations; /* likewise, of evaluation_time and evaluation_error_rate */
    bool unjoined;                           /* samples came without the order of calls */
    struct afmon_accumulator call_time;      /* of calls that are no items */
    struct afmon_recent recent;
    struct afmon_recent bare_recent;
    struct afmon_tracks *tracks;
    struct afmon_tracks *bare_tracks; /* of samples beside tracked calls; NULL: there are none */
    /* error_rate by outcomes, which tell it where it has no zeros (catalog/error_share.h), and the rules on it. Nothing
     * where there is no outcome, or there is a zero. */
    struct afmon_accumulator errors_by_outcomes;
    struct afmon_tracks *outcome_tracks;
    uint64_t error_shares;         /* these rules */
    struct afmon_names metrics;    /* struct afmon_model_metric; kind 0: of the catalogue */
    struct afmon_names operations; /* struct afmon_model_group, by component and operation, of either kind */
    struct afmon_names models;     /* struct afmon_model_group */
    struct afmon_names finishes;   /* uint64_t */
    struct afmon_names scores;     /* struct afmon_accumulator */
    struct afmon_names failures;   /* struct afmon_model_failure, from error_rate and evaluation_error_rate */
    struct afmon_names bare_failures;
    struct afmon_names api;     /* likewise, from api_errors; where error_rate does not say the type (afmon 0.1.0) */
    struct afmon_names retried; /* likewise: attempts that were tried again */
    struct afmon_model_items items;
    size_t lately_count;
    afmon_alert_interval *intervals; /* of the last replay */
    size_t interval_count;
};

/* ---- failures.c ---- */

extern const struct afmon_names_kind afmon_model_failures;

struct afmon_failure_of {
    const struct afmon_sample_facts *facts;
    const char *item;
    bool evaluation;
    int64_t time_ns;
};
/* False: no memory. */
bool afmon_model_add_failure(struct afmon_names *failures, const struct afmon_failure_of *of);

/* What the texts of failures take. */
size_t afmon_model_failure_bytes(const struct afmon_names *failures);

/* ---- Rates ---- */

void afmon_model_count_outcomes(struct afmon_model *model, size_t count, size_t finite);
void afmon_model_count_errors(struct afmon_model *model, size_t count, size_t finite, size_t ones);
/* Errors may have to be judged by outcomes: no sample says that there was none. */
bool afmon_model_outcomes_tell_errors(const struct afmon_model *model);

/* ---- Reading: each part fills its members of the summary ---- */

struct afmon_model_reading {
    struct afmon_model *model;
    const struct afmon_model_facts *facts;
    afmon_run_summary *summary;
    struct afmon_pool *pool;
};

void afmon_read_about(const struct afmon_model_reading *reading); /* name, note, tags */
/* Items as they were told, or else as operations tell them; after the operations. */
void afmon_read_items(const struct afmon_model_reading *reading);
void afmon_read_operations(const struct afmon_model_reading *reading);
/* An operation that makes an item is a call, too, where it used tokens itself (StructuredGenerator's). */
bool afmon_read_is_call(const struct afmon_model_group *group);
void afmon_read_models(const struct afmon_model_reading *reading);
void afmon_read_money(const struct afmon_model_reading *reading); /* after the items */
void afmon_read_failures(const struct afmon_model_reading *reading);
void afmon_read_lists(const struct afmon_model_reading *reading);   /* finishes, scores, metrics */
bool afmon_read_alerts(const struct afmon_model_reading *reading);  /* false: no memory */
void afmon_read_verdict(const struct afmon_model_reading *reading); /* last: its sentences tell what the others found */

/* Whether the run's error_rate has no zeros; of a window, that of the run that it is of. */
bool afmon_read_lacks_zeros(const struct afmon_model_reading *reading);

/* A run's outcomes are those of its tracked calls; where it has none, those that were recorded by hand. */
bool afmon_read_is_bare(const struct afmon_model *model);
const struct afmon_model_outcomes *afmon_read_outcomes(const struct afmon_model *model,
                                                       const struct afmon_model_group *group);

const char *afmon_read_text(const struct afmon_model_reading *reading, const char *text);
uint64_t afmon_read_tokens(const struct afmon_exact_sum *sum);
/* Where no totals were recorded they are what prompts and completions come to. */
uint64_t afmon_read_total_tokens(const struct afmon_model_group *group);
/* NaN where nothing was priced. */
double afmon_read_cost(const struct afmon_exact_sum *sum, uint64_t priced);
double afmon_read_share(uint64_t part, uint64_t whole);
int afmon_read_by_count(uint64_t a, uint64_t b); /* for qsort: the greater first */

#endif
