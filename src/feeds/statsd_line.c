#include "feeds/statsd_line.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

#define VALUE_MOST 100 /* bytes of a tag's value, and of a part of a name */
#define NAME_MOST 250

struct line {
    char *at;
    char *end; /* room for the newline is behind it */
};

static void add(struct line *line, const char *text, size_t length)
{
    if ((size_t)(line->end - line->at) < length)
        return;
    memcpy(line->at, text, length);
    line->at += length;
}

static void add_text(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

/* A part of a name: letters, digits, '_', '-' and '.'; all else is '_'. */
static void add_name(struct line *line, const char *text, size_t length)
{
    for (size_t i = 0; i < length && i < NAME_MOST; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                     c == '-' || c == '.';
        add(line, plain ? &c : "_", 1);
    }
}

static bool is_mark(char c)
{
    return c == '|' || c == ',' || c == '#' || c == '@' || (unsigned char)c <= 0x20 || c == 0x7F;
}

/* A tag's value: UTF-8 without the marks of the format, cut between characters. */
static void add_tag_value(struct line *line, const char *text, size_t length)
{
    size_t limit = length < VALUE_MOST ? length : VALUE_MOST;
    for (size_t at = 0; at < limit;) {
        bool well_formed = true;
        size_t part = (unsigned char)text[at] < 0x80 ? 1 : afmon_utf8_part(text + at, length - at, &well_formed);
        if (at + part > VALUE_MOST)
            return;
        if (!well_formed || (part == 1 && is_mark(text[at])))
            add(line, "_", 1);
        else
            add(line, text + at, part);
        at += part;
    }
}

struct tags {
    struct line *line;
    bool any;
};

static void add_tag(struct tags *tags, const char *key, const char *value, size_t length)
{
    if (length == 0)
        return;
    add_text(tags->line, tags->any ? "," : "|#");
    tags->any = true;
    add_text(tags->line, key);
    add_text(tags->line, ":");
    add_tag_value(tags->line, value, length);
}

/* Metadata whose values are few. What repeats never (texts, lengths, numbers) would make a series of each sample. */
static void add_field_tags(struct tags *tags, const afmon_sample *sample)
{
    static const char *const keys[] = {"operation",      "component", "model_name", "error_type",
                                       "evaluator_type", "provider",  "status",     "retried"};
    for (size_t i = 0; i < sample->field_count; i++) {
        const afmon_field *field = &sample->fields[i];
        size_t length = field->key_length != 0 ? field->key_length : strlen(field->key);
        char digits[AFMON_NUMBER_SIZE];
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            if (strlen(keys[k]) != length || memcmp(keys[k], field->key, length) != 0)
                continue;
            if (field->type == AFMON_STRING)
                add_tag(tags, keys[k], field->as.text.data, field->as.text.length);
            else if (field->type == AFMON_INT)
                add_tag(tags, keys[k], digits, afmon_format_int(digits, field->as.integer));
            else if (field->type == AFMON_BOOL)
                add_tag(tags, keys[k], field->as.boolean ? "true" : "false", field->as.boolean ? 4 : 5);
        }
    }
}

/* ---- what a metric is in StatsD ---- */

enum shape { COUNT, SECONDS, AMOUNT };

struct rule {
    const char *name; /* ending in a mark: what is behind it is the tag's value */
    const char *statsd;
    enum shape shape;
    const char *tag; /* of the rest of the name, or the outcome; NULL: none */
};

static const struct rule rules[] = {
    {"success_rate", "generations", COUNT, "outcome"},
    {"error_rate", "generation_errors", COUNT, NULL},
    {"api_errors", "api_errors", COUNT, NULL},
    {"model_usage:", "model_usage", COUNT, "model_name"},
    {"finish_reason:", "finish_reason", COUNT, "finish_reason"},
    {"evaluation_error_rate", "evaluation_errors", COUNT, NULL},
    {"generation_time", "generation_time", SECONDS, NULL},
    {"evaluation_time", "evaluation_time", SECONDS, NULL},
    {"evaluation_score_", "evaluation_score", AMOUNT, "score"},
};

static const struct rule *rule_of(const afmon_sample *sample)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        size_t length = strlen(rules[i].name);
        char last = rules[i].name[length - 1];
        bool prefix = last == ':' || last == '_';
        if ((prefix ? sample->metric_length > length : sample->metric_length == length) &&
            memcmp(sample->metric, rules[i].name, length) == 0)
            return &rules[i];
    }
    return NULL;
}

static void add_number(struct line *line, double value)
{
    char digits[AFMON_NUMBER_SIZE];
    size_t length = afmon_format_double(digits, value);
    if (length > 2 && digits[length - 2] == '.' && digits[length - 1] == '0')
        length -= 2;
    add(line, digits, length);
}

/* Plain StatsD's only distribution is the timer, whose values are meant in milliseconds. */
static void add_value(struct line *line, const struct afmon_statsd_style *style, enum shape shape, double value)
{
    add_text(line, ":");
    add_number(line, shape == SECONDS ? value * 1000 : value);
    add_text(line, shape == COUNT ? "|c" : style->dog ? "|d" : "|ms");
}

size_t afmon_statsd_line(char *out, const struct afmon_statsd_style *style, const afmon_sample *sample)
{
    const struct rule *rule = rule_of(sample);
    struct line line = {out, out + AFMON_STATSD_LINE_MOST - 1};
    double value = sample->value;
    const char *special = NULL;
    size_t special_length = 0;
    if (!isfinite(value))
        return 0;
    add_text(&line, style->prefix);
    if (rule == NULL)
        add_name(&line, sample->metric, sample->metric_length);
    else
        add_text(&line, rule->statsd);
    if (rule != NULL && rule == &rules[0]) {
        special = value > 0 ? "success" : "failure";
        special_length = strlen(special);
        value = 1;
    } else if (rule != NULL && rule->tag != NULL) {
        special = sample->metric + strlen(rule->name);
        special_length = sample->metric_length - strlen(rule->name);
    }
    if (special != NULL && !style->dog) { /* without tags the name has to tell */
        add_text(&line, ".");
        add_name(&line, special, special_length);
    }
    add_value(&line, style, rule == NULL ? AMOUNT : rule->shape, value);
    if (style->dog) {
        struct tags tags = {.line = &line};
        if (special != NULL)
            add_tag(&tags, rule->tag, special, special_length);
        add_field_tags(&tags, sample);
        if (style->tags[0] != '\0') {
            add_text(&line, tags.any ? "," : "|#");
            add_text(&line, style->tags);
        }
    }
    *line.at++ = '\n';
    return (size_t)(line.at - out);
}
