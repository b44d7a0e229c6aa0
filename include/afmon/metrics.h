/* Metrics by name, and what their values come to. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_METRICS_H
#define AFMON_METRICS_H

#include <afmon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Metrics by name --------------------------------------------------------------------------------------------- */

/* What a metric's values are. */
typedef enum afmon_unit {
    AFMON_UNIT_NUMBER = 0, /* not known: a metric of the program's own */
    AFMON_UNIT_SECONDS,
    AFMON_UNIT_SHARE, /* 0 to 1, as of ones and zeros */
    AFMON_UNIT_TOKENS,
    AFMON_UNIT_TURNS, /* of a conversation */
    AFMON_UNIT_SCORE,
    AFMON_UNIT_COUNT,  /* things that happened: their sum tells, not their mean */
    AFMON_UNIT_DOLLARS /* US dollars */
} afmon_unit;

/* Which metrics belong together, in the order in which tables show them. */
typedef enum afmon_metric_group {
    AFMON_METRICS_GENERATION = 0,
    AFMON_METRICS_TOKENS,
    AFMON_METRICS_ITEMS,
    AFMON_METRICS_EVALUATION,
    AFMON_METRICS_OTHER,  /* of the program's own */
    AFMON_METRICS_COUNTED /* by model, by finish reason: one metric each */
} afmon_metric_group;

/* Which way a metric's values get better. */
typedef enum afmon_better {
    AFMON_BETTER_NEITHER = 0, /* or not known */
    AFMON_BETTER_HIGHER,
    AFMON_BETTER_LOWER
} afmon_better;

typedef struct afmon_metric_info {
    const char *name;  /* "generation_time"; of a family ("model_usage:") what its names begin with; NULL: not known */
    const char *title; /* "Generation time"; NULL: not known */
    bool is_prefix;    /* name is what a family's names begin with */
    afmon_metric_group group;
    afmon_unit unit;
    afmon_better better;
} afmon_metric_info;

/* What afmon knows of a metric by its whole name (length bytes): those that tracked calls record. Of any other name,
 * also of one that only begins or ends like one of them, it knows nothing: group OTHER, unit NUMBER, better NEITHER.
 * Static, never NULL. Any thread. */
AFMON_API const afmon_metric_info *afmon_metric_get_info(const char *name, size_t length);

/* ---- Aggregates and token usage --------------------------------------------------------------------------------------- */

/* Windows in seconds count back from now (for a recorded run: from its last sample); both edges belong to the
 * window. AFMON_ALL_TIME takes everything. */
#define AFMON_ALL_TIME ((double)INFINITY)

/* The aggregate of one metric over a window. Values that are not finite are counted in not_finite and are in
 * nothing else. With count == 0 all numbers are 0. */
typedef struct afmon_aggregate {
    uint64_t count;
    uint64_t not_finite;
    double sum;
    double mean;
    double min;
    double max;
    double stddev; /* of the sample (divisor count - 1), 0 for a single one */
    double p50;    /* quantiles by linear interpolation (Hyndman and Fan 1996, type 7: numpy's and pandas' default) */
    double p90;
    double p99;
    bool known;       /* the name was recorded at least once, in the window or not */
    bool partial;     /* samples of the window have left memory and are not in this aggregate: a view has them */
    bool approximate; /* all-time quantiles after samples left memory: within 0.1 % of the exact value */
} afmon_aggregate;

typedef struct afmon_model_usage {
    const char *model_name; /* owned by the report */
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
} afmon_model_usage;

/* Token usage per model, sorted by name (bytewise), and the sums. Samples without model_name are under "unknown".
 * Filled by the library; release with afmon_token_usage_free. */
typedef struct afmon_token_usage {
    size_t model_count;
    afmon_model_usage *models;
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    uint64_t total_tokens;
    void *storage;
} afmon_token_usage;

/* Releases what a report owns and empties it. An empty report or NULL is fine. */
AFMON_API void afmon_token_usage_free(afmon_token_usage *usage);

#ifdef __cplusplus
}
#endif

#endif
