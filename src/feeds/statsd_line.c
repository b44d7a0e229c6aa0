#include "feeds/statsd_line.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "catalog/metrics.h"

#define VALUE_MAX 100 /* bytes of a tag's value, and of a part of a name */
#define NAME_BYTES_MAX 250

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
    for (size_t i = 0; i < length && i < NAME_BYTES_MAX; i++) {
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
    size_t limit = length < VALUE_MAX ? length : VALUE_MAX;
    for (size_t at = 0; at < limit;) {
        bool well_formed = true;
        size_t part = (unsigned char)text[at] < 0x80 ? 1 : afmon_utf8_part(text + at, length - at, &well_formed);
        if (at + part > VALUE_MAX)
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

static void add_number(struct line *line, double value)
{
    char digits[AFMON_NUMBER_SIZE];
    size_t length = afmon_format_double(digits, value);
    if (length > 2 && digits[length - 2] == '.' && digits[length - 1] == '0')
        length -= 2;
    add(line, digits, length);
}

/* Plain StatsD's only distribution is the timer, whose values are meant in milliseconds. */
static void add_value(struct line *line, const struct afmon_statsd_style *style, enum afmon_statsd_shape shape,
                      double value)
{
    bool counts = shape == AFMON_STATSD_COUNT || shape == AFMON_STATSD_OUTCOME;
    add_text(line, ":");
    add_number(line, shape == AFMON_STATSD_SECONDS ? value * 1000 : shape == AFMON_STATSD_OUTCOME ? 1 : value);
    add_text(line, counts ? "|c" : style->dog ? "|d" : "|ms");
}

static void add_tags(struct line *line, const struct afmon_statsd_style *style, const struct afmon_metric_row *metric,
                     struct afmon_piece special, const afmon_sample *sample)
{
    struct tags tags = {.line = line};
    if (special.given)
        add_tag(&tags, metric->statsd_tag, special.data, special.length);
    add_field_tags(&tags, sample);
    if (style->tags[0] != '\0') {
        add_text(line, tags.any ? "," : "|#");
        add_text(line, style->tags);
    }
}

/* What of a metric has a tag of its own: the outcome, or what follows its prefix. */
static struct afmon_piece special_of(const struct afmon_metric_row *metric, struct afmon_piece rest, double value)
{
    if (metric->statsd_shape != AFMON_STATSD_OUTCOME)
        return rest;
    const char *outcome = value > 0 ? "success" : "failure";
    return (struct afmon_piece){outcome, strlen(outcome), true};
}

size_t afmon_statsd_line(char *out, const struct afmon_statsd_style *style, const afmon_sample *sample)
{
    struct afmon_piece rest;
    const struct afmon_metric_row *metric =
        afmon_metric_row(afmon_metric_find(sample->metric, sample->metric_length, &rest));
    struct afmon_piece special = special_of(metric, rest, sample->value);
    struct line line = {out, out + AFMON_STATSD_LINE_MAX - 1};
    if (!isfinite(sample->value))
        return 0;
    add_text(&line, style->prefix);
    if (metric->statsd_name == NULL)
        add_name(&line, sample->metric, sample->metric_length);
    else
        add_text(&line, metric->statsd_name);
    if (special.given && !style->dog) { /* without tags the name has to tell */
        add_text(&line, ".");
        add_name(&line, special.data, special.length);
    }
    add_value(&line, style, metric->statsd_shape, sample->value);
    if (style->dog)
        add_tags(&line, style, metric, special, sample);
    *line.at++ = '\n';
    return (size_t)(line.at - out);
}
