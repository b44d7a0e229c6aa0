#include "lenient.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text.h"

/* A strict copy of the body is made for jansson: one pass over the bytes, which knows strings, numbers and words. */
typedef struct source {
    const char *at;
    const char *end;
    gen_text strict;
} source;

/* A byte can become six ("\u0001"). */
enum { GROWTH = 6, SLACK = 64, MAX_NUMBER = 400, SAFE_DIGITS = 18 };

static bool begins(const source *s, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(s->end - s->at) >= length && memcmp(s->at, word, length) == 0;
}

/* ---- Strings ----------------------------------------------------------------------------------------------------- */

/* The four digits behind "\u". Below 0: they are none. */
static int code_unit(const char *at, const char *end)
{
    int value = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_high(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* An escape: as it is, save a surrogate without its other half, and NUL, which C's texts cannot hold. */
static void copy_escape(source *s)
{
    int unit = code_unit(s->at, s->end);
    size_t length = unit >= 0 ? 6 : s->end - s->at >= 2 ? 2 : 1;
    bool pair = is_high(unit) && is_low(code_unit(s->at + length, s->end));
    length = pair ? 2 * length : length;
    if (!pair && (is_high(unit) || is_low(unit)))
        gen_text_puts(&s->strict, AFMON_REPLACEMENT);
    else if (unit != 0)
        gen_text_append(&s->strict, s->at, length);
    s->at += length;
}

static void copy_character(source *s)
{
    size_t length;
    if (afmon_utf8_character(s->at, (size_t)(s->end - s->at), &length) == AFMON_NO_CHARACTER)
        gen_text_puts(&s->strict, AFMON_REPLACEMENT);
    else if (*s->at > 0 && *s->at < 0x20)
        gen_text_printf(&s->strict, "\\u%04x", (unsigned)*s->at);
    else if (*s->at != '\0')
        gen_text_append(&s->strict, s->at, length);
    s->at += length;
}

/* Runs of plain bytes are copied at once: nearly all of an answer is one. */
static size_t plain_run(const source *s)
{
    const char *at = s->at;
    while (at < s->end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return (size_t)(at - s->at);
}

/* Bytes that are no character in a row are one U+FFFD each; a character that was cut off is one. */
static void copy_string(source *s)
{
    gen_text_append(&s->strict, s->at++, 1);
    while (s->at < s->end && *s->at != '"') {
        size_t plain = plain_run(s);
        gen_text_append(&s->strict, s->at, plain);
        s->at += plain;
        if (s->at == s->end || *s->at == '"')
            break;
        if (*s->at == '\\')
            copy_escape(s);
        else
            copy_character(s);
    }
    if (s->at < s->end)
        gen_text_append(&s->strict, s->at++, 1);
}

/* ---- Numbers and words ------------------------------------------------------------------------------------------- */

/* What jansson has no number for: integers of more than 63 bits are written as doubles, what no double holds as null.
 */
static void copy_number(source *s)
{
    char number[MAX_NUMBER + 1];
    size_t length = 0, digits = 0;
    bool integer = true;
    while (s->at + length < s->end && s->at[length] != '\0' && strchr("+-0123456789.eE", s->at[length]) != NULL) {
        digits += s->at[length] >= '0' && s->at[length] <= '9';
        integer = integer && strchr(".eE", s->at[length]) == NULL;
        length++;
    }
    if (length > MAX_NUMBER) {
        gen_text_puts(&s->strict, "null");
    } else {
        memcpy(number, s->at, length);
        number[length] = '\0';
        if (isfinite(strtod(number, NULL)))
            gen_text_printf(&s->strict, "%s%s", number, integer && digits > SAFE_DIGITS ? ".0" : "");
        else
            gen_text_puts(&s->strict, "null");
    }
    s->at += length;
}

static bool skip_word(source *s)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (begins(s, words[i])) {
            gen_text_puts(&s->strict, "null");
            s->at += strlen(words[i]);
            return true;
        }
    }
    return false;
}

static void copy_strictly(source *s)
{
    s->at += gen_mark_length(s->at, (size_t)(s->end - s->at));
    while (s->at < s->end && gen_text_ok(&s->strict)) {
        if (*s->at == '"')
            copy_string(s);
        else if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')) {
            if (!skip_word(s))
                copy_number(s);
        } else if (!skip_word(s))
            gen_text_append(&s->strict, s->at++, 1);
    }
}

json_t *gen_lenient_json(const char *body, size_t length, char *error, size_t size)
{
    source s = {.at = body, .end = body + length, .strict.limit = length * GROWTH + SLACK};
    json_error_t where = {.text = "out of memory"};
    json_t *json = NULL;
    copy_strictly(&s);
    gen_text_puts(&s.strict, "");
    if (gen_text_ok(&s.strict) && s.strict.length > 0)
        json = json_loadb(s.strict.data, s.strict.length, JSON_DISABLE_EOF_CHECK, &where);
    if (json == NULL && error != NULL) {
        if (s.strict.length == 0)
            snprintf(error, size, "it is empty");
        else
            snprintf(error, size, "line %d, column %d: %s", where.line, where.column, where.text);
    }
    gen_text_free(&s.strict);
    return json;
}
