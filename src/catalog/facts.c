#include "catalog/facts.h"

#include <string.h>

#include "catalog/bare.h"
#include "catalog/item_id.h"

#define TEXT(text) (text), sizeof(text) - 1

void afmon_sample_look_at_name(const char *metric, size_t metric_length, struct afmon_sample_facts *facts)
{
    facts->kind = afmon_metric_find(metric, metric_length, &facts->name);
}

static bool is(const char *text, size_t length, const char *word, size_t word_length)
{
    return length == word_length && memcmp(text, word, length) == 0;
}

static struct afmon_piece text_of(const afmon_field *field)
{
    if (field->type != AFMON_STRING || field->as.text.data == NULL)
        return (struct afmon_piece){0};
    return (struct afmon_piece){field->as.text.data, field->as.text.length, true};
}

static struct afmon_piece *text_for(struct afmon_sample_facts *facts, const char *key, size_t length)
{
    if (is(key, length, TEXT("operation")))
        return &facts->operation;
    if (is(key, length, TEXT("component")))
        return &facts->component;
    if (is(key, length, TEXT("error_type")))
        return &facts->error_type;
    if (is(key, length, TEXT("cause")))
        return &facts->cause;
    if (is(key, length, TEXT("model_name")))
        return &facts->model_name;
    if (is(key, length, TEXT("evaluator_type")))
        return &facts->evaluator_type;
    if (is(key, length, TEXT("kind")))
        return &facts->item_kind;
    if (is(key, length, TEXT("outcome")))
        return &facts->outcome;
    if (is(key, length, TEXT("reason")))
        return &facts->reason;
    if (is(key, length, TEXT(AFMON_ITEM_KEY)))
        return &facts->item_id;
    return is(key, length, TEXT("error")) ? &facts->error : NULL;
}

static void take_value(const afmon_field *field, const char *key, size_t length, struct afmon_sample_facts *facts)
{
    if (is(key, length, TEXT("retried"))) {
        facts->retried = field->type == AFMON_BOOL && field->as.boolean;
    } else if (is(key, length, TEXT("success"))) {
        facts->has_success = field->type == AFMON_BOOL;
        facts->unsuccessful = facts->has_success && !field->as.boolean;
    } else if (is(key, length, TEXT("status"))) {
        facts->has_status = field->type == AFMON_INT;
        facts->status = facts->has_status ? field->as.integer : 0;
    } else if (is(key, length, TEXT("attempt"))) {
        facts->attempt = field->type == AFMON_INT ? field->as.integer : 0;
    } else if (is(key, length, TEXT("attempts"))) {
        facts->attempts = field->type == AFMON_INT ? field->as.integer : 0;
    }
}

void afmon_sample_look_at_fields(const afmon_field *fields, size_t count, struct afmon_sample_facts *facts)
{
    for (size_t i = 0; i < count; i++) {
        const afmon_field *field = &fields[i];
        size_t length = field->key_length > 0 ? field->key_length : strlen(field->key);
        struct afmon_piece *text = text_for(facts, field->key, length);
        if (text != NULL)
            *text = text_of(field);
        else
            take_value(field, field->key, length, facts);
    }
    facts->bare = afmon_fields_are_bare(fields, count);
}

void afmon_sample_look(const afmon_sample *sample, struct afmon_sample_facts *facts)
{
    *facts = (struct afmon_sample_facts){0};
    afmon_sample_look_at_name(sample->metric, sample->metric_length, facts);
    if (facts->kind != AFMON_METRIC_OTHER)
        afmon_sample_look_at_fields(sample->fields, sample->field_count, facts);
}
