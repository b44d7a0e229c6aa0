/* Rules: what makes one a good one, messages, metadata, rules files. */
#include "check.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "alerts/judge.h"
#include "alerts/message.h"
#include "alerts/rule_values.h"
#include "alerts/rules.h"
#include "alerts/rules_file.h"
#include "base/suggest.h"
#include "catalog/fields.h"
#include "fail_alloc.h"

/* ---- rules as structs ---- */

static afmon_alert_rule good_rule(void)
{
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "a";
    rule.metric = "m";
    return rule;
}

static void assert_bad(const afmon_alert_rule *rule, const char *member)
{
    struct afmon_rule_problem problem = {0};
    assert_false(afmon_rule_check(rule, &problem));
    assert_string_equal(problem.member, member);
    assert_true(strlen(problem.why) > 0);
}

#define ASSERT_BAD(name, change)                                                                                       \
    do {                                                                                                               \
        afmon_alert_rule rule = good_rule();                                                                           \
        change;                                                                                                        \
        assert_bad(&rule, name);                                                                                       \
    } while (0)

static void bad_rules_are_told_by_the_member(void **state)
{
    (void)state;
    struct afmon_rule_problem problem;
    afmon_alert_rule good = good_rule();
    char long_text[1100];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_true(afmon_rule_check(&good, &problem));
    ASSERT_BAD("name", rule.name = NULL);
    ASSERT_BAD("name", rule.name = "");
    ASSERT_BAD("name", rule.name = "1a");
    ASSERT_BAD("name", rule.name = "a b");
    ASSERT_BAD("name", rule.name = long_text);
    ASSERT_BAD("metric", rule.metric = NULL);
    ASSERT_BAD("metric", rule.metric = "\xff");
    ASSERT_BAD("metric", rule.metric = long_text);
    ASSERT_BAD("aggregate", rule.aggregate = (afmon_rule_aggregate)8);
    ASSERT_BAD("quantile", (rule.aggregate = AFMON_RULE_QUANTILE, rule.quantile = 1.1));
    ASSERT_BAD("quantile", (rule.aggregate = AFMON_RULE_QUANTILE, rule.quantile = (double)NAN));
    ASSERT_BAD("level", rule.level = (afmon_level)3);
    ASSERT_BAD("comparison", rule.comparison = (afmon_rule_comparison)4);
    ASSERT_BAD("limit", rule.limit = (double)NAN);
    ASSERT_BAD("clear", rule.clear = AFMON_GIVEN(-1)); /* below 0 */
    ASSERT_BAD("clear", (rule.comparison = AFMON_RULE_ABOVE, rule.clear = AFMON_GIVEN(1)));
    ASSERT_BAD("window", rule.window_s = 0.5);
    ASSERT_BAD("window", rule.window_s = (double)NAN);
    ASSERT_BAD("for", rule.for_s = -1);
    ASSERT_BAD("for", rule.for_s = (double)INFINITY);
    ASSERT_BAD("keep_firing_for", rule.keep_firing_for_s = 604801);
    ASSERT_BAD("renotify", rule.renotify_s = -(double)INFINITY);
    ASSERT_BAD("min_samples", rule.min_samples = 0);
    ASSERT_BAD("where", rule.where_count = 1);
    ASSERT_BAD("where", rule.where_count = AFMON_RULE_WHERE_MAX + 1);
    ASSERT_BAD("message", rule.message = "");
    ASSERT_BAD("message", rule.message = "{valu}");
    ASSERT_BAD("resolved_message", rule.resolved_message = "{value");
    ASSERT_BAD("message", rule.message = long_text);
    afmon_field json = {.key = "k", .type = AFMON_JSON};
    ASSERT_BAD("where", (rule.where = &json, rule.where_count = 1));
    good.renotify_s = (double)INFINITY;
    assert_true(afmon_rule_check(&good, &problem));
}

static void a_list_has_no_name_twice(void **state)
{
    (void)state;
    afmon_alert_rule rules[3] = {good_rule(), good_rule(), good_rule()};
    afmon_error error;
    rules[1].name = "b";
    assert_int_equal(afmon_rules_check(rules, 2, &error), AFMON_OK);
    assert_int_equal(afmon_rules_check(rules, 3, &error), AFMON_E_ARGUMENT);
    assert_string_equal(error.message, "two rules are called 'a'");
    rules[1].window_s = 0;
    assert_int_equal(afmon_rules_check(rules, 2, &error), AFMON_E_ARGUMENT);
    assert_string_equal(error.message, "rules[1] 'b': window: give 1 second to 7 days");
    assert_int_equal(afmon_rules_check(NULL, 1, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_rules_check(rules, AFMON_MOST_RULES + 1, &error), AFMON_E_ARGUMENT);
}

/* ---- messages ---- */

static void assert_message(const char *template, const char *expected)
{
    afmon_alert_rule rule = good_rule();
    afmon_alert alert = {.name = "a",
                         .metric = "m",
                         .aggregate = "p99",
                         .value = 0.12345678,
                         .limit = 20,
                         .comparison = AFMON_RULE_AT_MOST,
                         .data = {.count = 7, .mean = 2.5, .min = -1, .max = 1e9}};
    char why[200];
    rule.message = template;
    if (template != NULL && !afmon_message_check(template, why, sizeof why))
        fail_msg("%s: %s", template, why);
    afmon_message_write(&rule, true, &alert);
    assert_string_equal(alert.message, expected);
}

static void templates_are_filled_in(void **state)
{
    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed: no comma must come of it */
    assert_message("{value} {value:.1f} {value:.0%} {value:.2%}", "0.123457 0.1 12% 12.35%");
    assert_message("{name} {metric} {aggregate} {comparison} {limit}", "a m p99 at most 20");
    assert_message("{count} {mean} {min} {max}", "7 2.5 -1 1e+09");
    assert_message("{{value}} 100% }}{{", "{value} 100% }{");
    assert_message(NULL, "p99 of m is 0.123457, at most 20");
    setlocale(LC_ALL, "C");
}

static void bad_templates_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{",      "}",          "a } b",          "{}",           "{value",  "{value:}", "{value:.1}", "{value:1f}",
        "{valu}", "{name:.1f}", "{value{limit}}", "{value:.10f}", "{ value}"};
    char why[200];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (afmon_message_check(bad[i], why, sizeof why))
            fail_msg("taken: %s", bad[i]);
    assert_false(afmon_message_check("{name:.1f}", why, sizeof why));
    assert_string_equal(why, "'{name:.1f' is a text, which has no form");
}

static void long_messages_are_cut_at_a_character(void **state)
{
    (void)state;
    afmon_alert_rule rule = good_rule();
    afmon_alert alert = {0};
    char template[1000] = "x";
    for (int i = 0; i < 200; i++)
        strcat(template, "\u00e4");
    rule.message = template;
    afmon_message_write(&rule, true, &alert);
    assert_int_equal(strlen(alert.message), sizeof alert.message - 1); /* 1 + 127 * 2 */
    rule.message = template + 1;
    afmon_message_write(&rule, true, &alert);
    assert_int_equal(strlen(alert.message), sizeof alert.message - 2);
}

static void quantiles_have_names(void **state)
{
    (void)state;
    static const struct {
        double quantile;
        const char *text;
    } cases[] = {{0.99, "p99"}, {0.999, "p99.9"}, {0.07, "p7"}, {0.5, "p50"}, {0, "p0"}, {1, "p100"}, {0.29, "p29"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        afmon_alert_rule rule = good_rule();
        char text[16];
        rule.aggregate = AFMON_RULE_QUANTILE;
        rule.quantile = cases[i].quantile;
        afmon_aggregate_text(&rule, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- metadata ---- */

static bool wants(const afmon_field *wanted, const afmon_field *fields, size_t count)
{
    afmon_alert_rule rule = good_rule();
    unsigned char packed[512];
    unsigned char *end = afmon_fields_pack(packed, fields, count);
    rule.where = wanted;
    rule.where_count = 1;
    bool result = afmon_rule_wants(&rule, fields, count);
    assert_true(afmon_rule_wants_packed(&rule, packed, (size_t)(end - packed)) == result);
    return result;
}

static void metadata_is_compared_by_type_and_value(void **state)
{
    (void)state;
    const afmon_field has[] = {afmon_string("s", "x"), afmon_int("i", 3),    afmon_double("d", 2.0),
                               afmon_bool("b", true),  afmon_null("n"),      afmon_string("", "e"),
                               afmon_int("twice", 1),  afmon_int("twice", 2)};
#define HAS(field) wants(&(afmon_field[]){field}[0], has, 5)
    assert_true(HAS(afmon_string("s", "x")));
    assert_false(HAS(afmon_string("s", "xy")));
    assert_false(HAS(afmon_string("s", "")));
    assert_false(HAS(afmon_string("t", "x")));
    assert_true(HAS(afmon_int("i", 3)));
    assert_true(HAS(afmon_double("i", 3)));
    assert_false(HAS(afmon_string("i", "3")));
    assert_true(HAS(afmon_int("d", 2)));
    assert_false(HAS(afmon_double("d", 2.5)));
    assert_true(HAS(afmon_bool("b", true)));
    assert_false(HAS(afmon_bool("b", false)));
    assert_false(HAS(afmon_int("b", 1)));
    assert_true(HAS(afmon_null("n")));
    assert_false(HAS(afmon_null("missing")));
    const afmon_field twice = afmon_int("twice", 2);
    assert_true(wants(&twice, has + 6, 2)); /* the last one counts */
    assert_false(wants(&twice, NULL, 0));
}

/* ---- values ---- */

static void values_of_files(void **state)
{
    (void)state;
    double number;
    uint64_t count;
    afmon_rule_aggregate aggregate;
    static const struct {
        const char *text;
        double seconds; /* below 0: none */
    } durations[] = {{"90", 90},  {"90s", 90},  {"500ms", 0.5}, {"1h30m", 5400}, {"2d", 172800}, {"1.5h", 5400},
                     {"0", 0},    {"", -1},     {"s", -1},      {"5x", -1},      {"5 m", -1},    {"-5m", -1},
                     {"5mm", -1}, {"1h30", -1}, {".5s", -1},    {"1e400", -1}};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        bool good = afmon_read_duration(durations[i].text, &number);
        if (good != (durations[i].seconds >= 0) || (good && number != durations[i].seconds))
            fail_msg("%s: %g", durations[i].text, number);
    }
    assert_true(afmon_read_number("80%", &number) && number == 0.8);
    assert_true(afmon_read_number("-1e3", &number) && number == -1000);
    assert_false(afmon_read_number("%", &number) || afmon_read_number("", &number) ||
                 afmon_read_number("inf", &number));
    assert_true(afmon_read_count("12", &count) && count == 12);
    assert_false(afmon_read_count("-1", &count) || afmon_read_count("1.5", &count) || afmon_read_count("", &count));
    assert_true(afmon_read_aggregate("p99.9", &aggregate, &number) && aggregate == AFMON_RULE_QUANTILE);
    assert_float_equal(number, 0.999, 1e-15);
    assert_false(afmon_read_aggregate("p101", &aggregate, &number) || afmon_read_aggregate("p", &aggregate, &number) ||
                 afmon_read_aggregate("p-0", &aggregate, &number));
}

static void suggestions(void **state)
{
    (void)state;
    static const char *const words[] = {"metric", "message", "min_samples"};
    assert_string_equal(afmon_suggest("metrc", words, 3), "metric");
    assert_string_equal(afmon_suggest("mess", words, 3), "message");
    assert_string_equal(afmon_suggest("min-samples", words, 3), "min_samples");
    assert_null(afmon_suggest("entirely", words, 3));
    assert_null(afmon_suggest("", words, 3));
    char long_word[200] = {0};
    memset(long_word, 'm', sizeof long_word - 1);
    assert_null(afmon_suggest(long_word, words, 3));
}

/* ---- files ---- */

static afmon_status parse(const char *text, afmon_rules *rules, afmon_error *error)
{
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    return afmon_rules_parse("f", text, strlen(text), &limits, rules, error);
}

static const afmon_alert_rule *find(const afmon_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->count; i++)
        if (strcmp(rules->rules[i].name, name) == 0)
            return &rules->rules[i];
    return NULL;
}

static const char whole[] = "built_in: true\n"
                            "rules:\n"
                            "- name: low_success_rate\n"
                            "  below: 90%\n"
                            "  clear: 0.95\n"
                            "  min_samples: 20\n"
                            "- {name: long_conversations, enabled: false}\n"
                            "- name: slow\n"
                            "  metric: generation_time\n"
                            "  where: {operation: answer, status: 429, ok: true, none: null, text: \"5\", half: 0.5}\n"
                            "  aggregate: p99.9\n"
                            "  at_least: 20\n"
                            "  clear: 15\n"
                            "  window: 10m\n"
                            "  for: 1m30s\n"
                            "  keep_firing_for: 5m\n"
                            "  min_samples: 50\n"
                            "  renotify: never\n"
                            "  send_resolved: false\n"
                            "  level: error\n"
                            "  message: \"{value} \\u00e4\"\n"
                            "  resolved_message: 'over'\n";

static void a_whole_file(void **state)
{
    (void)state;
    afmon_rules rules;
    afmon_error error;
    if (parse(whole, &rules, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    assert_int_equal(rules.count, 7);
    assert_null(find(&rules, "long_conversations"));
    const afmon_alert_rule *low = find(&rules, "low_success_rate");
    assert_ptr_equal(low, &rules.rules[0]);
    assert_true(low->limit == 0.9 && low->clear.value == 0.95 && low->min_samples == 20 && !low->send_resolved);
    assert_string_equal(low->message, "Success rate dropped to {value:.1%}");
    const afmon_alert_rule *slow = find(&rules, "slow");
    assert_ptr_equal(slow, &rules.rules[6]);
    assert_string_equal(slow->metric, "generation_time");
    assert_int_equal(slow->where_count, 6);
    static const afmon_type types[] = {AFMON_STRING, AFMON_INT, AFMON_BOOL, AFMON_NULL, AFMON_STRING, AFMON_DOUBLE};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(slow->where[i].type, types[i]);
    assert_true(slow->aggregate == AFMON_RULE_QUANTILE && slow->quantile > 0.998 && slow->quantile < 1);
    assert_true(slow->comparison == AFMON_RULE_AT_LEAST && slow->limit == 20 && slow->clear.value == 15);
    assert_true(slow->window_s == 600 && slow->for_s == 90 && slow->keep_firing_for_s == 300);
    assert_true(slow->min_samples == 50 && isinf(slow->renotify_s) && !slow->send_resolved);
    assert_int_equal(slow->level, AFMON_ERROR);
    assert_string_equal(slow->message, "{value} \u00e4");
    assert_string_equal(slow->resolved_message, "over");
    afmon_rules_free(&rules);
}

#define NAMED "rules:\n- name: a\n  metric: m\n  above: 1\n"

static void what_is_wrong_has_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"", "f:1:1: rules was expected, here is the end"},
        {"- a\n", "f:1:1: rules: (a key) was expected, here is a list"},
        {"rules: 5\n", "f:1:8: rules: a list of rules was expected, here is a single value"},
        {"rules: []\nrules: []\n", "f:2:1: rules stands here twice"},
        {"built_in: no\n", "f:1:11: built_in: give true or false"},
        {"alerts: []\n", "f:1:1: 'alerts' is no key of a rules file (rules, built_in)"},
        {"rules:\n- a\n", "f:2:3: a rule (name: ..., metric: ...) was expected, here is a single value"},
        {"rules:\n- metric: m\n", "f:2:3: name: give the rule a name"},
        {"rules:\n- name: a\n", "f:2:3: metric: give the name of a metric"},
        {"rules:\n- name: a\n  metric: m\n", "f:2:3: give a limit: below, above, at_most or at_least"},
        {"rules:\n- name: 5 a\n  metric: m\n  above: 1\n",
         "f:2:9: name: give a name of a letter, then letters, digits and any of _ : . -"},
        {NAMED "  below: 1\n", "f:5:10: below: the rule has above already; give one of them"},
        {NAMED "  above: 1\n", "f:5:3: above stands here twice, the first time in line 4"},
        {NAMED "  clear: 2\n", "f:5:10: clear: give the limit or less: above it the rule fires"},
        {NAMED "  window: 5 minutes\n",
         "f:5:11: window: '5 minutes' is no value for it: give a duration: 30s, 5m, 1h30m"},
        {NAMED "  window: 500ms\n", "f:5:11: window: give 1 second to 7 days"},
        {NAMED "  for: 8d\n", "f:5:8: for: give 0 to 7 days"},
        {NAMED "  min_samples: 0\n",
         "f:5:16: min_samples: give at least 1: only count, rate and sum are known of no samples"},
        {NAMED "  aggregate: median\n", "f:5:14: aggregate: 'median' is no value for it: give " AFMON_AGGREGATE_WORDS},
        {NAMED "  level: fatal\n", "f:5:10: level: 'fatal' is no value for it: give info, warning or error"},
        {NAMED "  where: x\n", "f:5:10: where: a mapping (key: value) was expected, here is a single value"},
        {NAMED "  where: {a: [1]}\n", "f:5:14: a value of metadata was expected, here is a list"},
        {NAMED "  where: {a: 1, a: 2}\n", "f:5:17: where: 'a' stands there twice"},
        {NAMED "  message: '{valeu}'\n",
         "f:5:12: message: '{valeu' is no placeholder: value, limit, count, mean, min, max, sum, name, metric, "
         "aggregate, comparison"},
        {NAMED "- name: a\n  metric: m\n  above: 1\n", "f:5:9: name: there is a rule 'a' already"},
        {NAMED "  enabled: false\n- name: a\n  metric: m\n  above: 1\n", "f:6:9: name: there is a rule 'a' already"},
        {NAMED "  renotfy: 5m\n", "f:5:3: 'renotfy' is no key of a rule; did you mean 'renotify'?"},
        {NAMED "  message: &a x\n  resolved_message: *a\n",
         "f:5:12: anchors (&), aliases (*) and tags (!) are not taken"},
        {NAMED "  message: !!str x\n", "f:5:12: anchors (&), aliases (*) and tags (!) are not taken"},
        {NAMED "  message: \"a\\0b\"\n", "f:5:12: message may not hold a NUL"},
        {"rules: []\n---\nrules: []\n", "f:2:1: the end of the file was expected, here is a second document"},
        {"rules:\n- name: low_success_rate\n  metric: m\n",
         "f:3:11: metric: the built-in rule low_success_rate judges the mean of success_rate; for another one take "
         "another name"},
        {"rules:\n- name: low_success_rate\n  above: 1\n",
         "f:3:10: above: the built-in rule low_success_rate fires below its limit"},
        {"rules:\n- name: low_success_rate\n- name: low_success_rate\n",
         "f:3:9: name: there is a rule 'low_success_rate' already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        afmon_rules rules;
        afmon_error error = {0};
        assert_int_equal(parse(cases[i].text, &rules, &error), AFMON_E_FORMAT);
        assert_string_equal(error.message, cases[i].error);
        assert_int_equal(error.status, AFMON_E_FORMAT);
        assert_true(rules.count == 0 && rules.storage == NULL);
    }
}

static void what_is_not_yaml_is_no_harm(void **state)
{
    (void)state;
    static const char *const cases[] = {"rules: [",         "\t",  "a: b: c", "\xff\xfe", "rules:\n- \"\\x",
                                        "%YAML 3.0\n---\n", "{{{{"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        afmon_rules rules;
        afmon_error error = {0};
        assert_int_equal(parse(cases[i], &rules, &error), AFMON_E_FORMAT);
        assert_true(strncmp(error.message, "f:", 2) == 0);
    }
    afmon_rules rules;
    afmon_error error;
    char *deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    assert_int_equal(parse(deep, &rules, &error), AFMON_E_FORMAT);
    free(deep);
    char *large = calloc(1, AFMON_RULES_FILE_MAX + 2);
    memset(large, '#', AFMON_RULES_FILE_MAX + 1);
    assert_int_equal(parse(large, &rules, &error), AFMON_E_TOO_BIG);
    free(large);
    afmon_alert_limits limits;
    afmon_alert_limits_init(&limits);
    assert_int_equal(afmon_rules_parse("f", "a\0b", 3, &limits, &rules, &error), AFMON_E_FORMAT);
    assert_int_equal(afmon_rules_load("/nowhere/x", NULL, &rules, &error), AFMON_E_SYSTEM);
    assert_int_equal(afmon_rules_load(NULL, NULL, &rules, &error), AFMON_E_ARGUMENT);
    limits.max_error_rate = -1;
    assert_int_equal(afmon_rules_load("x", &limits, &rules, &error), AFMON_E_ARGUMENT);
}

/* A file of `count` rules of its own, and then one that changes a built-in rule. */
static afmon_status parse_many(size_t count, afmon_rules *rules, afmon_error *error)
{
    size_t room = (count + 2) * 64;
    char *text = malloc(room);
    size_t length = (size_t)snprintf(text, room, "rules:\n");
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, room - length, "- {name: r%zu, metric: m, above: 1}\n", i);
    snprintf(text + length, room - length, "- {name: low_success_rate, below: 0.5}\n");
    afmon_status status = parse(text, rules, error);
    free(text);
    return status;
}

static void the_built_in_rules_count_to_the_most(void **state)
{
    (void)state;
    afmon_rules rules;
    afmon_error error = {0};
    assert_int_equal(parse_many(993, &rules, &error), AFMON_OK);
    assert_int_equal(rules.count, AFMON_MOST_RULES);
    afmon_rules_free(&rules);
    assert_int_equal(parse_many(994, &rules, &error), AFMON_E_FORMAT);
    assert_non_null(strstr(error.message, "give at most 993 rules besides the built-in ones"));
}

static void built_in_rules_may_be_left_out(void **state)
{
    (void)state;
    afmon_rules rules;
    assert_int_equal(parse("built_in: false\nrules: [{name: low_success_rate}]\n", &rules, NULL), AFMON_OK);
    assert_int_equal(rules.count, 1);
    afmon_rules_free(&rules);
    assert_int_equal(parse("built_in: false\n", &rules, NULL), AFMON_OK);
    assert_int_equal(rules.count, 0);
    afmon_rules_free(&rules);
    assert_int_equal(parse("{}", &rules, NULL), AFMON_OK);
    assert_int_equal(rules.count, AFMON_ALERT_RULES);
    afmon_rules_free(&rules);
    afmon_rules_free(&rules);
    afmon_rules_free(NULL);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 1; failed; n++) {
        afmon_rules rules;
        afmon_error error = {0};
        fail_alloc_at(n);
        afmon_status status = parse(whole, &rules, &error);
        failed = fail_alloc_stop();
        assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
        assert_int_equal(error.status, status);
        afmon_rules_free(&rules);
    }
}

static void odd_rules_are_told(void **state)
{
    (void)state;
    const afmon_field where[] = {afmon_int("shard", 3), afmon_string("operation", "opensimula.tasks.single_qa_json")};
    afmon_alert_rule rule;
    char text[400] = "as it was";
    char cut[10];
    afmon_alert_rule_init(&rule);
    rule.name = "a";
    rule.metric = "error_rate";
    assert_false(afmon_alert_rule_remark(&rule, text, sizeof text));
    rule.metric = "cache_hits";
    assert_false(afmon_alert_rule_remark(&rule, text, sizeof text));
    assert_string_equal(text, "as it was");
    rule.metric = "sucess_rate";
    assert_true(afmon_alert_rule_remark(&rule, text, sizeof text));
    assert_string_equal(text, "rule 'a': no metric of afmon's is called 'sucess_rate'; did you mean 'success_rate'?");
    assert_true(afmon_alert_rule_remark(&rule, cut, sizeof cut));
    assert_string_equal(cut, "rule 'a':");
    rule.where = where;
    rule.where_count = 2;
    assert_true(afmon_alert_rule_remark(&rule, text, sizeof text));
    assert_non_null(strstr(text, "it emits opensimula.task.single_qa_generate"));
    assert_false(afmon_alert_rule_remark(&rule, text, 0));
    assert_false(afmon_alert_rule_remark(NULL, text, sizeof text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_rules_are_told_by_the_member),
        cmocka_unit_test(a_list_has_no_name_twice),
        cmocka_unit_test(templates_are_filled_in),
        cmocka_unit_test(bad_templates_are_told),
        cmocka_unit_test(long_messages_are_cut_at_a_character),
        cmocka_unit_test(quantiles_have_names),
        cmocka_unit_test(metadata_is_compared_by_type_and_value),
        cmocka_unit_test(values_of_files),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(odd_rules_are_told),
        cmocka_unit_test(a_whole_file),
        cmocka_unit_test(what_is_wrong_has_a_place),
        cmocka_unit_test(what_is_not_yaml_is_no_harm),
        cmocka_unit_test(the_built_in_rules_count_to_the_most),
        cmocka_unit_test(built_in_rules_may_be_left_out),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
