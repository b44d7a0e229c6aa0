#include "alerts/rule_draft.h"

#include <math.h>
#include <string.h>

#include "alerts/rule_values.h"
#include "base/suggest.h"

static const char *const key_names[AFMON_RULE_KEYS] = {
    "name",
    "enabled",
    "metric",
    "where",
    "aggregate",
    "window",
    "below",
    "above",
    "at_most",
    "at_least",
    "clear",
    "for",
    "keep_firing_for",
    "min_samples",
    "renotify",
    "send_resolved",
    "level",
    "message",
    "resolved_message",
};

/* ---- values ---- */

/* An error about the value at hand. */
static bool wrong(struct afmon_yaml *yaml, enum afmon_rule_key key, const char *text, const char *wanted)
{
    return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "%s: '%.60s' is no value for it: give %s", key_names[key],
                           text, wanted);
}

static bool keep_text(struct afmon_yaml *yaml, struct afmon_rule_draft *draft, const char *text, const char **out)
{
    *out = afmon_rules_keep(&draft->texts, text, strlen(text));
    return *out != NULL || afmon_yaml_fail_memory(yaml);
}

static bool read_duration(struct afmon_yaml *yaml, enum afmon_rule_key key, const char *text, double *seconds)
{
    return afmon_read_duration(text, seconds) || wrong(yaml, key, text, "a duration: 30s, 5m, 1h30m");
}

static bool read_renotify(struct afmon_yaml *yaml, const char *text, double *seconds)
{
    if (strcmp(text, "never") == 0) {
        *seconds = (double)INFINITY;
        return true;
    }
    return afmon_read_duration(text, seconds) ||
           wrong(yaml, AFMON_KEY_RENOTIFY, text, "a duration (10m), 0 for every pass, or never");
}

static bool read_limit(struct afmon_yaml *yaml, struct afmon_rule_draft *draft, enum afmon_rule_key key,
                       const char *text)
{
    for (int other = AFMON_KEY_BELOW; other <= AFMON_KEY_AT_LEAST; other++)
        if (draft->given[other] && other != (int)key)
            return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "%s: the rule has %s already; give one of them",
                                   key_names[key], key_names[other]);
    draft->rule.comparison = (afmon_rule_comparison)(key - AFMON_KEY_BELOW);
    return afmon_read_number(text, &draft->rule.limit) || wrong(yaml, key, text, "a number");
}

static bool read_clear(struct afmon_yaml *yaml, struct afmon_rule_draft *draft, const char *text)
{
    draft->rule.clear.given = true;
    return afmon_read_number(text, &draft->rule.clear.value) || wrong(yaml, AFMON_KEY_CLEAR, text, "a number");
}

static bool read_text_key(struct afmon_yaml *yaml, struct afmon_rule_draft *draft, enum afmon_rule_key key,
                          const char *text)
{
    afmon_alert_rule *rule = &draft->rule;
    switch (key) {
    case AFMON_KEY_NAME:
        return keep_text(yaml, draft, text, &rule->name);
    case AFMON_KEY_METRIC:
        return keep_text(yaml, draft, text, &rule->metric);
    case AFMON_KEY_MESSAGE:
        return keep_text(yaml, draft, text, &rule->message);
    default:
        return keep_text(yaml, draft, text, &rule->resolved_message);
    }
}

/* Any key but where. */
static bool read_scalar(struct afmon_yaml *yaml, struct afmon_rule_draft *draft, enum afmon_rule_key key)
{
    afmon_alert_rule *rule = &draft->rule;
    const char *text = afmon_yaml_text(yaml, key_names[key]);
    if (text == NULL)
        return false;
    switch (key) {
    case AFMON_KEY_ENABLED:
        return afmon_read_switch(text, &draft->enabled) || wrong(yaml, key, text, "true or false");
    case AFMON_KEY_SEND_RESOLVED:
        return afmon_read_switch(text, &rule->send_resolved) || wrong(yaml, key, text, "true or false");
    case AFMON_KEY_AGGREGATE:
        return afmon_read_aggregate(text, &rule->aggregate, &rule->quantile) ||
               wrong(yaml, key, text, AFMON_AGGREGATE_WORDS);
    case AFMON_KEY_LEVEL:
        return afmon_read_level(text, &rule->level) || wrong(yaml, key, text, "info, warning or error");
    case AFMON_KEY_MIN_SAMPLES:
        return afmon_read_count(text, &rule->min_samples) || wrong(yaml, key, text, "a whole number");
    case AFMON_KEY_WINDOW:
        return read_duration(yaml, key, text, &rule->window_s);
    case AFMON_KEY_FOR:
        return read_duration(yaml, key, text, &rule->for_s);
    case AFMON_KEY_KEEP_FIRING_FOR:
        return read_duration(yaml, key, text, &rule->keep_firing_for_s);
    case AFMON_KEY_RENOTIFY:
        return read_renotify(yaml, text, &rule->renotify_s);
    case AFMON_KEY_CLEAR:
        return read_clear(yaml, draft, text);
    case AFMON_KEY_BELOW:
    case AFMON_KEY_ABOVE:
    case AFMON_KEY_AT_MOST:
    case AFMON_KEY_AT_LEAST:
        return read_limit(yaml, draft, key, text);
    default:
        return read_text_key(yaml, draft, key, text);
    }
}

/* ---- where ---- */

static bool has_field(const struct afmon_rule_draft *draft, const char *key)
{
    for (size_t i = 0; i < draft->rule.where_count; i++)
        if (strcmp(draft->where[i].key, key) == 0)
            return true;
    return false;
}

static bool read_field(struct afmon_yaml *yaml, struct afmon_rule_draft *draft)
{
    const char *key = afmon_yaml_text(yaml, "a key of metadata");
    if (key == NULL)
        return false;
    if (key[0] == '\0' || has_field(draft, key))
        return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "where: '%.60s' %s", key,
                               key[0] == '\0' ? "is no key" : "stands there twice");
    if (draft->rule.where_count == AFMON_RULE_WHERE_MAX)
        return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "where: give at most %d fields", AFMON_RULE_WHERE_MAX);
    afmon_field *field = &draft->where[draft->rule.where_count];
    if (!keep_text(yaml, draft, key, &field->key) || !afmon_yaml_next(yaml))
        return false;
    const char *text = afmon_yaml_text(yaml, "a value of metadata");
    const char *kept;
    if (text == NULL || !keep_text(yaml, draft, text, &kept))
        return false;
    if (afmon_yaml_is_plain(yaml))
        afmon_read_plain(kept, field);
    else
        *field = afmon_string(field->key, kept);
    draft->rule.where_count++;
    return true;
}

static bool read_where(struct afmon_yaml *yaml, struct afmon_rule_draft *draft)
{
    if (!afmon_yaml_expect(yaml, YAML_MAPPING_START_EVENT, "where: a mapping (key: value)"))
        return false;
    while (afmon_yaml_next(yaml) && yaml->event.type != YAML_MAPPING_END_EVENT)
        if (!read_field(yaml, draft))
            return false;
    draft->rule.where = draft->where;
    return yaml->status == AFMON_OK;
}

/* ---- keys ---- */

static bool read_key(struct afmon_yaml *yaml, struct afmon_rule_draft *draft, enum afmon_rule_key *key)
{
    const char *text = afmon_yaml_text(yaml, "a key");
    if (text == NULL)
        return false;
    int found = 0;
    while (found < AFMON_RULE_KEYS && strcmp(text, key_names[found]) != 0)
        found++;
    if (found < AFMON_RULE_KEYS) {
        *key = (enum afmon_rule_key)found;
        return !draft->given[found] ||
               afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "%s stands here twice, the first time in line %zu", text,
                               draft->places[found].line);
    }
    const char *meant = afmon_suggest(text, key_names, AFMON_RULE_KEYS);
    return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "'%.60s' is no key of a rule%s%s%s", text,
                           meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                           meant != NULL ? "'?" : "");
}

bool afmon_rule_draft_read(struct afmon_yaml *yaml, struct afmon_rule_draft *draft)
{
    *draft = (struct afmon_rule_draft){.enabled = true, .place = afmon_yaml_place(yaml)};
    afmon_alert_rule_init(&draft->rule);
    if (!afmon_yaml_expect(yaml, YAML_MAPPING_START_EVENT, "a rule (name: ..., metric: ...)"))
        return false;
    while (afmon_yaml_next(yaml) && yaml->event.type != YAML_MAPPING_END_EVENT) {
        enum afmon_rule_key key = AFMON_RULE_KEYS;
        if (!read_key(yaml, draft, &key) || !afmon_yaml_next(yaml))
            return false;
        draft->places[key] = afmon_yaml_place(yaml);
        if (!(key == AFMON_KEY_WHERE ? read_where(yaml, draft) : read_scalar(yaml, draft, key)))
            return false;
        draft->given[key] = true;
    }
    return yaml->status == AFMON_OK;
}

void afmon_rule_draft_free(struct afmon_rule_draft *draft)
{
    afmon_rules_free(&draft->texts);
}

/* ---- what comes of it ---- */

static bool is_low(afmon_rule_comparison comparison)
{
    return comparison == AFMON_RULE_BELOW || comparison == AFMON_RULE_AT_MOST;
}

/* Its message would not tell the truth any more. */
static bool check_fixed(struct afmon_yaml *yaml, const struct afmon_rule_draft *draft, const afmon_alert_rule *rule)
{
    static const enum afmon_rule_key fixed[] = {AFMON_KEY_METRIC, AFMON_KEY_AGGREGATE};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (draft->given[fixed[i]])
            return afmon_yaml_fail(yaml, draft->places[fixed[i]],
                                   "%s: the built-in rule %s judges the mean of %s; for another one take another name",
                                   key_names[fixed[i]], rule->name, rule->metric);
    for (int key = AFMON_KEY_BELOW; key <= AFMON_KEY_AT_LEAST; key++)
        if (draft->given[key] && is_low(draft->rule.comparison) != is_low(rule->comparison))
            return afmon_yaml_fail(yaml, draft->places[key], "%s: the built-in rule %s fires %s its limit",
                                   key_names[key], rule->name, is_low(rule->comparison) ? "below" : "above");
    return true;
}

bool afmon_rule_draft_over(struct afmon_yaml *yaml, const struct afmon_rule_draft *draft, afmon_alert_rule *rule)
{
    const afmon_alert_rule *from = &draft->rule;
    const bool *given = draft->given;
    if (!check_fixed(yaml, draft, rule))
        return false;
    if (given[AFMON_KEY_BELOW] || given[AFMON_KEY_ABOVE] || given[AFMON_KEY_AT_MOST] || given[AFMON_KEY_AT_LEAST]) {
        rule->comparison = from->comparison;
        rule->limit = from->limit;
    }
    rule->where = given[AFMON_KEY_WHERE] ? from->where : rule->where;
    rule->where_count = given[AFMON_KEY_WHERE] ? from->where_count : rule->where_count;
    rule->window_s = given[AFMON_KEY_WINDOW] ? from->window_s : rule->window_s;
    rule->clear = given[AFMON_KEY_CLEAR] ? from->clear : rule->clear;
    rule->for_s = given[AFMON_KEY_FOR] ? from->for_s : rule->for_s;
    rule->keep_firing_for_s = given[AFMON_KEY_KEEP_FIRING_FOR] ? from->keep_firing_for_s : rule->keep_firing_for_s;
    rule->min_samples = given[AFMON_KEY_MIN_SAMPLES] ? from->min_samples : rule->min_samples;
    rule->renotify_s = given[AFMON_KEY_RENOTIFY] ? from->renotify_s : rule->renotify_s;
    rule->send_resolved = given[AFMON_KEY_SEND_RESOLVED] ? from->send_resolved : rule->send_resolved;
    rule->level = given[AFMON_KEY_LEVEL] ? from->level : rule->level;
    rule->message = given[AFMON_KEY_MESSAGE] ? from->message : rule->message;
    rule->resolved_message = given[AFMON_KEY_RESOLVED_MESSAGE] ? from->resolved_message : rule->resolved_message;
    return true;
}

/* Where the member of a rule was given; the rule's own place where it was not. */
static struct afmon_yaml_place place_of(const struct afmon_rule_draft *draft, const char *member)
{
    if (strcmp(member, "quantile") == 0)
        member = "aggregate";
    bool limit = strcmp(member, "limit") == 0 || strcmp(member, "comparison") == 0;
    for (int key = 0; key < AFMON_RULE_KEYS; key++)
        if (draft->given[key] &&
            (strcmp(member, key_names[key]) == 0 || (limit && key >= AFMON_KEY_BELOW && key <= AFMON_KEY_AT_LEAST)))
            return draft->places[key];
    return draft->place;
}

bool afmon_rule_draft_check(struct afmon_yaml *yaml, const struct afmon_rule_draft *draft, const afmon_alert_rule *rule)
{
    struct afmon_rule_problem problem;
    return afmon_rule_check(rule, &problem) ||
           afmon_yaml_fail(yaml, place_of(draft, problem.member), "%s: %s", problem.member, problem.why);
}
