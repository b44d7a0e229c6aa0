#include "alerts/rules_file.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/rule_draft.h"
#include "alerts/rule_values.h"
#include "base/file.h"
#include "base/status.h"
#include "base/suggest.h"

/* What a file has said so far. */
struct reading {
    struct afmon_yaml yaml;
    const afmon_alert_limits *limits;
    bool built_in;                        /* those that the file does not name are wanted */
    afmon_rules named[AFMON_ALERT_RULES]; /* built-in rules that the file names, one or, where it is off, none */
    bool is_named[AFMON_ALERT_RULES];
    afmon_rules others;
    afmon_rules off; /* rules that are not enabled: their names are taken */
};

/* ---- a rule ---- */

static bool has_name(const afmon_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->count; i++)
        if (strcmp(rules->rules[i].name, name) == 0)
            return true;
    return false;
}

/* Which built-in rule has a name; AFMON_ALERT_RULES: none. */
static size_t find_built_in(const struct reading *reading, const char *name)
{
    size_t i = 0;
    while (i < AFMON_ALERT_RULES && strcmp(afmon_rule_built_in(i, reading->limits).name, name) != 0)
        i++;
    return i;
}

static bool add(struct reading *reading, afmon_rules *list, const afmon_alert_rule *rule)
{
    return afmon_rules_add(list, rule) || afmon_yaml_fail_memory(&reading->yaml);
}

static bool add_built_in(struct reading *reading, const struct afmon_rule_draft *draft, size_t index)
{
    afmon_alert_rule rule = afmon_rule_built_in(index, reading->limits);
    reading->is_named[index] = true;
    return afmon_rule_draft_over(&reading->yaml, draft, &rule) &&
           afmon_rule_draft_check(&reading->yaml, draft, &rule) &&
           (!draft->enabled || add(reading, &reading->named[index], &rule));
}

static bool add_other(struct reading *reading, const struct afmon_rule_draft *draft)
{
    struct afmon_yaml *yaml = &reading->yaml;
    const bool *given = draft->given;
    if (!given[AFMON_KEY_METRIC])
        return afmon_yaml_fail(yaml, draft->place, "metric: give the name of a metric");
    if (!given[AFMON_KEY_BELOW] && !given[AFMON_KEY_ABOVE] && !given[AFMON_KEY_AT_MOST] && !given[AFMON_KEY_AT_LEAST])
        return afmon_yaml_fail(yaml, draft->place, "give a limit: below, above, at_most or at_least");
    if (!afmon_rule_draft_check(yaml, draft, &draft->rule))
        return false;
    if (reading->others.count + reading->off.count + AFMON_ALERT_RULES >= AFMON_MOST_RULES)
        return afmon_yaml_fail(yaml, draft->place, "give at most %d rules besides the built-in ones",
                               AFMON_MOST_RULES - AFMON_ALERT_RULES);
    return add(reading, draft->enabled ? &reading->others : &reading->off, &draft->rule);
}

static bool read_rule(struct reading *reading, struct afmon_rule_draft *draft)
{
    struct afmon_yaml *yaml = &reading->yaml;
    if (!afmon_rule_draft_read(yaml, draft))
        return false;
    const char *name = draft->rule.name;
    if (!draft->given[AFMON_KEY_NAME])
        return afmon_yaml_fail(yaml, draft->place, "name: give the rule a name");
    size_t built_in = find_built_in(reading, name);
    bool twice = built_in < AFMON_ALERT_RULES ? reading->is_named[built_in]
                                              : has_name(&reading->others, name) || has_name(&reading->off, name);
    if (twice)
        return afmon_yaml_fail(yaml, draft->places[AFMON_KEY_NAME], "name: there is a rule '%.63s' already", name);
    return built_in < AFMON_ALERT_RULES ? add_built_in(reading, draft, built_in) : add_other(reading, draft);
}

static bool read_rules(struct reading *reading)
{
    if (!afmon_yaml_expect(&reading->yaml, YAML_SEQUENCE_START_EVENT, "rules: a list of rules"))
        return false;
    while (afmon_yaml_next(&reading->yaml) && reading->yaml.event.type != YAML_SEQUENCE_END_EVENT) {
        struct afmon_rule_draft draft;
        bool good = read_rule(reading, &draft);
        afmon_rule_draft_free(&draft);
        if (!good)
            return false;
    }
    return reading->yaml.status == AFMON_OK;
}

/* ---- a file ---- */

static bool read_built_in(struct reading *reading)
{
    const char *text = afmon_yaml_text(&reading->yaml, "built_in");
    if (text == NULL)
        return false;
    return afmon_read_switch(text, &reading->built_in) ||
           afmon_yaml_fail(&reading->yaml, afmon_yaml_place(&reading->yaml), "built_in: give true or false");
}

static bool read_top_key(struct reading *reading, bool seen[2])
{
    static const char *const names[] = {"built_in", "rules"};
    struct afmon_yaml *yaml = &reading->yaml;
    const char *text = afmon_yaml_text(yaml, "a key");
    if (text == NULL)
        return false;
    size_t key = strcmp(text, names[0]) == 0 ? 0 : strcmp(text, names[1]) == 0 ? 1 : 2;
    if (key == 2) {
        const char *meant = afmon_suggest(text, names, 2);
        return afmon_yaml_fail(
            yaml, afmon_yaml_place(yaml), "'%.60s' is no key of a rules file (rules, built_in)%s%s%s", text,
            meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "", meant != NULL ? "'?" : "");
    }
    if (seen[key])
        return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "%s stands here twice", names[key]);
    seen[key] = true;
    return afmon_yaml_next(yaml) && (key == 0 ? read_built_in(reading) : read_rules(reading));
}

static bool read_document(struct reading *reading)
{
    struct afmon_yaml *yaml = &reading->yaml;
    bool seen[2] = {false, false};
    if (!afmon_yaml_next(yaml) || !afmon_yaml_expect(yaml, YAML_DOCUMENT_START_EVENT, "rules") ||
        !afmon_yaml_next(yaml) || !afmon_yaml_expect(yaml, YAML_MAPPING_START_EVENT, "rules: (a key)"))
        return false;
    while (afmon_yaml_next(yaml) && yaml->event.type != YAML_MAPPING_END_EVENT)
        if (!read_top_key(reading, seen))
            return false;
    return yaml->status == AFMON_OK && afmon_yaml_next(yaml) &&
           afmon_yaml_expect(yaml, YAML_DOCUMENT_END_EVENT, "the end of the rules") && afmon_yaml_next(yaml) &&
           afmon_yaml_expect(yaml, YAML_STREAM_END_EVENT, "the end of the file");
}

static bool append(afmon_rules *rules, const afmon_rules *more)
{
    for (size_t i = 0; i < more->count; i++)
        if (!afmon_rules_add(rules, &more->rules[i]))
            return false;
    return true;
}

/* The built-in ones in their order, then the others in the file's. */
static bool put_together(const struct reading *reading, afmon_rules *rules)
{
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++) {
        afmon_alert_rule rule = afmon_rule_built_in(i, reading->limits);
        bool added = reading->is_named[i] ? append(rules, &reading->named[i])
                     : reading->built_in  ? afmon_rules_add(rules, &rule)
                                          : true;
        if (!added)
            return false;
    }
    return append(rules, &reading->others);
}

static void free_reading(struct reading *reading)
{
    afmon_yaml_close(&reading->yaml);
    for (size_t i = 0; i < AFMON_ALERT_RULES; i++)
        afmon_rules_free(&reading->named[i]);
    afmon_rules_free(&reading->others);
    afmon_rules_free(&reading->off);
}

afmon_status afmon_rules_parse(const char *name, const void *text, size_t size, const afmon_alert_limits *limits,
                               afmon_rules *rules, afmon_error *error)
{
    struct reading reading = {.limits = limits, .built_in = true};
    *rules = (afmon_rules){0};
    if (size > AFMON_RULES_FILE_MAX)
        return afmon_fail(error, AFMON_E_TOO_BIG, "%s: a rules file has at most 1 MiB", name);
    if (memchr(text, '\0', size) != NULL)
        return afmon_fail(error, AFMON_E_FORMAT, "%s: it holds a NUL, so it is no text", name);
    bool good = afmon_yaml_open(&reading.yaml, name, text, size, error) && read_document(&reading);
    if (good && !put_together(&reading, rules)) {
        afmon_rules_free(rules);
        good = afmon_yaml_fail_memory(&reading.yaml);
    }
    afmon_status status = good ? AFMON_OK : reading.yaml.status;
    free_reading(&reading);
    return status;
}

afmon_status afmon_rules_load(const char *path, const afmon_alert_limits *limits, afmon_rules *rules,
                              afmon_error *error)
{
    afmon_alert_limits defaults;
    afmon_alert_limits_init(&defaults);
    limits = limits != NULL ? limits : &defaults;
    if (path == NULL || rules == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "give the path of a rules file and a place for the rules");
    *rules = (afmon_rules){0};
    if (afmon_alert_limits_bad(limits) != NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "limits.%s: give a number that is not negative",
                          afmon_alert_limits_bad(limits));
    struct afmon_buffer text;
    afmon_buffer_init(&text, AFMON_RULES_FILE_MAX + 1);
    afmon_status status = afmon_file_text(path, AFMON_RULES_FILE_MAX, &text, error);
    if (status == AFMON_OK)
        status = afmon_rules_parse(path, text.data, text.length, limits, rules, error);
    afmon_buffer_free(&text);
    return status;
}
