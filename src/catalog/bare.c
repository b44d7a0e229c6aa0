#include "catalog/bare.h"

#include <string.h>

#include "catalog/fields.h"
#include "catalog/metrics.h"

bool afmon_metric_is_derived(const char *name, size_t length)
{
    return afmon_metric_id_is_derived(afmon_metric_find(name, length, NULL));
}

afmon_field afmon_bare_mark(void)
{
    return afmon_string(AFMON_BARE_KEY, AFMON_BARE_SOURCE);
}

#define RETRIED_KEY "retried"

struct marks {
    bool marked;
    bool retried;
};

static bool is_key(const afmon_field *field, const char *key, size_t key_length)
{
    size_t length = field->key_length > 0 ? field->key_length : strlen(field->key);
    return length == key_length && memcmp(field->key, key, length) == 0;
}

static bool is_mark(const afmon_field *field)
{
    return field->type == AFMON_STRING && field->as.text.length == sizeof AFMON_BARE_SOURCE - 1 &&
           memcmp(field->as.text.data, AFMON_BARE_SOURCE, sizeof AFMON_BARE_SOURCE - 1) == 0;
}

static void look(struct marks *marks, const afmon_field *field)
{
    if (is_key(field, AFMON_BARE_KEY, sizeof AFMON_BARE_KEY - 1))
        marks->marked = is_mark(field);
    else if (is_key(field, RETRIED_KEY, sizeof RETRIED_KEY - 1))
        marks->retried = field->type == AFMON_BOOL && field->as.boolean;
}

static struct marks marks_among(const afmon_field *fields, size_t count)
{
    struct marks marks = {0};
    for (size_t i = 0; i < count; i++)
        look(&marks, &fields[i]);
    return marks;
}

static bool are_bare(struct marks marks)
{
    return marks.marked && !marks.retried;
}

bool afmon_fields_are_bare(const afmon_field *fields, size_t count)
{
    return are_bare(marks_among(fields, count));
}

bool afmon_fields_are_retried(const afmon_field *fields, size_t count)
{
    return marks_among(fields, count).retried;
}

static struct marks marks_of(const void *packed, size_t length)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    struct marks marks = {0};
    afmon_field field;
    while (afmon_field_walk_next(&walk, &field))
        look(&marks, &field);
    return marks;
}

bool afmon_packed_is_bare(const void *packed, size_t length)
{
    return are_bare(marks_of(packed, length));
}

bool afmon_packed_is_retried(const void *packed, size_t length)
{
    return marks_of(packed, length).retried;
}
