#include "alerts/rules_json.h"

#include <math.h>
#include <string.h>

#include "alerts/message.h"
#include "alerts/rule_values.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"

#define QUANTILE "quantile"
#define MEMBERS 17 /* of a rule */

/* ---- writing ---- */

static void add_key(struct afmon_buffer *buffer, const char *key)
{
    afmon_buffer_add_text(buffer, "\"");
    afmon_buffer_add_text(buffer, key);
    afmon_buffer_add_text(buffer, "\": ");
}

static void add_text(struct afmon_buffer *buffer, const char *key, const char *text)
{
    add_key(buffer, key);
    if (text != NULL)
        afmon_buffer_add_json_string(buffer, text, strlen(text));
    else
        afmon_buffer_add_text(buffer, "null");
    afmon_buffer_add_text(buffer, ", ");
}

/* JSON has no infinite numbers: they are texts. */
static void add_double(struct afmon_buffer *buffer, double value)
{
    if (!isfinite(value)) {
        afmon_buffer_add_text(buffer, isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"");
    } else if (afmon_buffer_reserve(buffer, AFMON_NUMBER_SIZE)) {
        buffer->length += afmon_format_double(afmon_buffer_end(buffer), value);
    }
}

static void add_int(struct afmon_buffer *buffer, int64_t value)
{
    if (afmon_buffer_reserve(buffer, AFMON_NUMBER_SIZE))
        buffer->length += afmon_format_int(afmon_buffer_end(buffer), value);
}

static void add_number(struct afmon_buffer *buffer, const char *key, bool given, double value)
{
    add_key(buffer, key);
    if (given)
        add_double(buffer, value);
    else
        afmon_buffer_add_text(buffer, "null");
    afmon_buffer_add_text(buffer, ", ");
}

static void add_field_value(struct afmon_buffer *buffer, const afmon_field *field)
{
    bool special = field->type == AFMON_DOUBLE && !isfinite(field->as.number);
    afmon_buffer_add_text(buffer, special ? "\"number\": " : "\"value\": ");
    if (field->type == AFMON_STRING)
        afmon_buffer_add_json_string(buffer, field->as.text.data, field->as.text.length);
    else if (field->type == AFMON_INT)
        add_int(buffer, field->as.integer);
    else if (field->type == AFMON_DOUBLE)
        add_double(buffer, field->as.number);
    else if (field->type == AFMON_BOOL)
        afmon_buffer_add_text(buffer, field->as.boolean ? "true" : "false");
    else
        afmon_buffer_add_text(buffer, "null");
}

static void add_where(struct afmon_buffer *buffer, const afmon_alert_rule *rule)
{
    add_key(buffer, "where");
    afmon_buffer_add_char(buffer, '[');
    for (size_t i = 0; i < rule->where_count; i++) {
        const afmon_field *field = &rule->where[i];
        afmon_buffer_add_text(buffer, i > 0 ? ", {\"key\": " : "{\"key\": ");
        afmon_buffer_add_json_string(buffer, field->key,
                                     field->key_length > 0 ? field->key_length : strlen(field->key));
        afmon_buffer_add_text(buffer, ", ");
        add_field_value(buffer, field);
        afmon_buffer_add_char(buffer, '}');
    }
    afmon_buffer_add_text(buffer, "], ");
}

/* No more samples than an int64_t counts will ever be there. */
static void add_min_samples(struct afmon_buffer *buffer, uint64_t count)
{
    add_key(buffer, "min_samples");
    add_int(buffer, count > INT64_MAX ? INT64_MAX : (int64_t)count);
    afmon_buffer_add_text(buffer, ", ");
}

static void add_switch(struct afmon_buffer *buffer, const char *key, bool on)
{
    add_key(buffer, key);
    afmon_buffer_add_text(buffer, on ? "true, " : "false, ");
}

static void add_rule(struct afmon_buffer *buffer, const afmon_alert_rule *rule)
{
    bool quantile = rule->aggregate == AFMON_RULE_QUANTILE;
    char aggregate[16] = QUANTILE;
    if (!quantile)
        afmon_aggregate_text(rule, aggregate, sizeof aggregate);
    afmon_buffer_add_char(buffer, '{');
    add_text(buffer, "name", rule->name);
    add_text(buffer, "metric", rule->metric);
    add_text(buffer, "aggregate", aggregate);
    add_number(buffer, QUANTILE, quantile, rule->quantile);
    add_text(buffer, "comparison", afmon_comparison_text(rule->comparison));
    add_number(buffer, "limit", true, rule->limit);
    add_number(buffer, "window_s", true, rule->window_s);
    add_text(buffer, "level", afmon_level_name(rule->level));
    add_where(buffer, rule);
    add_number(buffer, "for_s", true, rule->for_s);
    add_number(buffer, "clear", rule->clear.given, rule->clear.value);
    add_number(buffer, "keep_firing_for_s", true, rule->keep_firing_for_s);
    add_min_samples(buffer, rule->min_samples);
    add_number(buffer, "renotify_s", isfinite(rule->renotify_s), rule->renotify_s); /* null: never, as in alert lines */
    add_switch(buffer, "send_resolved", rule->send_resolved);
    add_text(buffer, "message", rule->message);
    add_text(buffer, "resolved_message", rule->resolved_message);
    if (!buffer->failed)
        buffer->length -= 2; /* the last ", " */
    afmon_buffer_add_char(buffer, '}');
}

void afmon_rules_write_json(const afmon_alert_rule *rules, size_t count, struct afmon_buffer *buffer)
{
    afmon_buffer_add_char(buffer, '[');
    for (size_t i = 0; i < count && !buffer->failed; i++) {
        if (i > 0)
            afmon_buffer_add_text(buffer, ", ");
        add_rule(buffer, &rules[i]);
    }
    afmon_buffer_add_char(buffer, ']');
}

/* ---- reading: each function is false where the member is not what it must be ---- */

/* A text without a NUL inside. NULL: it is none. */
static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static bool read_text(const json_t *rule, const char *key, bool optional, const char **text)
{
    const json_t *value = json_object_get(rule, key);
    *text = text_of(value);
    return *text != NULL || (optional && json_is_null(value));
}

static bool read_special(const json_t *value, double *number)
{
    static const struct {
        const char *text;
        double number;
    } specials[] = {{"inf", (double)INFINITY}, {"-inf", -(double)INFINITY}, {"nan", (double)NAN}};
    const char *text = text_of(value);
    for (size_t i = 0; text != NULL && i < sizeof specials / sizeof specials[0]; i++)
        if (strcmp(text, specials[i].text) == 0) {
            *number = specials[i].number;
            return true;
        }
    return false;
}

static bool read_double(const json_t *rule, const char *key, double *number)
{
    const json_t *value = json_object_get(rule, key);
    if (!json_is_number(value))
        return read_special(value, number);
    *number = json_number_value(value);
    return true;
}

/* *given: it is not null. */
static bool read_optional(const json_t *rule, const char *key, bool *given, double *number)
{
    *given = !json_is_null(json_object_get(rule, key));
    return !*given || read_double(rule, key, number);
}

static bool read_aggregate(const json_t *json, afmon_alert_rule *rule)
{
    const char *text;
    bool given;
    if (!read_text(json, "aggregate", false, &text) || !read_optional(json, QUANTILE, &given, &rule->quantile))
        return false;
    if (strcmp(text, QUANTILE) == 0) {
        rule->aggregate = AFMON_RULE_QUANTILE;
        return given;
    }
    double quantile;
    return !given && afmon_read_aggregate(text, &rule->aggregate, &quantile) && rule->aggregate != AFMON_RULE_QUANTILE;
}

static bool read_comparison(const json_t *json, afmon_alert_rule *rule)
{
    const char *text;
    if (!read_text(json, "comparison", false, &text))
        return false;
    for (int i = AFMON_RULE_BELOW; i <= AFMON_RULE_AT_LEAST; i++)
        if (strcmp(text, afmon_comparison_text((afmon_rule_comparison)i)) == 0) {
            rule->comparison = (afmon_rule_comparison)i;
            return true;
        }
    return false;
}

static bool read_level(const json_t *json, afmon_alert_rule *rule)
{
    const char *text;
    return read_text(json, "level", false, &text) && afmon_read_level(text, &rule->level);
}

static bool read_field_value(const json_t *json, afmon_field *field)
{
    const json_t *value = json_object_get(json, "value");
    switch (value != NULL ? json_typeof(value) : JSON_OBJECT) {
    case JSON_STRING:
        *field = afmon_string_n(field->key, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        *field = afmon_int(field->key, json_integer_value(value));
        return true;
    case JSON_REAL:
        *field = afmon_double(field->key, json_real_value(value));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        *field = afmon_bool(field->key, json_is_true(value));
        return true;
    case JSON_NULL:
        *field = afmon_null(field->key);
        return true;
    case JSON_OBJECT: /* or there is none */
        *field = afmon_double(field->key, 0);
        return read_special(json_object_get(json, "number"), &field->as.number);
    case JSON_ARRAY:
        break;
    }
    return false;
}

static bool read_field(const json_t *json, afmon_field *field)
{
    const json_t *key = json_object_get(json, "key");
    if (json_object_size(json) != 2 || json_string_length(key) == 0)
        return false;
    *field = (afmon_field){.key = json_string_value(key)};
    bool good = read_field_value(json, field);
    field->key_length = json_string_length(key);
    return good;
}

static bool read_where(const json_t *json, afmon_field *fields, afmon_alert_rule *rule)
{
    const json_t *where = json_object_get(json, "where");
    size_t count = json_array_size(where);
    if (!json_is_array(where) || count > AFMON_RULE_WHERE_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_field(json_array_get(where, i), &fields[i]))
            return false;
    rule->where = fields;
    rule->where_count = count;
    return true;
}

static bool read_min_samples(const json_t *json, afmon_alert_rule *rule)
{
    const json_t *value = json_object_get(json, "min_samples");
    rule->min_samples = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_times(const json_t *json, afmon_alert_rule *rule)
{
    bool renotifies;
    if (!read_double(json, "window_s", &rule->window_s) || !read_double(json, "for_s", &rule->for_s) ||
        !read_double(json, "keep_firing_for_s", &rule->keep_firing_for_s) ||
        !read_optional(json, "renotify_s", &renotifies, &rule->renotify_s))
        return false;
    if (!renotifies)
        rule->renotify_s = (double)INFINITY;
    return true;
}

/* The rule's texts stay the JSON's. */
static bool read_rule(const json_t *json, afmon_field *fields, afmon_alert_rule *rule)
{
    const json_t *send_resolved = json_object_get(json, "send_resolved");
    afmon_alert_rule_init(rule);
    rule->send_resolved = json_is_true(send_resolved);
    return json_object_size(json) == MEMBERS && read_text(json, "name", false, &rule->name) &&
           read_text(json, "metric", false, &rule->metric) && read_aggregate(json, rule) &&
           read_comparison(json, rule) && read_double(json, "limit", &rule->limit) && read_level(json, rule) &&
           read_where(json, fields, rule) && read_times(json, rule) &&
           read_optional(json, "clear", &rule->clear.given, &rule->clear.value) && read_min_samples(json, rule) &&
           json_is_boolean(send_resolved) && read_text(json, "message", true, &rule->message) &&
           read_text(json, "resolved_message", true, &rule->resolved_message);
}

static afmon_status read_list(const json_t *list, afmon_rules *rules, afmon_error *error)
{
    if (!json_is_array(list) || json_array_size(list) > AFMON_MOST_RULES)
        return afmon_fail(error, AFMON_E_FORMAT, "rules: no list of at most %d rules", AFMON_MOST_RULES);
    for (size_t i = 0; i < json_array_size(list); i++) {
        afmon_alert_rule rule;
        afmon_field fields[AFMON_RULE_WHERE_MAX];
        if (!read_rule(json_array_get(list, i), fields, &rule))
            return afmon_fail(error, AFMON_E_FORMAT, "rules[%zu]: a member is missing, unknown or not what it must be",
                              i);
        if (!afmon_rules_add(rules, &rule))
            return afmon_fail_memory(error);
    }
    afmon_status status = afmon_rules_check(rules->rules, rules->count, error);
    if (status == AFMON_E_ARGUMENT && error != NULL)
        error->status = AFMON_E_FORMAT;
    return status == AFMON_E_ARGUMENT ? AFMON_E_FORMAT : status;
}

afmon_status afmon_rules_of_json(const json_t *list, afmon_rules *rules, afmon_error *error)
{
    *rules = (afmon_rules){0};
    afmon_status status = read_list(list, rules, error);
    if (status != AFMON_OK)
        afmon_rules_free(rules);
    return status;
}

afmon_status afmon_rules_read_json(const char *text, size_t length, afmon_rules *rules, afmon_error *error)
{
    json_error_t problem;
    *rules = (afmon_rules){0};
    if (length > AFMON_RULES_JSON_MAX)
        return afmon_fail(error, AFMON_E_TOO_BIG, "rules: more than %zu bytes", AFMON_RULES_JSON_MAX);
    afmon_status status = afmon_lazy_open(AFMON_LAZY_JSON, error);
    if (status != AFMON_OK)
        return status;
    json_t *list = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    if (list == NULL)
        return json_error_code(&problem) == json_error_out_of_memory
                   ? afmon_fail_memory(error)
                   : afmon_fail(error, AFMON_E_FORMAT, "rules: %s", problem.text);
    status = afmon_rules_of_json(list, rules, error);
    json_decref(list);
    return status;
}
