#include "summary/sample.h"

#include <string.h>

#define TEXT(text) (text), sizeof(text) - 1

static const struct {
    const char *name;
    size_t length;
    enum afmon_metric_kind kind;
} whole_names[] = {
    {TEXT("generation_time"), AFMON_METRIC_GENERATION_TIME},
    {TEXT("success_rate"), AFMON_METRIC_SUCCESS},
    {TEXT("error_rate"), AFMON_METRIC_ERROR},
    {TEXT("api_errors"), AFMON_METRIC_API_ERROR},
    {TEXT("prompt_token_count"), AFMON_METRIC_PROMPT},
    {TEXT("completion_token_count"), AFMON_METRIC_COMPLETION},
    {TEXT("total_token_count"), AFMON_METRIC_TOTAL},
    {TEXT("conversation_length"), AFMON_METRIC_LENGTH},
    {TEXT("evaluation_time"), AFMON_METRIC_EVALUATION_TIME},
    {TEXT("evaluation_error_rate"), AFMON_METRIC_EVALUATION_ERROR},
};

static const struct {
    const char *name;
    size_t length;
    enum afmon_metric_kind kind;
} prefixes[] = {
    {TEXT("model_usage:"), AFMON_METRIC_MODEL},
    {TEXT("finish_reason:"), AFMON_METRIC_FINISH},
    {TEXT("evaluation_score_"), AFMON_METRIC_SCORE},
};

void afmon_sample_look_at_name(const char *metric, size_t metric_length, struct afmon_sample_facts *facts)
{
    facts->kind = AFMON_METRIC_OTHER;
    facts->name = (struct afmon_piece){0};
    for (size_t i = 0; i < sizeof whole_names / sizeof whole_names[0]; i++) {
        if (metric_length == whole_names[i].length && memcmp(metric, whole_names[i].name, whole_names[i].length) == 0) {
            facts->kind = whole_names[i].kind;
            return;
        }
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t length = prefixes[i].length;
        if (metric_length >= length && memcmp(metric, prefixes[i].name, length) == 0) {
            facts->kind = prefixes[i].kind;
            facts->name = (struct afmon_piece){metric + length, metric_length - length, true};
            return;
        }
    }
}

static bool key_is(const afmon_field *field, const char *key, size_t length)
{
    size_t given = field->key_length > 0 ? field->key_length : strlen(field->key);
    return given == length && memcmp(field->key, key, length) == 0;
}

static void take_text(const afmon_field *field, struct afmon_piece *piece)
{
    *piece = (struct afmon_piece){0};
    if (field->type == AFMON_STRING && field->as.text.data != NULL)
        *piece = (struct afmon_piece){field->as.text.data, field->as.text.length, true};
}

static void take_field(const afmon_field *field, struct afmon_sample_facts *facts)
{
    if (key_is(field, TEXT("operation")))
        take_text(field, &facts->operation);
    else if (key_is(field, TEXT("component")))
        take_text(field, &facts->component);
    else if (key_is(field, TEXT("error_type")))
        take_text(field, &facts->error_type);
    else if (key_is(field, TEXT("model_name")))
        take_text(field, &facts->model_name);
    else if (key_is(field, TEXT("evaluator_type")))
        take_text(field, &facts->evaluator_type);
    else if (key_is(field, TEXT("retried")))
        facts->retried = field->type == AFMON_BOOL && field->as.boolean;
    else if (key_is(field, TEXT("success")))
        facts->unsuccessful = field->type == AFMON_BOOL && !field->as.boolean;
}

void afmon_sample_look_at_fields(const afmon_field *fields, size_t count, struct afmon_sample_facts *facts)
{
    for (size_t i = 0; i < count; i++)
        take_field(&fields[i], facts);
}

void afmon_sample_look(const afmon_sample *sample, struct afmon_sample_facts *facts)
{
    *facts = (struct afmon_sample_facts){0};
    afmon_sample_look_at_name(sample->metric, sample->metric_length, facts);
    if (facts->kind != AFMON_METRIC_OTHER)
        afmon_sample_look_at_fields(sample->fields, sample->field_count, facts);
}
