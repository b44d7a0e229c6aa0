#include <string.h>

#include "base/json_check.h"
#include "base/number.h"
#include "base/text.h"
#include "catalog/field_list.h"

static bool equals(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

/* How many '_' stand before a name that lines of this kind use themselves; -1 where the key is no such thing. */
static ptrdiff_t underscores_before_own_name(const char *key, size_t length, enum afmon_line_kind kind)
{
    if (kind == AFMON_LINE_DATA)
        return -1;
    size_t count = 0;
    while (count < length && key[count] == '_')
        count++;
    const char *name = key + count;
    size_t left = length - count;
    bool own;
    if (kind == AFMON_LINE_LOG)
        own = equals(name, left, "message") || equals(name, left, "level");
    else
        own = equals(name, left, "metric") || equals(name, left, "value") || equals(name, left, "timestamp") ||
              (kind == AFMON_LINE_TABLE && equals(name, left, "metric_name"));
    return own ? (ptrdiff_t)count : -1;
}

bool afmon_key_is_taken(const char *key, size_t length, enum afmon_line_kind kind)
{
    return underscores_before_own_name(key, length, kind) >= 0;
}

bool afmon_key_is_escaped(const char *key, size_t length, enum afmon_line_kind kind)
{
    return underscores_before_own_name(key, length, kind) > 0;
}

static void render_key(struct afmon_buffer *buffer, const afmon_field *field, enum afmon_line_kind kind)
{
    if (!afmon_key_is_taken(field->key, field->key_length, kind)) {
        afmon_buffer_add_json_string(buffer, field->key, field->key_length);
        return;
    }
    afmon_buffer_add_text(buffer, "\"_"); /* the rest is underscores and letters */
    afmon_buffer_add(buffer, field->key, field->key_length);
    afmon_buffer_add_char(buffer, '"');
}

static void render_int(struct afmon_buffer *buffer, int64_t value)
{
    if (afmon_buffer_reserve(buffer, AFMON_NUMBER_SIZE))
        buffer->length += afmon_format_int(afmon_buffer_end(buffer), value);
}

static void render_double(struct afmon_buffer *buffer, double value)
{
    if (afmon_buffer_reserve(buffer, AFMON_NUMBER_SIZE))
        buffer->length += afmon_format_double(afmon_buffer_end(buffer), value);
}

/* Whatever a stranger logs as JSON, a line stays one line and the object around it whole. */
static bool fits_in_a_line(const char *text, size_t length)
{
    if (length == 0 || memchr(text, '\n', length) != NULL || memchr(text, '\r', length) != NULL)
        return false;
    return afmon_json_valid(text, length);
}

static void render_value(struct afmon_buffer *buffer, const afmon_field *field)
{
    switch (field->type) {
    case AFMON_NULL:
        afmon_buffer_add_text(buffer, "null");
        return;
    case AFMON_INT:
        render_int(buffer, field->as.integer);
        return;
    case AFMON_DOUBLE:
        render_double(buffer, field->as.number);
        return;
    case AFMON_BOOL:
        afmon_buffer_add_text(buffer, field->as.boolean ? "true" : "false");
        return;
    case AFMON_JSON:
        if (fits_in_a_line(field->as.text.data, field->as.text.length)) {
            afmon_buffer_add(buffer, field->as.text.data, field->as.text.length);
            return;
        }
        break;
    case AFMON_STRING:
        break;
    }
    afmon_buffer_add_json_string(buffer, field->as.text.data, field->as.text.length);
}

void afmon_field_list_render(const struct afmon_field_list *list, struct afmon_buffer *buffer,
                             enum afmon_line_kind kind)
{
    size_t start = buffer->length;
    for (size_t i = 0; i < list->count; i++) {
        render_key(buffer, &list->fields[i], kind);
        afmon_buffer_add_text(buffer, ": ");
        render_value(buffer, &list->fields[i]);
        afmon_buffer_add_text(buffer, ", ");
    }
    if (buffer->failed)
        buffer->length = start;
}

void afmon_fields_render(struct afmon_buffer *buffer, const void *packed, size_t length, enum afmon_line_kind kind)
{
    struct afmon_field_list list;
    if (!afmon_field_list_read(&list, packed, length)) {
        buffer->failed = true;
        return;
    }
    afmon_field_list_render(&list, buffer, kind);
    afmon_field_list_free(&list);
}
