/* What each metric counts as. */
#include <math.h>
#include <string.h>

#include "meters/internal.h"

struct given_sample {
    const afmon_sample *sample;
    const struct afmon_meter_labels *labels;
    struct afmon_label_text rest; /* of the name, behind the prefix */
};

static void on_generation_time(struct afmon_meters *meters, const struct given_sample *given_sample)
{
    afmon_meter_begin_call(meters, given_sample->sample, given_sample->labels);
}

/* Rates are means of ones and zeros; a value in between counts in part, so that the mean stays the same. */
static double part_of(double value)
{
    return !(value > 0) ? 0 : value < 1 ? value : 1;
}

static void on_success_rate(struct afmon_meters *meters, const struct given_sample *in)
{
    double success = part_of(in->sample->value);
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    if (!isfinite(in->sample->value))
        return;
    if (call != NULL && success == 0)
        call->failed = true;
    afmon_meter_count(meters, AFMON_INSTRUMENT_GENERATIONS,
                      (struct afmon_label_text[]){AFMON_LABEL_LITERAL("success"), in->labels->operation}, success);
    afmon_meter_count(meters, AFMON_INSTRUMENT_GENERATIONS,
                      (struct afmon_label_text[]){AFMON_LABEL_LITERAL("failure"), in->labels->operation}, 1 - success);
}

static void on_error_rate(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    if (call != NULL && in->sample->value > 0)
        call->failed = true;
    afmon_meter_count(meters, AFMON_INSTRUMENT_GENERATION_ERRORS, &in->labels->operation, part_of(in->sample->value));
}

static void on_api_errors(struct afmon_meters *meters, const struct given_sample *in)
{
    const struct afmon_meter_labels *labels = in->labels;
    struct afmon_label_text retried = labels->retried.length > 0 ? labels->retried : AFMON_LABEL_LITERAL("false");
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    struct afmon_label_text model = labels->model;
    if (call != NULL && labels->retried.length == 0) {
        afmon_meter_keep(&call->error_type, labels->error_type.length > 0 ? labels->error_type : labels->status);
        model = model.length > 0 ? model : afmon_meter_kept(&call->model);
    }
    afmon_meter_count(meters, AFMON_INSTRUMENT_API_ERRORS,
                      (struct afmon_label_text[]){labels->error_type, labels->status, model, retried},
                      part_of(in->sample->value));
}

static void on_model_usage(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    if (call != NULL)
        afmon_meter_keep(&call->model, in->rest);
    afmon_meter_count(meters, AFMON_INSTRUMENT_MODEL_USAGE, &in->rest, part_of(in->sample->value));
}

static void on_finish_reason(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_count(meters, AFMON_INSTRUMENT_FINISH_REASONS, &in->rest, part_of(in->sample->value));
}

static void observe_tokens(struct afmon_meters *meters, const struct given_sample *in, struct afmon_label_text type)
{
    const struct afmon_meter_labels *labels = in->labels;
    afmon_meter_observe(
        meters, type.length > 0 ? AFMON_INSTRUMENT_TOKEN_USAGE : AFMON_INSTRUMENT_TOTAL_TOKENS,
        (struct afmon_label_text[]){labels->operation_name, labels->provider, labels->model, labels->operation, type},
        in->sample->value);
}

static void on_prompt_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    observe_tokens(meters, in, AFMON_LABEL_LITERAL("input"));
}

static void on_completion_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    observe_tokens(meters, in, AFMON_LABEL_LITERAL("output"));
}

static void on_total_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    observe_tokens(meters, in, (struct afmon_label_text){0});
}

static void on_conversation_length(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_observe(meters, AFMON_INSTRUMENT_CONVERSATION_LENGTH, &in->labels->operation, in->sample->value);
}

static struct afmon_label_text outcome_of(const struct afmon_meter_labels *labels)
{
    return labels->success.length == 0   ? labels->success
           : labels->success.length == 4 ? AFMON_LABEL_LITERAL("success")
                                         : AFMON_LABEL_LITERAL("failure");
}

static void on_evaluation_time(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_label_text values[] = {in->labels->evaluator, outcome_of(in->labels)};
    afmon_meter_observe(meters, AFMON_INSTRUMENT_EVALUATION_DURATION, values, in->sample->value);
    afmon_meter_count(meters, AFMON_INSTRUMENT_EVALUATIONS, values, 1);
}

static void on_evaluation_error_rate(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_count(meters, AFMON_INSTRUMENT_EVALUATION_ERRORS, &in->labels->evaluator, part_of(in->sample->value));
}

static void on_evaluation_score(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_observe(meters, AFMON_INSTRUMENT_EVALUATION_SCORE,
                        (struct afmon_label_text[]){in->rest, in->labels->evaluator}, in->sample->value);
}

static void on_other(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_observe(meters, AFMON_INSTRUMENT_METRIC, &in->rest, in->sample->value);
}

struct metric_rule {
    const char *name;
    size_t length;
    bool prefix;
    void (*take)(struct afmon_meters *meters, const struct given_sample *in);
};

#define EXACT(name, take)                                                                                              \
    {                                                                                                                  \
        name, sizeof name - 1, false, take                                                                             \
    }
#define PREFIX(name, take)                                                                                             \
    {                                                                                                                  \
        name, sizeof name - 1, true, take                                                                              \
    }

static const struct metric_rule metric_rules[] = {
    EXACT("generation_time", on_generation_time),
    EXACT("success_rate", on_success_rate),
    EXACT("error_rate", on_error_rate),
    EXACT("prompt_token_count", on_prompt_tokens),
    EXACT("completion_token_count", on_completion_tokens),
    EXACT("total_token_count", on_total_tokens),
    PREFIX("model_usage:", on_model_usage),
    PREFIX("finish_reason:", on_finish_reason),
    EXACT("api_errors", on_api_errors),
    EXACT("conversation_length", on_conversation_length),
    EXACT("evaluation_time", on_evaluation_time),
    EXACT("evaluation_error_rate", on_evaluation_error_rate),
    PREFIX("evaluation_score_", on_evaluation_score),
};

static const struct metric_rule *rule_of(const afmon_sample *sample)
{
    static const struct metric_rule other = {"", 0, true, on_other};
    for (size_t i = 0; i < sizeof metric_rules / sizeof metric_rules[0]; i++) {
        const struct metric_rule *rule = &metric_rules[i];
        if ((rule->prefix ? sample->metric_length >= rule->length : sample->metric_length == rule->length) &&
            memcmp(sample->metric, rule->name, rule->length) == 0)
            return rule;
    }
    return &other;
}

/* Several thousand names of evaluation scores or models are each a metric; the sample counters keep to the bound too.
 */
static void count_sample(struct afmon_meters *meters, const afmon_sample *sample)
{
    struct afmon_label_text name = {sample->metric, sample->metric_length};
    meters->samples++;
    afmon_meter_count(meters, AFMON_INSTRUMENT_SAMPLES, &name, 1);
    if (!isfinite(sample->value))
        afmon_meter_count(meters, AFMON_INSTRUMENT_NOT_FINITE, &name, 1);
}

void afmon_meter_add(struct afmon_meters *meters, const afmon_sample *sample, const struct afmon_meter_labels *labels)
{
    const struct metric_rule *rule = rule_of(sample);
    struct given_sample in = {
        .sample = sample,
        .labels = labels,
        .rest = {sample->metric + rule->length, sample->metric_length - rule->length},
    };
    if (meters->call->open && meters->call->timestamp_ns != sample->timestamp_ns)
        afmon_meter_settle(meters);
    count_sample(meters, sample);
    rule->take(meters, &in);
}
