/* The catalogue of metrics: everything that is known of a metric by its name. Nothing else in afmon compares names of
 * metrics; a metric that is not here is a custom one, of which nothing is known but its samples. */
#ifndef AFMON_CATALOG_METRICS_H
#define AFMON_CATALOG_METRICS_H

#include <afmon/afmon.h>

/* X(id, name, form, group, unit, better, title, instrument, StatsD name, StatsD shape, StatsD tag)
 *
 *   form        WHOLE: the name is that text. PREFIX: something follows the text, and tells a name (of a model, ...)
 *   group       afmon_metric_group, where tables of metrics show it
 *   unit        afmon_unit of its values
 *   better      afmon_better, which way is good
 *   instrument  what it is to the meters: AFMON_INSTRUMENT_... (src/meters/instruments.h)
 *   shape, tag  enum afmon_statsd_shape; the tag takes what follows a prefix, or an outcome (NULL: none)
 */
#define AFMON_METRIC_MAP(X)                                                                                            \
    X(GENERATION_TIME, "generation_time", WHOLE, GENERATION, SECONDS, LOWER, "Generation time", OPERATION_DURATION,    \
      "generation_time", SECONDS, NULL)                                                                                \
    X(SUCCESS, "success_rate", WHOLE, GENERATION, SHARE, HIGHER, "Success rate", GENERATIONS, "generations", OUTCOME,  \
      "outcome")                                                                                                       \
    X(ERROR, "error_rate", WHOLE, GENERATION, SHARE, LOWER, "Error rate", GENERATION_ERRORS, "generation_errors",      \
      COUNT, NULL)                                                                                                     \
    X(API_ERROR, "api_errors", WHOLE, GENERATION, COUNT, LOWER, "API errors", API_ERRORS, "api_errors", COUNT, NULL)   \
    X(PROMPT, "prompt_token_count", WHOLE, TOKENS, TOKENS, NEITHER, "Prompt tokens", TOKEN_USAGE,                      \
      "prompt_token_count", AMOUNT, NULL)                                                                              \
    X(COMPLETION, "completion_token_count", WHOLE, TOKENS, TOKENS, NEITHER, "Completion tokens", TOKEN_USAGE,          \
      "completion_token_count", AMOUNT, NULL)                                                                          \
    X(TOTAL, "total_token_count", WHOLE, TOKENS, TOKENS, NEITHER, "Total tokens", TOTAL_TOKENS, "total_token_count",   \
      AMOUNT, NULL)                                                                                                    \
    X(CACHED, "cached_token_count", WHOLE, TOKENS, TOKENS, NEITHER, "Cached prompt tokens", METRIC,                    \
      "cached_token_count", AMOUNT, NULL)                                                                              \
    X(REASONING, "reasoning_token_count", WHOLE, TOKENS, TOKENS, NEITHER, "Reasoning tokens", METRIC,                  \
      "reasoning_token_count", AMOUNT, NULL)                                                                           \
    X(CACHE_WRITE, "cache_write_token_count", WHOLE, TOKENS, TOKENS, NEITHER, "Cache write tokens", METRIC,            \
      "cache_write_token_count", AMOUNT, NULL)                                                                         \
    X(COST, "cost_usd", WHOLE, TOKENS, DOLLARS, NEITHER, "Cost", COST, "cost_usd", COUNT, NULL)                        \
    X(FIRST_TOKEN, "time_to_first_token", WHOLE, GENERATION, SECONDS, LOWER, "Time to first token", METRIC,            \
      "time_to_first_token", SECONDS, NULL)                                                                            \
    X(OUTPUT_SPEED, "output_tokens_per_second", WHOLE, GENERATION, NUMBER, HIGHER, "Output tokens per second", METRIC, \
      "output_tokens_per_second", AMOUNT, NULL)                                                                        \
    X(LENGTH, "conversation_length", WHOLE, ITEMS, TURNS, NEITHER, "Conversation length", CONVERSATION_LENGTH,         \
      "conversation_length", AMOUNT, NULL)                                                                             \
    X(EVALUATION_TIME, "evaluation_time", WHOLE, EVALUATION, SECONDS, LOWER, "Evaluation time", EVALUATION_DURATION,   \
      "evaluation_time", SECONDS, NULL)                                                                                \
    X(EVALUATION_ERROR, "evaluation_error_rate", WHOLE, EVALUATION, SHARE, LOWER, "Evaluation error rate",             \
      EVALUATION_ERRORS, "evaluation_errors", COUNT, NULL)                                                             \
    X(MODEL, "model_usage:", PREFIX, COUNTED, COUNT, NEITHER, "Calls by model", MODEL_USAGE, "model_usage", COUNT,     \
      "model_name")                                                                                                    \
    X(FINISH, "finish_reason:", PREFIX, COUNTED, COUNT, NEITHER, "Finish reasons", FINISH_REASONS, "finish_reason",    \
      COUNT, "finish_reason")                                                                                          \
    X(SCORE, "evaluation_score_", PREFIX, EVALUATION, SCORE, NEITHER, "Evaluation score", EVALUATION_SCORE,            \
      "evaluation_score", AMOUNT, "score")                                                                             \
    X(ITEM_STARTED, "item_started", WHOLE, ITEMS, COUNT, NEITHER, "Items started", METRIC, "item_started", COUNT,      \
      NULL)                                                                                                            \
    X(ITEM_TIME, "item_time", WHOLE, ITEMS, SECONDS, LOWER, "Item time", METRIC, "item_time", SECONDS, NULL)           \
    X(MODEL_CREATION, "model_creation_time", WHOLE, GENERATION, SECONDS, LOWER, "Model creation time", METRIC,         \
      "model_creation_time", SECONDS, NULL)

#define AFMON_METRIC_AS_ID(id, ...) AFMON_METRIC_##id,
enum afmon_metric_id {
    AFMON_METRIC_OTHER = 0, /* custom */
    AFMON_METRIC_MAP(AFMON_METRIC_AS_ID)
};
#undef AFMON_METRIC_AS_ID

#define AFMON_METRIC_AS_ONE(...) +1
enum { AFMON_METRIC_IDS = 1 AFMON_METRIC_MAP(AFMON_METRIC_AS_ONE) };
#undef AFMON_METRIC_AS_ONE

enum afmon_statsd_shape {
    AFMON_STATSD_AMOUNT,  /* a distribution of values as they are */
    AFMON_STATSD_SECONDS, /* a timer, in milliseconds */
    AFMON_STATSD_COUNT,   /* a counter that goes up by the value */
    AFMON_STATSD_OUTCOME  /* a counter that goes up by one under "success" (above 0) or "failure" */
};

/* A row. Texts are static. */
struct afmon_metric_row {
    enum afmon_metric_id id;
    size_t length;           /* of info.name */
    afmon_metric_info info;  /* what the public header tells; a custom metric has no name and no title here */
    const char *statsd_name; /* NULL: its own */
    enum afmon_statsd_shape statsd_shape;
    const char *statsd_tag; /* NULL: none */
};

/* Part of another text. */
struct afmon_piece {
    const char *data; /* never NULL where given */
    size_t length;
    bool given;
};

/* Which metric a name is. rest (may be NULL) gets what follows a prefix, and is not given for other metrics. A prefix
 * with nothing behind it is a custom name. Any thread. */
enum afmon_metric_id afmon_metric_find(const char *name, size_t length, struct afmon_piece *rest);

/* True for what a tracked call derives: its samples are marked where a program records them by their bare name. */
bool afmon_metric_id_is_derived(enum afmon_metric_id id);

/* The row of an id below AFMON_METRIC_IDS; never NULL. */
const struct afmon_metric_row *afmon_metric_row(enum afmon_metric_id id);

/* The name of a metric that is no prefix, or the prefix. Static text. */
const char *afmon_metric_name(enum afmon_metric_id id);

#endif
