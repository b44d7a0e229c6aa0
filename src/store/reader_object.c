/* The sure way: any JSON object, through jansson. */
#include "lazy/json.h"
#include <math.h>

#include "base/json_check.h"
#include "base/micros.h"
#include "base/number.h"
#include "base/text.h"
#include "store/reader_internal.h"

static bool add_value(struct afmon_buffer *buffer, const json_t *value);

static void add_number(struct afmon_buffer *buffer, const json_t *value)
{
    if (!afmon_buffer_reserve(buffer, AFMON_NUMBER_SIZE))
        return;
    char *out = afmon_buffer_end(buffer);
    buffer->length += json_is_integer(value) ? afmon_format_int(out, json_integer_value(value))
                                             : afmon_format_double(out, json_real_value(value));
}

static void add_array(struct afmon_buffer *buffer, const json_t *array)
{
    afmon_buffer_add_char(buffer, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            afmon_buffer_add_text(buffer, ", ");
        add_value(buffer, json_array_get(array, i));
    }
    afmon_buffer_add_char(buffer, ']');
}

static void add_object(struct afmon_buffer *buffer, json_t *object)
{
    const char *key;
    json_t *value;
    const char *separator = "";
    afmon_buffer_add_char(buffer, '{');
    json_object_foreach(object, key, value)
    {
        afmon_buffer_add_text(buffer, separator);
        afmon_buffer_add_json_string(buffer, key, strlen(key));
        afmon_buffer_add_text(buffer, ": ");
        add_value(buffer, value);
        separator = ", ";
    }
    afmon_buffer_add_char(buffer, '}');
}

/* Adds a value as JSON text. Not json_dumps: that prints doubles with 17 digits. jansson has bounded the depth. */
static bool add_value(struct afmon_buffer *buffer, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(buffer, (json_t *)(uintptr_t)value); /* jansson's iteration wants it writable, and writes nothing */
        break;
    case JSON_ARRAY:
        add_array(buffer, value);
        break;
    case JSON_STRING:
        afmon_buffer_add_json_string(buffer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        add_number(buffer, value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        afmon_buffer_add_text(buffer, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        afmon_buffer_add_text(buffer, "null");
        break;
    }
    return !buffer->failed;
}

static bool add_field(struct afmon_reader *reader, const char *key, const json_t *value)
{
    size_t length = strlen(key);
    switch (json_typeof(value)) {
    case JSON_STRING:
        return afmon_reader_add_field(reader,
                                      (afmon_field){.key = key,
                                                    .key_length = length,
                                                    .type = AFMON_STRING,
                                                    .as.text = {json_string_value(value), json_string_length(value)}});
    case JSON_INTEGER:
        return afmon_reader_add_field(
            reader, (afmon_field){
                        .key = key, .key_length = length, .type = AFMON_INT, .as.integer = json_integer_value(value)});
    case JSON_REAL:
        return afmon_reader_add_field(
            reader,
            (afmon_field){.key = key, .key_length = length, .type = AFMON_DOUBLE, .as.number = json_real_value(value)});
    case JSON_TRUE:
    case JSON_FALSE:
        return afmon_reader_add_field(
            reader,
            (afmon_field){.key = key, .key_length = length, .type = AFMON_BOOL, .as.boolean = json_is_true(value)});
    case JSON_NULL:
        return afmon_reader_add_field(reader, (afmon_field){.key = key, .key_length = length, .type = AFMON_NULL});
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    afmon_buffer_clear(&reader->text);
    return add_value(&reader->text, value) &&
           afmon_reader_add_field(reader, (afmon_field){.key = key,
                                                        .key_length = length,
                                                        .type = AFMON_JSON,
                                                        .as.text = {reader->text.data, reader->text.length}});
}

static bool add_fields(struct afmon_reader *reader, json_t *object)
{
    const char *key;
    json_t *value;
    afmon_buffer_clear(&reader->packed);
    json_object_foreach(object, key,
                        value) if (!afmon_is_own_key(key, strlen(key)) && !add_field(reader, key, value)) return false;
    return true;
}

static const char *read_name(struct afmon_reader *reader, const json_t *name, struct afmon_read_sample *sample)
{
    if (!json_is_string(name))
        return name == NULL ? "no metric name" : "the metric's name is not a text";
    afmon_buffer_clear(&reader->name);
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

static afmon_status read_members(struct afmon_reader *reader, json_t *object, struct afmon_read_sample *sample,
                                 const char **why)
{
    *why = read_name(reader, json_object_get(object, "metric"), sample);
    if (*why == NULL)
        *why = read_number(json_object_get(object, "value"), &sample->value);
    if (*why == NULL)
        *why = read_time(json_object_get(object, "timestamp"), sample);
    if (*why != NULL)
        return AFMON_E_FORMAT;
    if (reader->name.failed || !add_fields(reader, object))
        return AFMON_E_NO_MEMORY;
    sample->metadata = NULL;
    sample->metadata_length = 0;
    sample->packed = reader->packed.length > 0 ? reader->packed.data : "";
    sample->packed_length = reader->packed.length;
    return AFMON_OK;
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

/* The line as it is, or repaired. */
static json_t *load(struct afmon_reader *reader, const char *line, size_t length, const char **why)
{
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
    json_t *object = load(reader, line, length, why);
    if (object == NULL)
        return *why != NULL ? AFMON_E_FORMAT : AFMON_E_NO_MEMORY;
    *why = "not a JSON object";
    afmon_status status = json_is_object(object) ? read_members(reader, object, sample, why) : AFMON_E_FORMAT;
    json_decref(object);
    return status;
}
