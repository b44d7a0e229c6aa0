/* What each metric counts as. */
#include <math.h>

#include "catalog/metrics.h"
#include "meters/internal.h"

struct given_sample {
    const afmon_sample *sample;
    const struct afmon_meter_labels *labels;
    enum afmon_metric_id metric;
    enum afmon_instrument_id instrument;
    struct afmon_label_text name; /* what follows the prefix of a metric that has one */
};

static void begin_call(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_begin_call(meters, in->sample, in->labels);
}

/* Rates are means of ones and zeros; a value in between counts in part, so that the mean stays the same. */
static double part_of(double value)
{
    return !(value > 0) ? 0 : value < 1 ? value : 1;
}

static void count_outcome(struct afmon_meters *meters, const struct given_sample *in)
{
    double success = part_of(in->sample->value);
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    if (!isfinite(in->sample->value))
        return;
    if (call != NULL && success == 0)
        call->failed = true;
    afmon_meter_count(meters, in->instrument,
                      (struct afmon_label_text[]){AFMON_LABEL_LITERAL("success"), in->labels->operation}, success);
    afmon_meter_count(meters, in->instrument,
                      (struct afmon_label_text[]){AFMON_LABEL_LITERAL("failure"), in->labels->operation}, 1 - success);
}

static void count_error(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    if (call != NULL && in->sample->value > 0) {
        const struct afmon_meter_labels *labels = in->labels;
        struct afmon_label_text type = labels->error_type.length > 0 ? labels->error_type : labels->status;
        call->failed = true;
        if (type.length > 0)
            afmon_meter_keep(&call->error_type, type);
    }
    afmon_meter_count(meters, in->instrument, &in->labels->operation, part_of(in->sample->value));
}

static void count_api_error(struct afmon_meters *meters, const struct given_sample *in)
{
    const struct afmon_meter_labels *labels = in->labels;
    struct afmon_label_text retried = labels->retried.length > 0 ? labels->retried : AFMON_LABEL_LITERAL("false");
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    struct afmon_label_text model = labels->model;
    if (call != NULL && labels->retried.length == 0) {
        afmon_meter_keep(&call->error_type, labels->error_type.length > 0 ? labels->error_type : labels->status);
        model = model.length > 0 ? model : afmon_meter_kept(&call->model);
    }
    afmon_meter_count(meters, in->instrument,
                      (struct afmon_label_text[]){labels->error_type, labels->status, model, retried},
                      part_of(in->sample->value));
}

static void count_model(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call *call = afmon_meter_call_of(meters, in->sample);
    if (call != NULL)
        afmon_meter_keep(&call->model, in->name);
    afmon_meter_count(meters, in->instrument, &in->name, part_of(in->sample->value));
}

static void count_name(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_count(meters, in->instrument, &in->name, part_of(in->sample->value));
}

static void observe_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    const struct afmon_meter_labels *labels = in->labels;
    afmon_meter_observe(meters, in->instrument,
                        (struct afmon_label_text[]){labels->operation_name, labels->provider, labels->model,
                                                    labels->operation,
                                                    in->metric == AFMON_METRIC_PROMPT ? AFMON_LABEL_LITERAL("input")
                                                                                      : AFMON_LABEL_LITERAL("output")},
                        in->sample->value);
}

static void observe_total_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    const struct afmon_meter_labels *labels = in->labels;
    afmon_meter_observe(
        meters, in->instrument,
        (struct afmon_label_text[]){labels->operation_name, labels->provider, labels->model, labels->operation},
        in->sample->value);
}

/* A counter only ever grows. */
static void count_cost(struct afmon_meters *meters, const struct given_sample *in)
{
    const struct afmon_meter_labels *labels = in->labels;
    if (isfinite(in->sample->value) && in->sample->value >= 0)
        afmon_meter_count(
            meters, in->instrument,
            (struct afmon_label_text[]){labels->operation_name, labels->provider, labels->model, labels->operation},
            in->sample->value);
}

static void observe_by_operation(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_observe(meters, in->instrument, &in->labels->operation, in->sample->value);
}

static struct afmon_label_text outcome_of(const struct afmon_meter_labels *labels)
{
    return labels->success.length == 0   ? labels->success
           : labels->success.length == 4 ? AFMON_LABEL_LITERAL("success")
                                         : AFMON_LABEL_LITERAL("failure");
}

static void observe_evaluation(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_label_text values[] = {in->labels->evaluator, outcome_of(in->labels)};
    afmon_meter_observe(meters, in->instrument, values, in->sample->value);
    afmon_meter_count(meters, AFMON_INSTRUMENT_EVALUATIONS, values, 1);
}

static void count_by_evaluator(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_count(meters, in->instrument, &in->labels->evaluator, part_of(in->sample->value));
}

static void observe_score(struct afmon_meters *meters, const struct given_sample *in)
{
    afmon_meter_observe(meters, in->instrument, (struct afmon_label_text[]){in->name, in->labels->evaluator},
                        in->sample->value);
}

static void observe_any(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_label_text metric = {in->sample->metric, in->sample->metric_length};
    afmon_meter_observe(meters, in->instrument, &metric, in->sample->value);
}

/* What the samples of an instrument do to it. */
static void (*const takes[AFMON_INSTRUMENTS])(struct afmon_meters *meters, const struct given_sample *in) = {
    [AFMON_INSTRUMENT_OPERATION_DURATION] = begin_call,
    [AFMON_INSTRUMENT_TOKEN_USAGE] = observe_tokens,
    [AFMON_INSTRUMENT_TOTAL_TOKENS] = observe_total_tokens,
    [AFMON_INSTRUMENT_COST] = count_cost,
    [AFMON_INSTRUMENT_GENERATIONS] = count_outcome,
    [AFMON_INSTRUMENT_GENERATION_ERRORS] = count_error,
    [AFMON_INSTRUMENT_API_ERRORS] = count_api_error,
    [AFMON_INSTRUMENT_MODEL_USAGE] = count_model,
    [AFMON_INSTRUMENT_FINISH_REASONS] = count_name,
    [AFMON_INSTRUMENT_CONVERSATION_LENGTH] = observe_by_operation,
    [AFMON_INSTRUMENT_EVALUATION_DURATION] = observe_evaluation,
    [AFMON_INSTRUMENT_EVALUATION_ERRORS] = count_by_evaluator,
    [AFMON_INSTRUMENT_EVALUATION_SCORE] = observe_score,
    [AFMON_INSTRUMENT_METRIC] = observe_any,
};

#define INSTRUMENT(id, name, form, group, unit, better, title, instrument, ...)                                        \
    [AFMON_METRIC_##id] = AFMON_INSTRUMENT_##instrument,
static const enum afmon_instrument_id instruments[AFMON_METRIC_IDS] = {[AFMON_METRIC_OTHER] = AFMON_INSTRUMENT_METRIC,
                                                                       AFMON_METRIC_MAP(INSTRUMENT)};
#undef INSTRUMENT

/* Several thousand names of evaluation scores or models are each a metric; the sample counters keep to the bound too.
 */
static void count_sample(struct afmon_meters *meters, const afmon_sample *sample, enum afmon_metric_id metric)
{
    struct afmon_label_text name = {sample->metric, sample->metric_length};
    meters->samples++;
    afmon_meter_count_sample(meters, metric, name);
    if (!isfinite(sample->value))
        afmon_meter_count(meters, AFMON_INSTRUMENT_NOT_FINITE, &name, 1);
}

/* An attempt that was tried again is of no tracked call, and repeated by none: it counts beside both. */
static void note_tracked(struct afmon_meters *meters, const struct given_sample *in)
{
    bool retried = in->metric == AFMON_METRIC_API_ERROR && in->labels->retried.length == sizeof "true" - 1;
    if (meters->tracked[in->instrument] || retried)
        return;
    meters->tracked[in->instrument] = true;
    if (meters->bare.lists[in->instrument].count > 0)
        meters->since_ns[in->instrument] = in->sample->timestamp_ns;
}

static void note_outcome(struct afmon_outcome_counts *outcomes, const struct given_sample *in)
{
    double value = in->sample->value;
    outcomes->marked |= in->labels->bare;
    if (in->labels->bare || !isfinite(value))
        return;
    outcomes->outcomes += in->metric == AFMON_METRIC_SUCCESS;
    outcomes->errors += in->metric == AFMON_METRIC_ERROR;
    outcomes->ones += in->metric == AFMON_METRIC_ERROR && value == 1;
}

/* A sample beside the tracked calls says nothing of the call on its way, even where it has its time. */
static void take_derived(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call none = {.open = false};
    struct afmon_meter_call *call = meters->call;
    note_outcome(&meters->outcomes, in);
    if (!in->labels->bare) {
        note_tracked(meters, in);
        takes[in->instrument](meters, in);
        return;
    }
    meters->counts = &meters->bare;
    meters->call = &none;
    takes[in->instrument](meters, in);
    meters->call = call;
    meters->counts = &meters->table;
}

void afmon_meter_add(struct afmon_meters *meters, const afmon_sample *sample, const struct afmon_meter_labels *labels)
{
    struct afmon_piece name;
    enum afmon_metric_id metric = afmon_metric_find(sample->metric, sample->metric_length, &name);
    struct given_sample in = {.sample = sample,
                              .labels = labels,
                              .metric = metric,
                              .instrument = instruments[metric],
                              .name = {name.data, name.length}};
    if (meters->call->open && meters->call->timestamp_ns != sample->timestamp_ns)
        afmon_meter_settle(meters);
    count_sample(meters, sample, metric);
    if (afmon_metric_id_is_derived(metric)) {
        take_derived(meters, &in);
        return;
    }
    takes[in.instrument](meters, &in);
}
