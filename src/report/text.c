#include "report/text.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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
    for (size_t at = 0, part; at < length; at += part) {
        uint32_t character = afmon_utf8_character(text + at, length - at, &part);
        if (character == AFMON_NO_CHARACTER)
            part = afmon_utf8_part(text + at, length - at, &(bool){false});
        if (character == AFMON_NO_CHARACTER || afmon_character_is_hidden(character))
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
