#include "meters/labels.h"

#include <string.h>

#include "base/number.h"
#include "catalog/bare.h"

#define TEXT(literal)                                                                                                  \
    (struct afmon_label_text)                                                                                          \
    {                                                                                                                  \
        literal, sizeof literal - 1                                                                                    \
    }

static bool is(struct afmon_label_text text, const char *word)
{
    size_t length = strlen(word);
    return text.length == length && memcmp(text.data, word, length) == 0;
}

static struct afmon_label_text text_of(const afmon_field *field)
{
    if (field->type != AFMON_STRING)
        return (struct afmon_label_text){0};
    return (struct afmon_label_text){field->as.text.data, field->as.text.length};
}

static struct afmon_label_text truth_of(const afmon_field *field)
{
    if (field->type != AFMON_BOOL)
        return (struct afmon_label_text){0};
    return field->as.boolean ? TEXT("true") : TEXT("false");
}

static void take_status(struct afmon_meter_labels *labels, const afmon_field *field)
{
    labels->status = text_of(field);
    if (field->type == AFMON_INT)
        labels->status =
            (struct afmon_label_text){labels->status_text, afmon_format_int(labels->status_text, field->as.integer)};
}

static void take(struct afmon_meter_labels *labels, const afmon_field *field)
{
    struct afmon_label_text key = {field->key, field->key_length != 0 ? field->key_length : strlen(field->key)};
    if (is(key, "operation"))
        labels->operation = text_of(field);
    else if (is(key, "model_name"))
        labels->model = text_of(field);
    else if (is(key, "error_type"))
        labels->error_type = text_of(field);
    else if (is(key, "evaluator_type"))
        labels->evaluator = text_of(field);
    else if (is(key, "success"))
        labels->success = truth_of(field);
    else if (is(key, "status"))
        take_status(labels, field);
    else if (is(key, "retried"))
        labels->retried = truth_of(field);
    else if (is(key, "provider") || is(key, "provider_name"))
        labels->provider = text_of(field);
}

/* A value that the conventions know must be used where it applies. What the generators do is chat with a model, under
 * whatever name, but for a conversation, which is made of such calls. */
static struct afmon_label_text conventional(struct afmon_label_text operation)
{
    static const char *const own[] = {"conversation_generation",
                                      "embeddings",
                                      "generate_content",
                                      "text_completion",
                                      "execute_tool",
                                      "create_agent",
                                      "invoke_agent",
                                      "retrieval"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (is(operation, own[i]))
            return operation;
    return TEXT("chat");
}

void afmon_meter_labels_of(struct afmon_meter_labels *labels, const afmon_sample *sample)
{
    memset(labels, 0, offsetof(struct afmon_meter_labels, status_text));
    for (size_t i = 0; i < sample->field_count; i++)
        take(labels, &sample->fields[i]);
    labels->bare = afmon_fields_are_bare(sample->fields, sample->field_count);
    labels->operation_name = conventional(labels->operation);
    if (labels->provider.length == 0)
        labels->provider = TEXT("unknown");
}
