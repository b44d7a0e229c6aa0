#include "report/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* The number of a well-formed character. */
static uint32_t code_point(const char *text, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

static bool is_bad(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool direction = code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                     (code >= 0x2066 && code <= 0x2069);
    bool line_end = code == 0x2028 || code == 0x2029 || code == 0xfeff;
    return control || direction || line_end;
}

static void add_reference(struct afmon_buffer *page, char c)
{
    char reference[8];
    int length = snprintf(reference, sizeof reference, "&#%d;", c);
    afmon_buffer_add(page, reference, (size_t)length);
}

/* What is no plain character of text is shown as U+FFFD; where `escapes` says so a sign becomes a reference. */
static void add(struct afmon_buffer *page, const char *text, bool (*escapes)(const char *text, size_t at))
{
    size_t length = strlen(text);
    bool well_formed;
    for (size_t at = 0, part; at < length; at += part) {
        part = afmon_utf8_part(text + at, length - at, &well_formed);
        if (!well_formed || is_bad(code_point(text + at, part)))
            afmon_buffer_add_text(page, AFMON_REPLACEMENT);
        else if (part == 1 && escapes(text, at))
            add_reference(page, text[at]);
        else
            afmon_buffer_add(page, text + at, part);
    }
}

static bool html_escapes(const char *text, size_t at)
{
    return strchr("<>&\"'", text[at]) != NULL;
}

void afmon_html_text(struct afmon_buffer *page, const char *text)
{
    add(page, text, html_escapes);
}

static bool markdown_escapes(const char *text, size_t at)
{
    switch (text[at]) {
    case '-': /* lists, rules, headings: at the beginning only */
    case '+':
    case '=':
        return at == 0;
    case '.': /* "1. " is a list, www.example.org a link */
        return at > 0 && ((strspn(text, "0123456789") == at && text[at + 1] == ' ') || text[at - 1] == 'w' ||
                          text[at - 1] == 'W');
    case ')':
        return strspn(text, "0123456789") == at;
    case ':': /* not in times; else it may be a link, or an emoji's name */
        return text[at + 1] < '0' || text[at + 1] > '9';
    default:
        return strchr("<>&\"'\\`*_[]#|~@$", text[at]) != NULL;
    }
}

void afmon_markdown_text(struct afmon_buffer *page, const char *text)
{
    add(page, text, markdown_escapes);
}
