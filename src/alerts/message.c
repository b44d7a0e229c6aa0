#include "alerts/message.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

#define NUMBER_SIZE 400 /* the largest double has 309 digits */

enum placeholder_kind { NUMBER, TEXT };

static const struct {
    const char *name;
    enum placeholder_kind kind;
} placeholders[] = {
    {"value", NUMBER}, {"limit", NUMBER}, {"count", NUMBER}, {"mean", NUMBER},    {"min", NUMBER},      {"max", NUMBER},
    {"sum", NUMBER},   {"name", TEXT},    {"metric", TEXT},  {"aggregate", TEXT}, {"comparison", TEXT},
};

#define PLACEHOLDERS (sizeof placeholders / sizeof placeholders[0])

/* A piece of a template: a run of text, or a placeholder with the form of its number. */
struct piece {
    const char *text;
    size_t length;
    size_t placeholder; /* PLACEHOLDERS: it is text */
    int decimals;       /* -1: as short as it goes */
    bool percent;
};

const char *afmon_comparison_text(afmon_rule_comparison comparison)
{
    static const char *const texts[] = {"below", "above", "at most", "at least"};
    return texts[comparison];
}

void afmon_aggregate_text(const afmon_alert_rule *rule, char *out, size_t size)
{
    static const char *const texts[] = {"mean", "min", "max", "sum", "count", "rate", "stddev"};
    if (rule->aggregate != AFMON_RULE_QUANTILE) {
        (void)snprintf(out, size, "%s", texts[rule->aggregate]);
        return;
    }
    char number[AFMON_NUMBER_SIZE];
    size_t length = afmon_format_double(number, round(rule->quantile * 1e11) / 1e9); /* 0.07 is p7 */
    if (length > 2 && memcmp(number + length - 2, ".0", 2) == 0)
        length -= 2;
    (void)snprintf(out, size, "p%.*s", (int)length, number);
}

/* ---- reading templates ---- */

static size_t find_placeholder(const char *name, size_t length)
{
    size_t i = 0;
    while (i < PLACEHOLDERS &&
           (strlen(placeholders[i].name) != length || memcmp(placeholders[i].name, name, length) != 0))
        i++;
    return i;
}

/* ".1f", ".0%". */
static bool read_form(const char *form, size_t length, struct piece *piece)
{
    if (length != 3 || form[0] != '.' || form[1] < '0' || form[1] > '9' || (form[2] != 'f' && form[2] != '%'))
        return false;
    piece->decimals = form[1] - '0';
    piece->percent = form[2] == '%';
    return true;
}

/* What is between the braces. NULL: it is good; else why not. */
static const char *read_placeholder(const char *inside, size_t length, struct piece *piece)
{
    const char *colon = memchr(inside, ':', length);
    size_t name_length = colon != NULL ? (size_t)(colon - inside) : length;
    piece->placeholder = find_placeholder(inside, name_length);
    piece->decimals = -1;
    if (piece->placeholder == PLACEHOLDERS)
        return "is no placeholder: value, limit, count, mean, min, max, sum, name, metric, aggregate, comparison";
    if (colon == NULL)
        return NULL;
    if (placeholders[piece->placeholder].kind == TEXT)
        return "is a text, which has no form";
    return read_form(colon + 1, length - name_length - 1, piece) ? NULL : "has no such form: .0f to .9f, .0% to .9%";
}

/* Takes the next piece from *at. False: the end, or something wrong (*why). */
static bool next_piece(const char **at, struct piece *piece, const char **why)
{
    const char *begin = *at;
    *why = NULL;
    *piece = (struct piece){.text = begin, .placeholder = PLACEHOLDERS};
    if (*begin == '\0')
        return false;
    if ((*begin == '{' || *begin == '}') && begin[1] == *begin) {
        piece->length = 1;
        *at = begin + 2;
        return true;
    }
    if (*begin == '{') {
        size_t inside = strcspn(begin + 1, "{}");
        piece->text = begin + 1;
        piece->length = inside;
        *at = begin + inside + 2;
        *why = begin[1 + inside] == '}' ? read_placeholder(begin + 1, inside, piece) : "has no '}'";
        return *why == NULL;
    }
    piece->length = *begin == '}' ? 1 : strcspn(begin, "{}");
    *at = begin + piece->length;
    *why = *begin == '}' ? "has no '{' before it; write '}}' for a brace" : NULL;
    return *why == NULL;
}

bool afmon_message_check(const char *template, char *why, size_t size)
{
    const char *at = template;
    const char *problem;
    struct piece piece;
    while (next_piece(&at, &piece, &problem))
        ;
    if (problem != NULL)
        (void)snprintf(why, size, "'%s%.*s%s' %s", piece.text[0] == '}' ? "" : "{",
                       (int)(piece.length < 40 ? piece.length : 40), piece.text, piece.length < 40 ? "" : "...",
                       problem);
    return problem == NULL;
}

/* ---- writing messages ---- */

struct out {
    char *text;
    size_t size;
    size_t length;
};

static void add(struct out *out, const char *text, size_t length)
{
    size_t room = out->size - 1 - out->length;
    size_t taken = length < room ? length : room;
    if (taken < length) /* not within a character */
        while (taken > 0 && ((unsigned char)text[taken] & 0xC0) == 0x80)
            taken--;
    memcpy(out->text + out->length, text, taken);
    out->length += taken;
    out->text[out->length] = '\0';
    if (taken < length)
        out->size = out->length + 1; /* it is full: nothing may follow what was cut */
}

static void add_text(struct out *out, const char *text)
{
    add(out, text, strlen(text));
}

/* What printf wrote, with a point: it puts the locale's, which may be longer than a byte. */
static void add_printed(struct out *out, const char *printed)
{
    for (bool other = false; *printed != '\0'; printed++) {
        bool known = strchr("-+0123456789einfa", *printed) != NULL;
        if (known)
            add(out, printed, 1);
        else if (!other)
            add(out, ".", 1);
        other = !known;
    }
}

/* As Python's format() does it: the exact value is rounded. */
static void add_number(struct out *out, double value, const struct piece *piece)
{
    char printed[NUMBER_SIZE];
    if (piece->decimals < 0)
        (void)snprintf(printed, sizeof printed, "%.6g", value);
    else if (piece->percent && isfinite(value) && !isfinite(value * 100)) /* a percentage beyond a double */
        (void)snprintf(printed, sizeof printed, "%.*Lf", piece->decimals, (long double)value * 100);
    else
        (void)snprintf(printed, sizeof printed, "%.*f", piece->decimals, piece->percent ? value * 100 : value);
    add_printed(out, printed);
    if (piece->percent)
        add_text(out, "%");
}

static void add_placeholder(struct out *out, const struct piece *piece, const afmon_alert *alert)
{
    const double numbers[] = {alert->value,     alert->limit,    (double)alert->data.count,
                              alert->data.mean, alert->data.min, alert->data.max,
                              alert->data.sum};
    const char *texts[] = {alert->name, alert->metric, alert->aggregate, afmon_comparison_text(alert->comparison)};
    size_t number_count = sizeof numbers / sizeof numbers[0];
    if (piece->placeholder < number_count)
        add_number(out, numbers[piece->placeholder], piece);
    else
        add_text(out, texts[piece->placeholder - number_count]);
}

static const char *template_of(const afmon_alert_rule *rule, const afmon_alert *alert, bool judged)
{
    if (alert->state != AFMON_ALERT_RESOLVED)
        return rule->message != NULL ? rule->message : "{aggregate} of {metric} is {value}, {comparison} {limit}";
    if (!judged)
        return "{name}: too few samples to judge";
    return rule->resolved_message != NULL ? rule->resolved_message : "{aggregate} of {metric} is back at {value}";
}

void afmon_message_write(const afmon_alert_rule *rule, bool judged, afmon_alert *alert)
{
    struct out out = {.text = alert->message, .size = sizeof alert->message};
    const char *at = template_of(rule, alert, judged);
    const char *problem;
    struct piece piece;
    alert->message[0] = '\0';
    while (next_piece(&at, &piece, &problem)) {
        if (piece.placeholder == PLACEHOLDERS)
            add(&out, piece.text, piece.length);
        else
            add_placeholder(&out, &piece, alert);
    }
}
