#include "compare/where.h"

#include <string.h>

#include "base/number.h"

static bool is(const char *text, size_t length, const char *wanted)
{
    return strlen(wanted) == length && memcmp(text, wanted, length) == 0;
}

static bool has_value(const afmon_field *field, const char *wanted)
{
    char number[AFMON_NUMBER_SIZE];
    switch (field->type) {
    case AFMON_STRING:
    case AFMON_JSON:
        return is(field->as.text.data, field->as.text.length, wanted);
    case AFMON_INT:
        return is(number, afmon_format_int(number, field->as.integer), wanted);
    case AFMON_DOUBLE:
        return is(number, afmon_format_double(number, field->as.number), wanted);
    case AFMON_BOOL:
        return strcmp(wanted, field->as.boolean ? "true" : "false") == 0;
    case AFMON_NULL:
        return strcmp(wanted, "null") == 0;
    }
    return false;
}

static bool holds(const afmon_compare_where *where, const afmon_field *fields, size_t count, bool missing)
{
    for (size_t i = count; i > 0; i--) { /* of a key that comes twice the last one counts */
        const afmon_field *field = &fields[i - 1];
        size_t length = field->key_length > 0 ? field->key_length : strlen(field->key);
        if (is(field->key, length, where->key))
            return has_value(field, where->value);
    }
    return missing;
}

bool afmon_where_takes(const afmon_compare_options *options, const afmon_field *fields, size_t count, bool missing)
{
    for (size_t i = 0; i < options->where_count; i++)
        if (!holds(&options->where[i], fields, count, missing))
            return false;
    return true;
}
