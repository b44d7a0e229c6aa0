/* Rules as JSON: what is written reads back equal; whatever is read is a list of good rules, or refused. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alerts/rules_json.h"
#include "base/json_check.h"
#include "fail_alloc.h"

/* ---- random rules ---- */

static uint64_t state = 20261130;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static double draw_number(double least, double most)
{
    return least + (most - least) * (double)draw(1000001) / 1000000.0;
}

static const char *draw_text(const char *const *texts, size_t count)
{
    return texts[draw(count)];
}

#define DRAW_TEXT(...)                                                                                                 \
    draw_text((const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static afmon_field draw_field(size_t index)
{
    static const char *const keys[] = {"operation", "a \"b\"", "caf\xc3\xa9", "n", "x", "y"};
    const char *key = keys[index];
    switch (draw(6)) {
    case 0:
        return afmon_null(key);
    case 1:
        return afmon_bool(key, draw(2) == 1);
    case 2:
        return afmon_int(key, (int64_t)draw(UINT64_MAX));
    case 3:
        return afmon_double(key, draw(4) == 0 ? (double)INFINITY : draw_number(-1e9, 1e9));
    case 4:
        return afmon_string_n(key, "with\0nul", 8);
    default:
        return afmon_string(key, DRAW_TEXT("", "answer_generation", "\"quoted\"\n", "\xe2\x82\xac", "null", "1"));
    }
}

static double draw_limit(void)
{
    return draw(10) == 0 ? (draw(2) == 0 ? (double)INFINITY : -(double)INFINITY) : draw_number(-1e6, 1e6);
}

static void draw_rule(afmon_alert_rule *rule, afmon_field *fields, char *name, size_t number)
{
    afmon_alert_rule_init(rule);
    sprintf(name, "r%zu.a:b", number);
    rule->name = name;
    rule->metric = DRAW_TEXT("error_rate", "evaluation_score_\xe2\x82\xac", "a\nb\"c\\", "model_usage:gpt");
    rule->aggregate = (afmon_rule_aggregate)draw(8);
    if (rule->aggregate == AFMON_RULE_QUANTILE)
        rule->quantile = draw_number(0, 1);
    rule->comparison = (afmon_rule_comparison)draw(4);
    rule->limit = draw_limit();
    rule->window_s = draw_number(1, AFMON_RULE_SECONDS_MAX);
    rule->level = (afmon_level)draw(3);
    rule->where_count = draw(7);
    rule->where = fields;
    for (size_t i = 0; i < rule->where_count; i++)
        fields[i] = draw_field(i);
    rule->for_s = draw_number(0, 1000);
    if (draw(2) == 0)
        rule->clear = (afmon_number){.given = true, .value = rule->limit};
    rule->keep_firing_for_s = draw_number(0, 1000);
    rule->min_samples = 1 + draw(INT64_MAX);
    rule->renotify_s = draw(3) == 0 ? (double)INFINITY : draw_number(0, 1000);
    rule->send_resolved = draw(2) == 0;
    rule->message = draw(2) == 0 ? NULL : DRAW_TEXT("{value:.1%} {{}}", "\xe2\x82\xac \"{name}\"\n", "x");
    rule->resolved_message = draw(2) == 0 ? NULL : "back at {value}";
}

/* ---- equality ---- */

static void assert_same_text(const char *left, const char *right)
{
    assert_int_equal(left == NULL, right == NULL);
    if (left != NULL)
        assert_string_equal(left, right);
}

static void assert_same_double(double left, double right)
{
    assert_memory_equal(&left, &right, sizeof left);
}

static void assert_same_field(const afmon_field *left, const afmon_field *right)
{
    size_t length = left->key_length > 0 ? left->key_length : strlen(left->key);
    assert_int_equal(right->key_length, length);
    assert_memory_equal(left->key, right->key, length);
    assert_int_equal(left->type, right->type);
    if (left->type == AFMON_STRING) {
        assert_int_equal(left->as.text.length, right->as.text.length);
        if (left->as.text.length > 0)
            assert_memory_equal(left->as.text.data, right->as.text.data, left->as.text.length);
    } else if (left->type == AFMON_INT) {
        assert_int_equal(left->as.integer, right->as.integer);
    } else if (left->type == AFMON_DOUBLE) {
        assert_same_double(left->as.number, right->as.number);
    } else if (left->type == AFMON_BOOL) {
        assert_int_equal(left->as.boolean, right->as.boolean);
    }
}

static void assert_same_rule(const afmon_alert_rule *left, const afmon_alert_rule *right)
{
    assert_same_text(left->name, right->name);
    assert_same_text(left->metric, right->metric);
    assert_int_equal(left->aggregate, right->aggregate);
    assert_same_double(left->quantile, right->quantile);
    assert_int_equal(left->comparison, right->comparison);
    assert_same_double(left->limit, right->limit);
    assert_same_double(left->window_s, right->window_s);
    assert_int_equal(left->level, right->level);
    assert_int_equal(left->where_count, right->where_count);
    for (size_t i = 0; i < left->where_count; i++)
        assert_same_field(&left->where[i], &right->where[i]);
    assert_same_text(left->message, right->message);
    assert_same_text(left->resolved_message, right->resolved_message);
    assert_same_double(left->for_s, right->for_s);
    assert_int_equal(left->clear.given, right->clear.given);
    if (left->clear.given)
        assert_same_double(left->clear.value, right->clear.value);
    assert_same_double(left->keep_firing_for_s, right->keep_firing_for_s);
    assert_int_equal(left->min_samples, right->min_samples);
    assert_same_double(left->renotify_s, right->renotify_s);
    assert_int_equal(left->send_resolved, right->send_resolved);
}

static struct afmon_buffer written(const afmon_alert_rule *rules, size_t count)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, AFMON_RULES_JSON_MAX);
    afmon_rules_write_json(rules, count, &text);
    assert_false(text.failed);
    assert_true(afmon_json_valid(text.data, text.length));
    assert_null(memchr(text.data, '\n', text.length));
    return text;
}

/* ---- tests ---- */

#define RULES 8

static void rules_read_back_equal(void **unused)
{
    (void)unused;
    for (int round = 0; round < 500; round++) {
        afmon_alert_rule rules[RULES];
        afmon_field fields[RULES][AFMON_RULE_WHERE_MAX];
        char names[RULES][32];
        size_t count = draw(RULES + 1);
        afmon_error error;
        for (size_t i = 0; i < count; i++)
            draw_rule(&rules[i], fields[i], names[i], i);
        assert_int_equal(afmon_rules_check(rules, count, &error), AFMON_OK);
        struct afmon_buffer text = written(rules, count);
        afmon_rules back;
        assert_int_equal(afmon_rules_read_json(text.data, text.length, &back, &error), AFMON_OK);
        assert_int_equal(back.count, count);
        for (size_t i = 0; i < count; i++)
            assert_same_rule(&rules[i], &back.rules[i]);
        afmon_rules_free(&back);
        afmon_buffer_free(&text);
    }
}

static void the_built_in_rules_are_these(void **unused)
{
    (void)unused;
    afmon_rules rules;
    afmon_rules back;
    assert_int_equal(afmon_rules_built_in(NULL, &rules, NULL), AFMON_OK);
    struct afmon_buffer text = written(rules.rules, 1);
    afmon_buffer_add_char(&text, '\0');
    assert_string_equal(text.data,
                        "[{\"name\": \"low_success_rate\", \"metric\": \"success_rate\", \"aggregate\": \"mean\", "
                        "\"quantile\": null, \"comparison\": \"below\", \"limit\": 0.8, \"window_s\": 300.0, "
                        "\"level\": \"warning\", \"where\": [], \"for_s\": 0.0, \"clear\": null, "
                        "\"keep_firing_for_s\": 0.0, \"min_samples\": 1, \"renotify_s\": 0.0, "
                        "\"send_resolved\": false, \"message\": \"Success rate dropped to {value:.1%}\", "
                        "\"resolved_message\": \"Success rate is back at {value:.1%}\"}]");
    afmon_buffer_free(&text);
    text = written(rules.rules, rules.count);
    assert_int_equal(afmon_rules_read_json(text.data, text.length, &back, NULL), AFMON_OK);
    assert_int_equal(back.count, AFMON_ALERT_RULES);
    for (size_t i = 0; i < back.count; i++)
        assert_same_rule(&rules.rules[i], &back.rules[i]);
    afmon_rules_free(&back);
    afmon_rules_free(&rules);
    afmon_buffer_free(&text);
}

/* A list of good rules, or an error with a text and nothing kept. */
static afmon_status look(const char *text, size_t length)
{
    afmon_rules rules;
    afmon_error error = {0};
    afmon_status status = afmon_rules_read_json(text, length, &rules, &error);
    if (status == AFMON_OK) {
        assert_int_equal(afmon_rules_check(rules.rules, rules.count, &error), AFMON_OK);
    } else {
        assert_int_equal(error.status, status);
        assert_true(error.message[0] != '\0' && rules.count == 0 && rules.storage == NULL);
    }
    afmon_rules_free(&rules);
    return status;
}

static void strangers_texts_are_refused(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"",       "{",    "null", "{}", "[1]", "[{}]", "[[]]", "[{\"name\": \"a\"}]",
                                        "[null]", "\"x\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(look(texts[i], strlen(texts[i])), AFMON_E_FORMAT);
    assert_int_equal(look("[]", 2), AFMON_OK);
    size_t deep = 100000;
    char *brackets = malloc(deep);
    assert_non_null(brackets);
    memset(brackets, '[', deep);
    assert_int_equal(look(brackets, deep), AFMON_E_FORMAT);
    free(brackets);
    assert_int_equal(afmon_rules_read_json("", AFMON_RULES_JSON_MAX + 1, &(afmon_rules){0}, NULL), AFMON_E_TOO_BIG);
}

/* Each member missing, and each of another type. */
static void every_member_is_looked_at(void **unused)
{
    (void)unused;
    afmon_field field = afmon_string("k", "v");
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "a";
    rule.metric = "m";
    rule.where = &field;
    rule.where_count = 1;
    struct afmon_buffer text = written(&rule, 1);
    json_t *list = json_loadb(text.data, text.length, 0, NULL);
    assert_non_null(list);
    json_t *object = json_array_get(list, 0);
    afmon_rules rules;
    static const char *const members[] = {
        "name",        "metric",     "aggregate",     "quantile", "comparison",      "limit",
        "window_s",    "level",      "where",         "for_s",    "clear",           "keep_firing_for_s",
        "min_samples", "renotify_s", "send_resolved", "message",  "resolved_message"};
    size_t count = sizeof members / sizeof members[0];
    assert_int_equal(json_object_size(object), count);
    for (size_t i = 0; i < count; i++) {
        json_t *kept = json_incref(json_object_get(object, members[i]));
        assert_non_null(kept);
        json_object_set_new(object, members[i], json_pack("[i]", 1));
        assert_int_equal(afmon_rules_of_json(list, &rules, NULL), AFMON_E_FORMAT);
        json_object_del(object, members[i]);
        assert_int_equal(afmon_rules_of_json(list, &rules, NULL), AFMON_E_FORMAT);
        json_object_set_new(object, "other", json_null());
        assert_int_equal(afmon_rules_of_json(list, &rules, NULL), AFMON_E_FORMAT);
        json_object_del(object, "other");
        json_object_set_new(object, members[i], kept);
        assert_int_equal(afmon_rules_of_json(list, &rules, NULL), AFMON_OK);
        afmon_rules_free(&rules);
    }
    json_array_append(list, object); /* the same name twice */
    assert_int_equal(afmon_rules_of_json(list, &rules, NULL), AFMON_E_FORMAT);
    json_decref(list);
    afmon_buffer_free(&text);
}

static void damaged_texts_do_no_harm(void **unused)
{
    (void)unused;
    afmon_rules rules;
    assert_int_equal(afmon_rules_built_in(NULL, &rules, NULL), AFMON_OK);
    struct afmon_buffer text = written(rules.rules, 3);
    for (int round = 0; round < 20000; round++) {
        char *copy = malloc(text.length);
        assert_non_null(copy);
        memcpy(copy, text.data, text.length);
        size_t length = draw(4) == 0 ? draw(text.length) : text.length;
        for (uint64_t n = 1 + draw(3); n > 0; n--)
            copy[draw(text.length)] = (char)draw(256);
        (void)look(copy, length);
        free(copy);
    }
    afmon_buffer_free(&text);
    afmon_rules_free(&rules);
}

static void every_allocation_may_fail(void **unused)
{
    (void)unused;
    afmon_rules rules;
    assert_int_equal(afmon_rules_built_in(NULL, &rules, NULL), AFMON_OK);
    struct afmon_buffer text = written(rules.rules, rules.count);
    for (long n = 1;; n++) {
        afmon_rules back;
        fail_alloc_at(n);
        afmon_status status = afmon_rules_read_json(text.data, text.length, &back, NULL);
        bool failed = fail_alloc_stop();
        afmon_rules_free(&back);
        if (!failed)
            break;
        assert_int_equal(status, AFMON_E_NO_MEMORY);
    }
    for (long n = 1;; n++) {
        struct afmon_buffer other;
        afmon_buffer_init(&other, AFMON_RULES_JSON_MAX);
        fail_alloc_at(n);
        afmon_rules_write_json(rules.rules, rules.count, &other);
        bool failed = fail_alloc_stop();
        assert_int_equal(other.failed, failed);
        afmon_buffer_free(&other);
        if (!failed)
            break;
    }
    afmon_buffer_free(&text);
    afmon_rules_free(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_read_back_equal),       cmocka_unit_test(the_built_in_rules_are_these),
        cmocka_unit_test(strangers_texts_are_refused), cmocka_unit_test(every_member_is_looked_at),
        cmocka_unit_test(damaged_texts_do_no_harm),    cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
