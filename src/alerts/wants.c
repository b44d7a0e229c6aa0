/* Whether metadata is what a rule wants. */
#include <string.h>

#include "alerts/judge.h"
#include "catalog/fields.h"
#include "catalog/sets.h"

static size_t key_length_of(const afmon_field *field)
{
    return field->key_length > 0 ? field->key_length : strlen(field->key);
}

static bool has_key(const afmon_field *field, const afmon_field *wanted)
{
    size_t length = key_length_of(wanted);
    return key_length_of(field) == length && memcmp(field->key, wanted->key, length) == 0;
}

static bool is_number(const afmon_field *field)
{
    return field->type == AFMON_INT || field->type == AFMON_DOUBLE;
}

static double number_of(const afmon_field *field)
{
    return field->type == AFMON_INT ? (double)field->as.integer : field->as.number;
}

static bool is_equal(const afmon_field *field, const afmon_field *wanted)
{
    if (field->type == AFMON_INT && wanted->type == AFMON_INT)
        return field->as.integer == wanted->as.integer;
    if (is_number(field) && is_number(wanted))
        return number_of(field) == number_of(wanted);
    if (field->type != wanted->type)
        return false;
    if (field->type == AFMON_BOOL)
        return field->as.boolean == wanted->as.boolean;
    if (field->type != AFMON_STRING)
        return true;
    size_t length = wanted->as.text.length;
    return field->as.text.length == length &&
           (length == 0 || memcmp(field->as.text.data, wanted->as.text.data, length) == 0);
}

/* Where a key comes twice the last value counts. */
static bool has(const afmon_field *fields, size_t count, const afmon_field *wanted)
{
    while (count > 0 && !has_key(&fields[count - 1], wanted))
        count--;
    return count > 0 && is_equal(&fields[count - 1], wanted);
}

bool afmon_rule_wants(const afmon_alert_rule *rule, const afmon_field *fields, size_t count)
{
    for (size_t i = 0; i < rule->where_count; i++)
        if (!has(fields, count, &rule->where[i]))
            return false;
    return true;
}

static bool packed_has(const void *packed, size_t length, const afmon_field *wanted)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    bool found = false;
    while (afmon_field_walk_next(&walk, &field))
        if (has_key(&field, wanted))
            found = is_equal(&field, wanted);
    return found;
}

bool afmon_rule_wants_packed(const afmon_alert_rule *rule, const void *packed, size_t length)
{
    for (size_t i = 0; i < rule->where_count; i++)
        if (!packed_has(packed, length, &rule->where[i]))
            return false;
    return true;
}

bool afmon_rule_wants_set(void *user, const struct afmon_set *set)
{
    return afmon_rule_wants_packed(user, set != NULL ? set->packed : NULL, set != NULL ? set->packed_length : 0);
}
