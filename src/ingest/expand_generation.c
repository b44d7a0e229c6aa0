/* A tracked generation: section 2 of the contract. */
#include <math.h>
#include <string.h>

#include "catalog/api_errors.h"
#include "catalog/fields.h"
#include "ingest/expand_internal.h"
#include "ingest/numbers.h"

struct generation {
    struct afmon_record_generation record;
    struct afmon_text model;
    struct afmon_text finish;
    struct afmon_text error;
    struct afmon_text error_type;
    double tokens[3];
    double numbers[AFMON_CALL_NUMBERS];
    uint32_t number_count;
    bool success; /* or not known */
    bool has_error;
    /* of a failure: */
    struct afmon_text known_type;
    int status;
    bool is_api_error;
};

static bool parse(struct generation *call, struct afmon_expansion *expansion, const unsigned char *at)
{
    memcpy(&call->record, at, sizeof call->record);
    at += sizeof call->record;
    call->number_count = afmon_call_numbers_count(call->record.head.flags);
    memcpy(call->numbers, at, call->number_count * sizeof(double));
    at += call->number_count * sizeof(double);
    call->model = afmon_text_take(&at, call->record.model_length);
    call->finish = afmon_text_take(&at, call->record.finish_length);
    call->error = afmon_text_take(&at, call->record.error_length);
    call->error_type = afmon_text_take(&at, call->record.error_type_length);
    call->tokens[0] = call->record.prompt_tokens;
    call->tokens[1] = call->record.completion_tokens;
    call->tokens[2] = call->record.total_tokens;
    call->success = (call->record.head.flags & (AFMON_TRACK_SUCCESS | AFMON_TRACK_UNKNOWN)) != 0;
    call->has_error = call->error.length > 0;
    call->known_type = call->error_type;
    call->status = call->record.http_status;
    call->is_api_error = false;
    return afmon_expand_fields(expansion, at, call->record.fields_length);
}

/* The last text of a key among the call's metadata. */
static struct afmon_text text_field(const struct afmon_expansion *expansion, const char *key)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(expansion->fields, expansion->fields_length);
    struct afmon_text text = {0};
    size_t length = strlen(key);
    afmon_field field;
    while (afmon_field_walk_next(&walk, &field))
        if (field.type == AFMON_STRING && field.key_length == length && memcmp(field.key, key, length) == 0)
            text = (struct afmon_text){field.as.text.data, field.as.text.length};
    return text;
}

/* The same as the recording thread saw (is_of_api in record.c): the type of the error may have come among the
 * metadata, as afterimage's generators hand it over. */
static void look_at_failure(struct generation *call, const struct afmon_expansion *expansion)
{
    if (call->success && !call->has_error)
        return;
    struct afmon_text type = call->error_type.data != NULL ? call->error_type : text_field(expansion, "error_type");
    struct afmon_text operation = text_field(expansion, "operation");
    const struct afmon_failure failure = {.status = call->record.http_status,
                                          .error_type = type.data,
                                          .error_type_length = type.length,
                                          .error = call->error.data,
                                          .error_length = call->error.length,
                                          .operation = operation.data,
                                          .operation_length = operation.length};
    call->known_type = type;
    call->status = afmon_failure_status(&failure);
    call->is_api_error = afmon_failure_is_of_api(&failure);
}

static bool emit_error_rate(struct afmon_expansion *expansion, const struct generation *call)
{
    struct afmon_buffer *packed = afmon_packed_begin(expansion);
    if (call->has_error)
        afmon_pack_text(packed, "error", call->error);
    afmon_pack_text(packed, "error_type", call->known_type);
    if (call->status != 0)
        afmon_pack_one(packed, afmon_int("status", call->status));
    return afmon_packed_end(expansion) &&
           afmon_emit(expansion, "error_rate", call->has_error ? 1.0 : 0.0, packed->data, packed->length);
}

static bool emit_api_error(struct afmon_expansion *expansion, const struct generation *call)
{
    if (!call->is_api_error)
        return true;
    struct afmon_buffer *packed = afmon_packed_begin(expansion);
    afmon_pack_text(packed, "error_type", call->known_type);
    if (call->status != 0)
        afmon_pack_one(packed, afmon_int("status", call->status));
    return afmon_packed_end(expansion) && afmon_emit(expansion, "api_errors", 1.0, packed->data, packed->length);
}

static double success_rate(const struct generation *call)
{
    if ((call->record.head.flags & AFMON_TRACK_UNKNOWN) != 0)
        return NAN;
    return call->success ? 1.0 : 0.0;
}

static bool emit_numbers(struct afmon_expansion *expansion, const struct generation *call)
{
    const struct afmon_buffer *common = &expansion->expander->common;
    for (uint32_t i = 0; i < call->number_count; i++) {
        const char *name = afmon_call_number_name(call->record.head.flags, i);
        if (!afmon_emit(expansion, name, call->numbers[i], common->data, common->length))
            return false;
    }
    return true;
}

static bool emit_samples(struct afmon_expansion *expansion, const struct generation *call)
{
    if (!afmon_expand_common(expansion, call->model))
        return false;
    const void *fields = expansion->expander->common.data;
    size_t length = expansion->expander->common.length;
    return afmon_emit(expansion, "generation_time", call->record.duration_s, fields, length) &&
           afmon_emit(expansion, "success_rate", success_rate(call), fields, length) &&
           emit_error_rate(expansion, call) && emit_api_error(expansion, call) &&
           (call->model.data == NULL ||
            afmon_emit_named(expansion, "model_usage:", call->model, 1.0, fields, length)) &&
           (call->finish.data == NULL ||
            afmon_emit_named(expansion, "finish_reason:", call->finish, 1.0, fields, length)) &&
           afmon_emit_tokens(expansion, call->record.head.flags, call->tokens) && emit_numbers(expansion, call) &&
           ((call->record.head.flags & AFMON_TRACK_LENGTH) == 0 ||
            afmon_emit(expansion, "conversation_length", call->record.conversation_length, fields, length));
}

bool afmon_expand_generation(struct afmon_expansion *expansion, const unsigned char *record)
{
    struct generation call;
    if (!parse(&call, expansion, record))
        return false;
    look_at_failure(&call, expansion);
    if (!emit_samples(expansion, &call))
        return false;
    struct afmon_buffer *data = &expansion->expander->data;
    afmon_data_begin(expansion, call.record.duration_s, call.record.head.flags);
    afmon_data_tokens(expansion, call.record.head.flags, call.tokens);
    for (uint32_t i = 0; i < call.number_count; i++)
        afmon_pack_one(data, afmon_double(afmon_call_number_name(call.record.head.flags, i), call.numbers[i]));
    afmon_pack_text(data, "model_name", call.model);
    afmon_pack_text(data, "finish_reason", call.finish);
    if ((call.record.head.flags & AFMON_TRACK_LENGTH) != 0)
        afmon_pack_one(data, afmon_double("conversation_length", call.record.conversation_length));
    afmon_pack_text(data, "error", call.error);
    afmon_pack_text(data, "error_type", call.error_type);
    if (call.status != 0)
        afmon_pack_one(data, afmon_int("http_status", call.status));
    return afmon_data_emit(expansion, "Generation metrics");
}
