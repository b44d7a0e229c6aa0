#include "meters/instruments.h"

#define LABEL(id, dotted, flat) [AFMON_LABEL_##id] = {dotted, flat}

const struct afmon_label_facts afmon_label_facts[AFMON_LABELS] = {
    LABEL(OPERATION_NAME, "gen_ai.operation.name", "gen_ai_operation_name"),
    LABEL(PROVIDER, "gen_ai.provider.name", "gen_ai_provider_name"),
    LABEL(MODEL, "gen_ai.request.model", "gen_ai_request_model"),
    LABEL(ERROR_TYPE, "error.type", "error_type"),
    LABEL(OPERATION, "afmon.operation", "afmon_operation"),
    LABEL(TOKEN_TYPE, "gen_ai.token.type", "gen_ai_token_type"),
    LABEL(OUTCOME, "outcome", "outcome"),
    LABEL(STATUS, "http.response.status_code", "http_response_status_code"),
    LABEL(RETRIED, "retried", "retried"),
    LABEL(FINISH_REASON, "finish_reason", "finish_reason"),
    LABEL(EVALUATOR, "evaluator_type", "evaluator_type"),
    LABEL(SCORE, "score", "score"),
    LABEL(METRIC, "metric", "metric"),
    LABEL(ALERT, "alert", "alert"),
    LABEL(LEVEL, "level", "level"),
    LABEL(INSTRUMENT, "instrument", "instrument"),
};

/* The conventions' bounds: seconds of an operation, tokens of a call. */
static const struct afmon_bounds seconds = {
    14,
    {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92},
    {"0.01", "0.02", "0.04", "0.08", "0.16", "0.32", "0.64", "1.28", "2.56", "5.12", "10.24", "20.48", "40.96",
     "81.92"},
};

static const struct afmon_bounds tokens = {
    14,
    {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864},
    {"1.0", "4.0", "16.0", "64.0", "256.0", "1024.0", "4096.0", "16384.0", "65536.0", "262144.0", "1.048576e+06",
     "4.194304e+06", "1.6777216e+07", "6.7108864e+07"},
};

static const struct afmon_bounds turns = {
    12,
    {1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50, 100},
    {"1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "8.0", "10.0", "15.0", "20.0", "50.0", "100.0"},
};

/* Fits scores from 0 to 1, grades to 10, and per cent. */
static const struct afmon_bounds scores = {
    20,
    {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 7, 10, 50, 75, 100},
    {"0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6",  "0.7",  "0.8",  "0.9",
     "1.0", "2.0", "3.0", "4.0", "5.0", "7.0", "10.0", "50.0", "75.0", "100.0"},
};

/* Of a metric of unknown size: 1, 2.5 and 5 around one, decades beyond. */
static const struct afmon_bounds any = {
    18,
    {0, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 100, 1000, 1e4, 1e5, 1e6},
    {"0.0", "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "100.0",
     "1000.0", "10000.0", "100000.0", "1e+06"},
};

#define LABELS(...)                                                                                                    \
    .label_count = sizeof((enum afmon_label[]){__VA_ARGS__}) / sizeof(enum afmon_label), .labels = {__VA_ARGS__}
#define COUNTER(id, dotted, flat, what, ...)                                                                           \
    [AFMON_INSTRUMENT_##id] = {.otel = (dotted),                                                                       \
                               .prom = (flat),                                                                         \
                               .help = (what),                                                                         \
                               .unit = "1",                                                                            \
                               .kind = AFMON_KIND_COUNTER,                                                             \
                               LABELS(__VA_ARGS__)}
#define HISTOGRAM(id, dotted, flat, what, ucum, suffix, edges, ...)                                                    \
    [AFMON_INSTRUMENT_##id] = {.otel = (dotted),                                                                       \
                               .prom = (flat),                                                                         \
                               .help = (what),                                                                         \
                               .unit = (ucum),                                                                         \
                               .prom_unit = (suffix),                                                                  \
                               .kind = AFMON_KIND_HISTOGRAM,                                                           \
                               .bounds = &(edges),                                                                     \
                               LABELS(__VA_ARGS__)}
#define OPERATION_LABELS AFMON_LABEL_OPERATION_NAME, AFMON_LABEL_PROVIDER, AFMON_LABEL_MODEL, AFMON_LABEL_OPERATION

const struct afmon_instrument afmon_instruments[AFMON_INSTRUMENTS] = {
    HISTOGRAM(OPERATION_DURATION, "gen_ai.client.operation.duration", "gen_ai_client_operation_duration_seconds",
              "GenAI operation duration.", "s", "seconds", seconds, OPERATION_LABELS, AFMON_LABEL_ERROR_TYPE),
    HISTOGRAM(TOKEN_USAGE, "gen_ai.client.token.usage", "gen_ai_client_token_usage",
              "Number of input and output tokens used.", "{token}", NULL, tokens, OPERATION_LABELS,
              AFMON_LABEL_TOKEN_TYPE),
    HISTOGRAM(TOTAL_TOKENS, "afmon.total_token_count", "afmon_total_token_count", "Tokens of a call, input and output.",
              "{token}", NULL, tokens, OPERATION_LABELS),
    [AFMON_INSTRUMENT_COST] = {.otel = "afmon.cost",
                               .prom = "afmon_cost_usd",
                               .help = "What priced calls cost.",
                               .unit = "{USD}",
                               .prom_unit = "usd",
                               .kind = AFMON_KIND_COUNTER,
                               LABELS(OPERATION_LABELS)},
    COUNTER(GENERATIONS, "afmon.generations", "afmon_generations", "Tracked generations by outcome.",
            AFMON_LABEL_OUTCOME, AFMON_LABEL_OPERATION),
    COUNTER(GENERATION_ERRORS, "afmon.generation_errors", "afmon_generation_errors",
            "Tracked generations that met an error, whether it kept them from an answer or not.",
            AFMON_LABEL_OPERATION),
    COUNTER(API_ERRORS, "afmon.api_errors", "afmon_api_errors", "Failures that came from the model's API.",
            AFMON_LABEL_ERROR_TYPE, AFMON_LABEL_STATUS, AFMON_LABEL_MODEL, AFMON_LABEL_RETRIED),
    COUNTER(MODEL_USAGE, "afmon.model_usage", "afmon_model_usage", "Tracked generations by model.", AFMON_LABEL_MODEL),
    COUNTER(FINISH_REASONS, "afmon.finish_reasons", "afmon_finish_reasons", "Why models ended their answers.",
            AFMON_LABEL_FINISH_REASON),
    HISTOGRAM(CONVERSATION_LENGTH, "afmon.conversation.length", "afmon_conversation_length_turns",
              "Turns of a conversation.", "{turn}", "turns", turns, AFMON_LABEL_OPERATION),
    HISTOGRAM(EVALUATION_DURATION, "afmon.evaluation.duration", "afmon_evaluation_duration_seconds",
              "Duration of an evaluation.", "s", "seconds", seconds, AFMON_LABEL_EVALUATOR, AFMON_LABEL_OUTCOME),
    COUNTER(EVALUATIONS, "afmon.evaluations", "afmon_evaluations", "Tracked evaluations by outcome.",
            AFMON_LABEL_EVALUATOR, AFMON_LABEL_OUTCOME),
    COUNTER(EVALUATION_ERRORS, "afmon.evaluation_errors", "afmon_evaluation_errors",
            "Tracked evaluations that met an error.", AFMON_LABEL_EVALUATOR),
    HISTOGRAM(EVALUATION_SCORE, "afmon.evaluation.score", "afmon_evaluation_score", "Scores that evaluators gave.", "1",
              NULL, scores, AFMON_LABEL_SCORE, AFMON_LABEL_EVALUATOR),
    HISTOGRAM(METRIC, "afmon.metric", "afmon_metric", "Values of metrics that have no instrument of their own.", "1",
              NULL, any, AFMON_LABEL_METRIC),
    COUNTER(SAMPLES, "afmon.samples", "afmon_samples", "Samples recorded, by metric.", AFMON_LABEL_METRIC),
    COUNTER(NOT_FINITE, "afmon.not_finite_samples", "afmon_not_finite_samples",
            "Samples whose value was not finite; no histogram has them.", AFMON_LABEL_METRIC),
    COUNTER(ALERTS, "afmon.alerts", "afmon_alerts", "Passes of the alert rules in which a rule held.",
            AFMON_LABEL_ALERT, AFMON_LABEL_LEVEL),
    [AFMON_INSTRUMENT_ALERT_ACTIVE] = {.otel = "afmon.alert.active",
                                       .prom = "afmon_alert_active",
                                       .help = "1 where the rule held in the last pass, else 0.",
                                       .unit = "1",
                                       .kind = AFMON_KIND_GAUGE,
                                       LABELS(AFMON_LABEL_ALERT, AFMON_LABEL_LEVEL)},
    COUNTER(OVERFLOWS, "afmon.label_overflows", "afmon_label_overflows",
            "Observations counted under \"other\", because the instrument has as many label sets as it may.",
            AFMON_LABEL_INSTRUMENT),
};
