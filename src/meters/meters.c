#include "meters/meters.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "meters/labels.h"
#include "meters/table.h"

#define TEXT(literal)                                                                                                  \
    (struct afmon_label_text)                                                                                          \
    {                                                                                                                  \
        literal, sizeof literal - 1                                                                                    \
    }

/* A text of a call on its way: its sample is gone before the call is complete. */
struct kept {
    char data[AFMON_LABEL_SIZE];
    size_t length;
};

struct afmon_meter_call {
    bool open;
    bool failed;
    int64_t timestamp_ns;
    double duration_s;
    struct kept operation, operation_name, provider, model, error_type;
};

struct afmon_meters {
    pthread_mutex_t lock;
    struct afmon_meter_table table;
    struct afmon_meter_call own;
    struct afmon_meter_call *call; /* that samples belong to: own, or a caller's */
    uint64_t samples;
};

struct afmon_meters *afmon_meters_new(void)
{
    struct afmon_meters *meters = calloc(1, sizeof *meters);
    if (meters == NULL)
        return NULL;
    meters->call = &meters->own;
    if (!afmon_meter_table_init(&meters->table) || pthread_mutex_init(&meters->lock, NULL) != 0) {
        free(meters->table.slots);
        free(meters);
        return NULL;
    }
    return meters;
}

void afmon_meters_free(struct afmon_meters *meters)
{
    if (meters == NULL)
        return;
    afmon_meter_table_free(&meters->table);
    pthread_mutex_destroy(&meters->lock);
    free(meters);
}

/* ---- counting ---- */

static struct afmon_meter_series *series_of(struct afmon_meters *meters, enum afmon_instrument_id id,
                                            const struct afmon_label_text *values)
{
    bool other;
    struct afmon_meter_series *series = afmon_meter_table_find(&meters->table, id, values, &other);
    if (!other)
        return series;
    const char *name = afmon_instruments[id].prom;
    struct afmon_label_text instrument = {name, strlen(name)};
    struct afmon_meter_series *overflows =
        afmon_meter_table_find(&meters->table, AFMON_INSTRUMENT_OVERFLOWS, &instrument, &other);
    if (overflows != NULL)
        overflows->meter.value += 1;
    return series;
}

static void count(struct afmon_meters *meters, enum afmon_instrument_id id, const struct afmon_label_text *values,
                  double by)
{
    struct afmon_meter_series *series = series_of(meters, id, values);
    if (series != NULL)
        series->meter.value += by;
}

static size_t bucket_of(const struct afmon_bounds *bounds, double value)
{
    size_t low = 0;
    size_t high = bounds->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (value <= bounds->values[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void observe(struct afmon_meters *meters, enum afmon_instrument_id id, const struct afmon_label_text *values,
                    double value)
{
    struct afmon_meter_series *series = isfinite(value) ? series_of(meters, id, values) : NULL;
    if (series == NULL)
        return;
    series->buckets[bucket_of(series->meter.instrument->bounds, value)]++;
    series->meter.count++;
    series->meter.value += value;
}

/* ---- calls ---- */

static void keep(struct kept *kept, struct afmon_label_text text)
{
    kept->length = text.length < sizeof kept->data ? text.length : sizeof kept->data;
    if (kept->length > 0)
        memcpy(kept->data, text.data, kept->length);
}

static struct afmon_label_text given(const struct kept *kept)
{
    return (struct afmon_label_text){kept->data, kept->length};
}

static void settle(struct afmon_meters *meters)
{
    struct afmon_meter_call *call = meters->call;
    if (!call->open)
        return;
    call->open = false;
    if (call->failed && call->error_type.length == 0)
        keep(&call->error_type, TEXT("_OTHER"));
    observe(meters, AFMON_INSTRUMENT_OPERATION_DURATION,
            (struct afmon_label_text[]){given(&call->operation_name), given(&call->provider), given(&call->model),
                                        given(&call->operation), given(&call->error_type)},
            call->duration_s);
}

static void begin_call(struct afmon_meters *meters, const afmon_sample *sample, const struct afmon_meter_labels *labels)
{
    struct afmon_meter_call *call = meters->call;
    settle(meters);
    call->open = true;
    call->failed = false;
    call->timestamp_ns = sample->timestamp_ns;
    call->duration_s = sample->value;
    keep(&call->operation, labels->operation);
    keep(&call->operation_name, labels->operation_name);
    keep(&call->provider, labels->provider);
    keep(&call->model, labels->model);
    keep(&call->error_type, labels->error_type);
}

/* The call that the sample belongs to; NULL: to none. */
static struct afmon_meter_call *call_of(struct afmon_meters *meters, const afmon_sample *sample)
{
    return meters->call->open && meters->call->timestamp_ns == sample->timestamp_ns ? meters->call : NULL;
}

/* ---- metrics ---- */

struct given_sample {
    const afmon_sample *sample;
    const struct afmon_meter_labels *labels;
    struct afmon_label_text rest; /* of the name, behind the prefix */
};

static void on_generation_time(struct afmon_meters *meters, const struct given_sample *given_sample)
{
    begin_call(meters, given_sample->sample, given_sample->labels);
}

/* Rates are means of ones and zeros; a value in between counts in part, so that the mean stays the same. */
static double part_of(double value)
{
    return !(value > 0) ? 0 : value < 1 ? value : 1;
}

static void on_success_rate(struct afmon_meters *meters, const struct given_sample *in)
{
    double success = part_of(in->sample->value);
    struct afmon_meter_call *call = call_of(meters, in->sample);
    if (!isfinite(in->sample->value))
        return;
    if (call != NULL && success == 0)
        call->failed = true;
    count(meters, AFMON_INSTRUMENT_GENERATIONS, (struct afmon_label_text[]){TEXT("success"), in->labels->operation},
          success);
    count(meters, AFMON_INSTRUMENT_GENERATIONS, (struct afmon_label_text[]){TEXT("failure"), in->labels->operation},
          1 - success);
}

static void on_error_rate(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call *call = call_of(meters, in->sample);
    if (call != NULL && in->sample->value > 0)
        call->failed = true;
    count(meters, AFMON_INSTRUMENT_GENERATION_ERRORS, &in->labels->operation, part_of(in->sample->value));
}

static void on_api_errors(struct afmon_meters *meters, const struct given_sample *in)
{
    const struct afmon_meter_labels *labels = in->labels;
    struct afmon_label_text retried = labels->retried.length > 0 ? labels->retried : TEXT("false");
    struct afmon_meter_call *call = call_of(meters, in->sample);
    struct afmon_label_text model = labels->model;
    if (call != NULL && labels->retried.length == 0) {
        keep(&call->error_type, labels->error_type.length > 0 ? labels->error_type : labels->status);
        model = model.length > 0 ? model : given(&call->model);
    }
    count(meters, AFMON_INSTRUMENT_API_ERRORS,
          (struct afmon_label_text[]){labels->error_type, labels->status, model, retried}, part_of(in->sample->value));
}

static void on_model_usage(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_meter_call *call = call_of(meters, in->sample);
    if (call != NULL)
        keep(&call->model, in->rest);
    count(meters, AFMON_INSTRUMENT_MODEL_USAGE, &in->rest, part_of(in->sample->value));
}

static void on_finish_reason(struct afmon_meters *meters, const struct given_sample *in)
{
    count(meters, AFMON_INSTRUMENT_FINISH_REASONS, &in->rest, part_of(in->sample->value));
}

static void observe_tokens(struct afmon_meters *meters, const struct given_sample *in, struct afmon_label_text type)
{
    const struct afmon_meter_labels *labels = in->labels;
    observe(
        meters, type.length > 0 ? AFMON_INSTRUMENT_TOKEN_USAGE : AFMON_INSTRUMENT_TOTAL_TOKENS,
        (struct afmon_label_text[]){labels->operation_name, labels->provider, labels->model, labels->operation, type},
        in->sample->value);
}

static void on_prompt_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    observe_tokens(meters, in, TEXT("input"));
}

static void on_completion_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    observe_tokens(meters, in, TEXT("output"));
}

static void on_total_tokens(struct afmon_meters *meters, const struct given_sample *in)
{
    observe_tokens(meters, in, (struct afmon_label_text){0});
}

static void on_conversation_length(struct afmon_meters *meters, const struct given_sample *in)
{
    observe(meters, AFMON_INSTRUMENT_CONVERSATION_LENGTH, &in->labels->operation, in->sample->value);
}

static struct afmon_label_text outcome_of(const struct afmon_meter_labels *labels)
{
    return labels->success.length == 0   ? labels->success
           : labels->success.length == 4 ? TEXT("success")
                                         : TEXT("failure");
}

static void on_evaluation_time(struct afmon_meters *meters, const struct given_sample *in)
{
    struct afmon_label_text values[] = {in->labels->evaluator, outcome_of(in->labels)};
    observe(meters, AFMON_INSTRUMENT_EVALUATION_DURATION, values, in->sample->value);
    count(meters, AFMON_INSTRUMENT_EVALUATIONS, values, 1);
}

static void on_evaluation_error_rate(struct afmon_meters *meters, const struct given_sample *in)
{
    count(meters, AFMON_INSTRUMENT_EVALUATION_ERRORS, &in->labels->evaluator, part_of(in->sample->value));
}

static void on_evaluation_score(struct afmon_meters *meters, const struct given_sample *in)
{
    observe(meters, AFMON_INSTRUMENT_EVALUATION_SCORE, (struct afmon_label_text[]){in->rest, in->labels->evaluator},
            in->sample->value);
}

static void on_other(struct afmon_meters *meters, const struct given_sample *in)
{
    observe(meters, AFMON_INSTRUMENT_METRIC, &in->rest, in->sample->value);
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
    count(meters, AFMON_INSTRUMENT_SAMPLES, &name, 1);
    if (!isfinite(sample->value))
        count(meters, AFMON_INSTRUMENT_NOT_FINITE, &name, 1);
}

static void add(struct afmon_meters *meters, const afmon_sample *sample, const struct afmon_meter_labels *labels)
{
    const struct metric_rule *rule = rule_of(sample);
    struct given_sample in = {
        .sample = sample,
        .labels = labels,
        .rest = {sample->metric + rule->length, sample->metric_length - rule->length},
    };
    if (meters->call->open && meters->call->timestamp_ns != sample->timestamp_ns)
        settle(meters);
    count_sample(meters, sample);
    rule->take(meters, &in);
}

void afmon_meters_add(struct afmon_meters *meters, const afmon_sample *sample)
{
    struct afmon_meter_labels labels;
    afmon_meter_labels_of(&labels, sample);
    pthread_mutex_lock(&meters->lock);
    add(meters, sample, &labels);
    pthread_mutex_unlock(&meters->lock);
}

void afmon_meters_add_call(struct afmon_meters *meters, const afmon_sample *sample, const char *model,
                           const char *error_type)
{
    struct afmon_meter_labels labels;
    afmon_meter_labels_of(&labels, sample);
    if (model != NULL && *model != '\0')
        labels.model = (struct afmon_label_text){model, strlen(model)};
    if (error_type != NULL && *error_type != '\0')
        labels.error_type = (struct afmon_label_text){error_type, strlen(error_type)};
    pthread_mutex_lock(&meters->lock);
    add(meters, sample, &labels);
    settle(meters);
    pthread_mutex_unlock(&meters->lock);
}

struct afmon_meter_call *afmon_meter_call_new(void)
{
    return calloc(1, sizeof(struct afmon_meter_call));
}

void afmon_meters_add_from(struct afmon_meters *meters, struct afmon_meter_call *call, const afmon_sample *sample,
                           const struct afmon_meter_labels *labels)
{
    pthread_mutex_lock(&meters->lock);
    meters->call = call;
    add(meters, sample, labels);
    meters->call = &meters->own;
    pthread_mutex_unlock(&meters->lock);
}

void afmon_meters_settle_call(struct afmon_meters *meters, struct afmon_meter_call *call)
{
    pthread_mutex_lock(&meters->lock);
    meters->call = call;
    settle(meters);
    meters->call = &meters->own;
    pthread_mutex_unlock(&meters->lock);
}

void afmon_meters_settle(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    settle(meters);
    pthread_mutex_unlock(&meters->lock);
}

/* ---- alerts ---- */

void afmon_meters_set_alerts(struct afmon_meters *meters, const afmon_alert *alerts, size_t alert_count)
{
    pthread_mutex_lock(&meters->lock);
    for (struct afmon_meter_series *at = meters->table.lists[AFMON_INSTRUMENT_ALERT_ACTIVE].first; at != NULL;
         at = at->next)
        at->meter.value = 0;
    for (size_t i = 0; i < alert_count; i++) {
        const char *level = afmon_level_name(alerts[i].level);
        struct afmon_label_text values[] = {{alerts[i].name, strnlen(alerts[i].name, sizeof alerts[i].name)},
                                            {level, strlen(level)}};
        count(meters, AFMON_INSTRUMENT_ALERTS, values, 1);
        struct afmon_meter_series *active = series_of(meters, AFMON_INSTRUMENT_ALERT_ACTIVE, values);
        if (active != NULL)
            active->meter.value = 1;
    }
    pthread_mutex_unlock(&meters->lock);
}

/* ---- reading ---- */

void afmon_meters_each(struct afmon_meters *meters, bool (*visit)(void *user, const struct afmon_meter *meter),
                       void *user)
{
    bool going = true;
    pthread_mutex_lock(&meters->lock);
    for (size_t i = 0; i < AFMON_INSTRUMENTS && going; i++)
        for (struct afmon_meter_series *at = meters->table.lists[i].first; at != NULL && going; at = at->next)
            going = visit(user, &at->meter);
    pthread_mutex_unlock(&meters->lock);
}

uint64_t afmon_meters_samples(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    uint64_t samples = meters->samples;
    pthread_mutex_unlock(&meters->lock);
    return samples;
}

size_t afmon_meters_count(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    size_t all = meters->table.count;
    pthread_mutex_unlock(&meters->lock);
    return all;
}

size_t afmon_meters_bytes(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    size_t bytes = sizeof *meters + meters->table.slot_count * sizeof *meters->table.slots;
    for (size_t i = 0; i < AFMON_INSTRUMENTS; i++)
        for (const struct afmon_meter_series *at = meters->table.lists[i].first; at != NULL; at = at->next) {
            const struct afmon_bounds *bounds = at->meter.instrument->bounds;
            bytes += sizeof *at + at->key_length + (bounds != NULL ? bounds->count + 1 : 0) * sizeof at->buckets[0];
        }
    pthread_mutex_unlock(&meters->lock);
    return bytes;
}
