/* Lists of rules that own what they point to. */
#include <stdlib.h>
#include <string.h>

#include "alerts/rules.h"
#include "base/status.h"

struct kept {
    struct kept *next;
    max_align_t bytes[];
};

static void *keep(afmon_rules *list, size_t size)
{
    struct kept *kept = malloc(sizeof *kept + size);
    if (kept == NULL)
        return NULL;
    kept->next = list->storage;
    list->storage = kept;
    return kept->bytes;
}

char *afmon_rules_keep(afmon_rules *list, const char *text, size_t length)
{
    char *copy = keep(list, length + 1);
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Replaces a text by a copy; NULL stays. */
static bool own(afmon_rules *list, const char **text)
{
    if (*text == NULL)
        return true;
    *text = afmon_rules_keep(list, *text, strlen(*text));
    return *text != NULL;
}

static bool own_field(afmon_rules *list, afmon_field *field)
{
    size_t key_length = field->key_length > 0 ? field->key_length : strlen(field->key);
    field->key = afmon_rules_keep(list, field->key, key_length);
    field->key_length = key_length;
    if (field->type == AFMON_STRING) {
        field->as.text.data = afmon_rules_keep(list, field->as.text.data, field->as.text.length);
        return field->key != NULL && field->as.text.data != NULL;
    }
    return field->key != NULL;
}

static bool own_where(afmon_rules *list, afmon_alert_rule *rule)
{
    if (rule->where_count == 0) {
        rule->where = NULL;
        return true;
    }
    afmon_field *fields = keep(list, rule->where_count * sizeof *fields);
    if (fields == NULL)
        return false;
    memcpy(fields, rule->where, rule->where_count * sizeof *fields);
    rule->where = fields;
    for (size_t i = 0; i < rule->where_count; i++)
        if (!own_field(list, &fields[i]))
            return false;
    return true;
}

bool afmon_rules_add(afmon_rules *list, const afmon_alert_rule *rule)
{
    afmon_alert_rule copy = *rule;
    if (!own(list, &copy.name) || !own(list, &copy.metric) || !own(list, &copy.message) ||
        !own(list, &copy.resolved_message) || !own_where(list, &copy))
        return false;
    if ((list->count & (list->count - 1)) == 0) { /* full: room is a power of two */
        size_t room = list->count > 0 ? list->count * 2 : 1;
        afmon_alert_rule *larger = realloc(list->rules, room * sizeof *larger);
        if (larger == NULL)
            return false;
        list->rules = larger;
    }
    list->rules[list->count++] = copy;
    return true;
}

void afmon_rules_free(afmon_rules *rules)
{
    if (rules == NULL)
        return;
    for (struct kept *kept = rules->storage; kept != NULL;) {
        struct kept *next = kept->next;
        free(kept);
        kept = next;
    }
    free(rules->rules);
    *rules = (afmon_rules){0};
}

afmon_status afmon_rules_copy(const afmon_alert_rule *rules, size_t count, afmon_rules *list, afmon_error *error)
{
    *list = (afmon_rules){0};
    for (size_t i = 0; i < count; i++)
        if (!afmon_rules_add(list, &rules[i])) {
            afmon_rules_free(list);
            return afmon_fail_memory(error);
        }
    return AFMON_OK;
}
