#include "catalog/bare.h"

#include <string.h>

#include "catalog/fields.h"
#include "catalog/metrics.h"

bool afmon_metric_is_derived(const char *name, size_t length)
{
    static const enum afmon_metric_id derived[] = {AFMON_METRIC_ERROR, AFMON_METRIC_SUCCESS, AFMON_METRIC_API_ERROR};
    for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
        const struct afmon_metric *metric = afmon_metric_row(derived[i]);
        if (metric->length == length && memcmp(metric->info.name, name, length) == 0)
            return true;
    }
    return false;
}

afmon_field afmon_bare_mark(void)
{
    return afmon_string(AFMON_BARE_KEY, AFMON_BARE_SOURCE);
}

static bool is_key(const afmon_field *field)
{
    size_t length = field->key_length > 0 ? field->key_length : strlen(field->key);
    return length == sizeof AFMON_BARE_KEY - 1 && memcmp(field->key, AFMON_BARE_KEY, length) == 0;
}

static bool is_mark(const afmon_field *field)
{
    return field->type == AFMON_STRING && field->as.text.length == sizeof AFMON_BARE_SOURCE - 1 &&
           memcmp(field->as.text.data, AFMON_BARE_SOURCE, sizeof AFMON_BARE_SOURCE - 1) == 0;
}

bool afmon_fields_are_bare(const afmon_field *fields, size_t count)
{
    while (count > 0 && !is_key(&fields[count - 1]))
        count--;
    return count > 0 && is_mark(&fields[count - 1]);
}

bool afmon_packed_is_bare(const void *packed, size_t length)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    bool bare = false;
    while (afmon_field_walk_next(&walk, &field))
        if (is_key(&field))
            bare = is_mark(&field);
    return bare;
}
