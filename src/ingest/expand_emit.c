/* What the expansion of both tracked calls is made of: texts, packed fields, samples, the data of the log record. */
#include <string.h>

#include "base/text.h"
#include "catalog/fields.h"
#include "ingest/expand_internal.h"

struct afmon_text afmon_text_take(const unsigned char **at, uint32_t length)
{
    struct afmon_text text = {.data = (const char *)*at, .length = length};
    if (length == AFMON_TEXT_ABSENT)
        return (struct afmon_text){0};
    *at += length;
    return text;
}

void afmon_pack_one(struct afmon_buffer *out, afmon_field field)
{
    size_t size = afmon_fields_packed_size(&field, 1);
    if (size != SIZE_MAX && afmon_buffer_reserve(out, size)) {
        afmon_fields_pack((unsigned char *)afmon_buffer_end(out), &field, 1);
        out->length += size;
    }
}

void afmon_pack_text(struct afmon_buffer *out, const char *key, struct afmon_text text)
{
    if (text.data != NULL)
        afmon_pack_one(out, afmon_string_n(key, text.data, text.length));
}

bool afmon_expand_fields(struct afmon_expansion *expansion, const void *packed, size_t length)
{
    expansion->fields = expansion->given = packed;
    expansion->fields_length = expansion->given_length = length;
    return afmon_item_id_take(&expansion->fields, &expansion->fields_length, &expansion->expander->rest,
                              &expansion->item, expansion->digits);
}

bool afmon_expand_common(struct afmon_expansion *expansion, struct afmon_text model)
{
    struct afmon_buffer *common = &expansion->expander->common;
    afmon_buffer_clear(common);
    afmon_pack_text(common, "model_name", model);
    expansion->model_length = common->length;
    afmon_buffer_add(common, expansion->fields, expansion->fields_length);
    return !common->failed;
}

struct afmon_buffer *afmon_packed_begin(struct afmon_expansion *expansion)
{
    struct afmon_buffer *packed = &expansion->expander->packed;
    afmon_buffer_clear(packed);
    afmon_buffer_add(packed, expansion->expander->common.data, expansion->model_length);
    return packed;
}

bool afmon_packed_end(struct afmon_expansion *expansion)
{
    struct afmon_buffer *packed = &expansion->expander->packed;
    afmon_buffer_add(packed, expansion->fields, expansion->fields_length);
    return !packed->failed;
}

bool afmon_emit(struct afmon_expansion *expansion, const char *name, double value, const void *packed, size_t length)
{
    struct afmon_expanded_sample sample = {.name = name,
                                           .name_length = (uint32_t)strlen(name),
                                           .packed = packed,
                                           .packed_length = (uint32_t)length,
                                           .value = value,
                                           .item = expansion->item};
    return expansion->sink->sample(expansion->sink->user, &sample, expansion->boot_ns);
}

bool afmon_emit_named(struct afmon_expansion *expansion, const char *prefix, struct afmon_text rest, double value,
                      const void *packed, size_t length)
{
    struct afmon_buffer *name = &expansion->expander->name;
    afmon_buffer_clear(name);
    afmon_buffer_add_text(name, prefix);
    afmon_buffer_add(name, rest.data, rest.length);
    struct afmon_expanded_sample sample = {.name = name->data,
                                           .name_length = (uint32_t)name->length,
                                           .packed = packed,
                                           .packed_length = (uint32_t)length,
                                           .value = value,
                                           .item = expansion->item};
    return !name->failed && expansion->sink->sample(expansion->sink->user, &sample, expansion->boot_ns);
}

bool afmon_emit_tokens(struct afmon_expansion *expansion, uint16_t flags, const double tokens[3])
{
    static const struct {
        const char *name;
        uint16_t flag;
    } series[3] = {{"prompt_token_count", AFMON_TRACK_PROMPT},
                   {"completion_token_count", AFMON_TRACK_COMPLETION},
                   {"total_token_count", AFMON_TRACK_TOTAL}};
    const struct afmon_buffer *common = &expansion->expander->common;
    for (int i = 0; i < 3; i++) {
        if ((flags & series[i].flag) != 0 &&
            !afmon_emit(expansion, series[i].name, tokens[i], common->data, common->length))
            return false;
    }
    return true;
}

afmon_field afmon_success_field(uint16_t flags)
{
    if ((flags & AFMON_TRACK_UNKNOWN) != 0)
        return (afmon_field){.key = "success", .type = AFMON_NULL};
    return afmon_bool("success", (flags & AFMON_TRACK_SUCCESS) != 0);
}

/* Adds what every tracked call's data begins with. */
void afmon_data_begin(struct afmon_expansion *expansion, double duration_s, uint16_t flags)
{
    struct afmon_buffer *data = &expansion->expander->data;
    char text[AFMON_TIMESTAMP_SIZE];
    size_t length = afmon_format_timestamp(text, expansion->boot_ns + expansion->wall_offset_ns);
    afmon_buffer_clear(data);
    afmon_pack_one(data, afmon_string_n("timestamp", text, length));
    afmon_pack_one(data, afmon_double("duration", duration_s));
    afmon_pack_one(data, afmon_success_field(flags));
}

void afmon_data_tokens(struct afmon_expansion *expansion, uint16_t flags, const double tokens[3])
{
    struct afmon_buffer *data = &expansion->expander->data;
    if ((flags & AFMON_TRACK_PROMPT) != 0)
        afmon_pack_one(data, afmon_double("prompt_token_count", tokens[0]));
    if ((flags & AFMON_TRACK_COMPLETION) != 0)
        afmon_pack_one(data, afmon_double("completion_token_count", tokens[1]));
    if ((flags & AFMON_TRACK_TOTAL) != 0)
        afmon_pack_one(data, afmon_double("total_token_count", tokens[2]));
}

bool afmon_data_emit(struct afmon_expansion *expansion, const char *message)
{
    struct afmon_buffer *data = &expansion->expander->data;
    struct afmon_buffer *text = &expansion->expander->text;
    afmon_buffer_add(data, expansion->given, expansion->given_length);
    afmon_buffer_clear(text);
    afmon_buffer_add_char(text, '{');
    /* nothing is reserved inside the object, so the keys stay as they are */
    afmon_fields_render(text, data->data, data->length, AFMON_LINE_DATA);
    if (text->length > 1)
        text->length -= 2; /* the last ", " */
    afmon_buffer_add_char(text, '}');
    if (data->failed || text->failed)
        return false;
    afmon_field field = {.key = "data", .key_length = 4, .type = AFMON_JSON};
    field.as.text.data = text->data;
    field.as.text.length = text->length;
    afmon_buffer_clear(data);
    afmon_pack_one(data, field);
    struct afmon_expanded_log log = {.message = message,
                                     .message_length = strlen(message),
                                     .level = AFMON_INFO,
                                     .packed = data->data,
                                     .packed_length = data->length};
    return !data->failed && expansion->sink->log(expansion->sink->user, &log, expansion->boot_ns);
}
