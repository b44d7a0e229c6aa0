/* The sure way: any JSON object, through jansson. */
#include "lazy/json.h"
#include <math.h>

#include "base/json_check.h"
#include "base/micros.h"
#include "base/number.h"
#include "base/text.h"
#include "catalog/fields.h"
#include "store/reader_internal.h"
#include "store/reader_text.h"

static bool add_value(struct afmon_reader *reader, const json_t *value);

static void add_number(struct afmon_buffer *buffer, const json_t *value)
{
    if (!afmon_buffer_reserve(buffer, AFMON_NUMBER_SIZE))
        return;
    char *out = afmon_buffer_end(buffer);
    buffer->length += json_is_integer(value) ? afmon_format_int(out, json_integer_value(value))
                                             : afmon_format_double(out, json_real_value(value));
}

static const struct afmon_aside *aside_of(const struct afmon_reader *reader, const json_t *string)
{
    return afmon_aside_of(&reader->asides, json_string_value(string), json_string_length(string));
}

static void add_string(struct afmon_reader *reader, const json_t *string)
{
    const struct afmon_aside *aside = aside_of(reader, string);
    if (aside != NULL)
        afmon_aside_add_json(&reader->asides, aside, &reader->packed);
    else
        afmon_buffer_add_json_string(&reader->packed, json_string_value(string), json_string_length(string));
}

static void add_array(struct afmon_reader *reader, const json_t *array)
{
    afmon_buffer_add_char(&reader->packed, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            afmon_buffer_add_text(&reader->packed, ", ");
        add_value(reader, json_array_get(array, i));
    }
    afmon_buffer_add_char(&reader->packed, ']');
}

static void add_object(struct afmon_reader *reader, json_t *object)
{
    const char *key;
    json_t *value;
    const char *separator = "";
    struct afmon_buffer *out = &reader->packed;
    afmon_buffer_add_char(out, '{');
    json_object_foreach(object, key, value)
    {
        afmon_buffer_add_text(out, separator);
        afmon_buffer_add_json_string(out, key, strlen(key));
        afmon_buffer_add_text(out, ": ");
        add_value(reader, value);
        separator = ", ";
    }
    afmon_buffer_add_char(out, '}');
}

/* Adds a value as JSON text to what is packed. Not json_dumps: that prints doubles with 17 digits. jansson has bounded
 * the depth. */
static bool add_value(struct afmon_reader *reader, const json_t *value)
{
    struct afmon_buffer *out = &reader->packed;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(reader, (json_t *)(uintptr_t)value); /* jansson's iteration wants it writable, and writes nothing */
        break;
    case JSON_ARRAY:
        add_array(reader, value);
        break;
    case JSON_STRING:
        add_string(reader, value);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        add_number(out, value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        afmon_buffer_add_text(out, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        afmon_buffer_add_text(out, "null");
        break;
    }
    return !out->failed;
}

static bool add_text_field(struct afmon_reader *reader, afmon_field field, const json_t *string)
{
    const struct afmon_aside *aside = aside_of(reader, string);
    field.type = AFMON_STRING;
    if (aside != NULL)
        return afmon_reader_add_raw(reader, field, aside->raw, aside->length);
    field.as.text.data = json_string_value(string);
    field.as.text.length = json_string_length(string);
    return afmon_reader_add_field(reader, field);
}

/* An array or object, written straight to where it belongs. */
static bool add_nested_field(struct afmon_reader *reader, afmon_field field, const json_t *value)
{
    size_t begin = reader->packed.length;
    field.type = AFMON_JSON;
    field.as.text.data = "";
    if (!afmon_reader_add_field(reader, field))
        return false;
    size_t text = reader->packed.length;
    if (!add_value(reader, value))
        return false;
    afmon_field_set_length((unsigned char *)reader->packed.data + begin, reader->packed.length - text);
    return true;
}

static bool add_field(struct afmon_reader *reader, const char *key, const json_t *value)
{
    afmon_field field = {.key = key, .key_length = strlen(key)};
    switch (json_typeof(value)) {
    case JSON_STRING:
        return add_text_field(reader, field, value);
    case JSON_OBJECT:
    case JSON_ARRAY:
        return add_nested_field(reader, field, value);
    case JSON_INTEGER:
        field.type = AFMON_INT;
        field.as.integer = json_integer_value(value);
        break;
    case JSON_REAL:
        field.type = AFMON_DOUBLE;
        field.as.number = json_real_value(value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        field.type = AFMON_BOOL;
        field.as.boolean = json_is_true(value);
        break;
    case JSON_NULL:
        field.type = AFMON_NULL;
        break;
    }
    return afmon_reader_add_field(reader, field);
}

/* An item's id that is kept apart. */
static bool is_item(const struct afmon_reader *reader, const char *key, const json_t *value)
{
    if (!afmon_is_item_key(key, strlen(key)))
        return false;
    return json_is_integer(value) || (json_is_string(value) && aside_of(reader, value) == NULL &&
                                      afmon_item_id_is_plain(json_string_value(value), json_string_length(value)));
}

bool afmon_pack_object(struct afmon_reader *reader)
{
    const char *key;
    json_t *value;
    json_object_foreach(reader->object, key, value)
    {
        bool apart = afmon_is_own_key(key, strlen(key)) || is_item(reader, key, value);
        if (!apart && !add_field(reader, key, value))
            return false;
    }
    return true;
}

void afmon_forget_object(struct afmon_reader *reader)
{
    if (reader->object != NULL) /* jansson may not be open where there is none */
        json_decref(reader->object);
    reader->object = NULL;
}

static const char *read_name(struct afmon_reader *reader, const json_t *name, struct afmon_read_sample *sample)
{
    if (!json_is_string(name))
        return name == NULL ? "no metric name" : "the metric's name is not a text";
    const struct afmon_aside *aside = aside_of(reader, name);
    afmon_buffer_clear(&reader->name);
    if (aside != NULL)
        afmon_json_unescape(&reader->name, aside->raw, aside->length);
    else
        afmon_buffer_add(&reader->name, json_string_value(name), json_string_length(name));
    sample->name = reader->name.length > 0 ? reader->name.data : "";
    sample->name_length = reader->name.length;
    return NULL;
}

static const char *read_number(const json_t *value, double *number)
{
    if (value == NULL)
        return "no value";
    switch (json_typeof(value)) {
    case JSON_NULL:
        *number = (double)NAN;
        return NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        *number = json_is_true(value) ? 1 : 0;
        return NULL;
    case JSON_INTEGER:
    case JSON_REAL:
        *number = json_number_value(value);
        return NULL;
    default:
        return "the value is not a number";
    }
}

static const char *read_time(const json_t *time, struct afmon_read_sample *sample)
{
    int64_t ns;
    int64_t again_ns;
    if (time == NULL)
        return "no timestamp";
    if (!json_is_string(time) || !afmon_parse_time(json_string_value(time), json_string_length(time), &ns, &again_ns))
        return "the timestamp is not a time";
    if (ns < INT64_MIN + 1000) /* whole microseconds before it are not a number of nanoseconds any more */
        return "the timestamp is not a time";
    sample->wall_us = afmon_ns_to_us(ns);
    sample->again_us = again_ns / 1000; /* whole seconds */
    return NULL;
}

static void read_item(struct afmon_reader *reader, const json_t *value, struct afmon_read_sample *sample)
{
    if (value == NULL || !is_item(reader, AFMON_ITEM_KEY, value))
        return;
    sample->item.is_number = json_is_integer(value);
    if (sample->item.is_number) {
        sample->item.text = reader->item_digits;
        sample->item.length = (uint32_t)afmon_format_int(reader->item_digits, json_integer_value(value));
    } else {
        sample->item.text = json_string_value(value);
        sample->item.length = (uint32_t)json_string_length(value);
    }
}

static afmon_status read_members(struct afmon_reader *reader, struct afmon_read_sample *sample, const char **why)
{
    const json_t *object = reader->object;
    *why = read_name(reader, json_object_get(object, "metric"), sample);
    if (*why == NULL)
        *why = read_number(json_object_get(object, "value"), &sample->value);
    if (*why == NULL)
        *why = read_time(json_object_get(object, "timestamp"), sample);
    if (*why != NULL)
        return AFMON_E_FORMAT;
    read_item(reader, json_object_get(object, AFMON_ITEM_KEY), sample);
    return reader->name.failed ? AFMON_E_NO_MEMORY : AFMON_OK;
}

static const char *reason(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_null_byte_in_key:
        return "a key holds a NUL";
    case json_error_premature_end_of_input:
        return "the JSON object is not complete";
    case json_error_stack_overflow:
        return "nested too deep";
    default:
        return "not a JSON object";
    }
}

/* Where memory is short jansson says nothing, or takes the token that it had no memory for to be wrong: what is JSON by
 * a check that needs no memory cannot be that. */
static bool is_out_of_memory(const json_error_t *error, const char *text, size_t length)
{
    return error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory ||
           afmon_json_valid(text, length);
}

/* Parses a text; NULL with *why, which is NULL for lack of memory. Whatever is JSON is taken here, so that the check
 * above means the same. */
static json_t *load_text(const char *text, size_t length, const char **why)
{
    json_error_t error = {0};
    json_t *value = json_loadb(text, length, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (value == NULL)
        *why = is_out_of_memory(&error, text, length) ? NULL : reason(&error);
    return value;
}

/* The line as it is, or repaired, without its long texts. */
static json_t *load(struct afmon_reader *reader, const char *line, size_t length, const char **why)
{
    if (!afmon_asides_take(&reader->asides, &line, &length)) {
        *why = NULL;
        return NULL;
    }
    json_t *value = load_text(line, length, why);
    if (value != NULL || *why == NULL)
        return value;
    const char *why_still;
    afmon_buffer_clear(&reader->repaired);
    if (afmon_repair_line(&reader->repaired, line, length)) {
        value = load_text(reader->repaired.data, reader->repaired.length, &why_still);
        if (value == NULL && why_still == NULL)
            *why = NULL;
    }
    if (reader->repaired.failed)
        *why = NULL;
    return value;
}

afmon_status afmon_read_object(struct afmon_reader *reader, const char *line, size_t length,
                               struct afmon_read_sample *sample, const char **why)
{
    *why = "it can be read by jansson alone, which cannot be opened";
    if (afmon_lazy_open(AFMON_LAZY_JSON, NULL) != AFMON_OK)
        return AFMON_E_FORMAT;
    afmon_forget_object(reader);
    reader->object = load(reader, line, length, why);
    if (reader->object == NULL)
        return *why != NULL ? AFMON_E_FORMAT : AFMON_E_NO_MEMORY;
    *why = "not a JSON object";
    return json_is_object(reader->object) ? read_members(reader, sample, why) : AFMON_E_FORMAT;
}
