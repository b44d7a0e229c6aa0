#include "base/json_check.h"
#include "base/number.h"
#include "catalog/fields.h"
#include "store/reader_internal.h"
#include "store/reader_text.h"

static bool begins_with(const char *at, const char *end, const char *text, size_t length)
{
    return (size_t)(end - at) >= length && memcmp(at, text, length) == 0;
}

bool afmon_is_own_key(const char *key, size_t length)
{
    return (length == 6 && memcmp(key, "metric", 6) == 0) || (length == 5 && memcmp(key, "value", 5) == 0) ||
           (length == 9 && memcmp(key, "timestamp", 9) == 0);
}

static const char *read_string(const char *at, const char *end, struct afmon_metadata_item *item)
{
    const char *close = afmon_json_string_end(at + 1, end, &item->value_escaped);
    if (close == NULL)
        return NULL;
    item->type = AFMON_STRING;
    item->value = at + 1;
    item->value_length = (size_t)(close - item->value);
    return close + 1;
}

/* The end of an array or object; a later check finds out whether it is a good one. */
static const char *nested_end(const char *at, const char *end)
{
    size_t depth = 0;
    bool escaped = false;
    for (; at < end; at++) {
        if (*at == '"')
            at = afmon_json_string_end(at + 1, end, &escaped);
        if (at == NULL)
            return NULL;
        if (*at == '[' || *at == '{')
            depth++;
        else if ((*at == ']' || *at == '}') && --depth == 0)
            return at + 1;
    }
    return NULL;
}

static const char *read_nested(const char *at, const char *end, struct afmon_metadata_item *item)
{
    const char *after = nested_end(at, end);
    if (after == NULL || !afmon_json_valid(at, (size_t)(after - at)))
        return NULL;
    item->type = AFMON_JSON;
    item->value = at;
    item->value_length = (size_t)(after - at);
    return after;
}

static const char *read_number(const char *at, const char *end, struct afmon_metadata_item *item)
{
    const char *after = at;
    bool whole = true;
    for (; after < end && *after != ','; after++)
        whole &= *after == '-' || (*after >= '0' && *after <= '9');
    size_t length = (size_t)(after - at);
    if (whole && afmon_parse_int(at, length, &item->integer))
        item->type = AFMON_INT;
    else if (afmon_parse_double(at, length, &item->number))
        item->type = AFMON_DOUBLE;
    else
        return NULL;
    return after;
}

static const char *read_value(const char *at, const char *end, struct afmon_metadata_item *item)
{
    if (at == end)
        return NULL;
    switch (*at) {
    case '"':
        return read_string(at, end, item);
    case '[':
    case '{':
        return read_nested(at, end, item);
    case 't':
    case 'f':
        item->type = AFMON_BOOL;
        item->integer = *at == 't';
        if (*at == 't')
            return begins_with(at, end, "true", 4) ? at + 4 : NULL;
        return begins_with(at, end, "false", 5) ? at + 5 : NULL;
    case 'n':
        item->type = AFMON_NULL;
        return begins_with(at, end, "null", 4) ? at + 4 : NULL;
    default:
        return read_number(at, end, item);
    }
}

const char *afmon_metadata_next(const char *at, const char *end, struct afmon_metadata_item *item)
{
    if (at == end || *at != '"')
        return NULL;
    *item = (struct afmon_metadata_item){.key = at + 1};
    const char *close = afmon_json_string_end(at + 1, end, &item->key_escaped);
    if (close == NULL || !begins_with(close, end, "\": ", 3))
        return NULL;
    item->key_length = (size_t)(close - item->key);
    at = read_value(close + 3, end, item);
    return at != NULL && begins_with(at, end, ", ", 2) ? at + 2 : NULL;
}

bool afmon_reader_add_field(struct afmon_reader *reader, afmon_field field)
{
    if (afmon_key_is_escaped(field.key, field.key_length, AFMON_LINE_METRIC)) {
        field.key++;
        field.key_length--;
    }
    size_t size = afmon_fields_packed_size(&field, 1);
    if (size == SIZE_MAX || !afmon_buffer_reserve(&reader->packed, size))
        return false;
    afmon_fields_pack((unsigned char *)afmon_buffer_end(&reader->packed), &field, 1);
    reader->packed.length += size;
    return true;
}

/* Straight to where it belongs, for it may be a whole conversation. */
bool afmon_reader_add_raw(struct afmon_reader *reader, afmon_field field, const char *raw, size_t length)
{
    struct afmon_buffer *packed = &reader->packed;
    size_t begin = packed->length;
    field.as.text.data = "";
    field.as.text.length = 0;
    if (!afmon_buffer_reserve(packed, AFMON_FIELD_HEADER + field.key_length + length) ||
        !afmon_reader_add_field(reader, field))
        return false;
    size_t value = packed->length;
    afmon_json_unescape(packed, raw, length);
    if (packed->failed)
        return false;
    afmon_field_set_length((unsigned char *)packed->data + begin, packed->length - value);
    return true;
}
