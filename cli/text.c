#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/utf8.h"

/* The longest escape: "\u{10ffff}" does not occur, "\u202e" does. */
enum { ESCAPE_SIZE = 8 };

/* Writes how a hidden character or a bad byte is shown; returns the length. */
static size_t write_escape(char *out, uint32_t character, unsigned char byte)
{
    int length;
    if (character == '\n')
        length = snprintf(out, ESCAPE_SIZE, "\\n");
    else if (character == '\r')
        length = snprintf(out, ESCAPE_SIZE, "\\r");
    else if (character == '\t')
        length = snprintf(out, ESCAPE_SIZE, "\\t");
    else if (character == AFMON_NO_CHARACTER || character < 0x80)
        length = snprintf(out, ESCAPE_SIZE, "\\x%02x", (unsigned)byte);
    else
        length = snprintf(out, ESCAPE_SIZE, "\\u%04x", (unsigned)(character & 0xFFFF));
    return (size_t)length;
}

size_t cli_safe_into(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    if (size == 0)
        return 0;
    for (size_t at = 0, step = 0; at < length; at += step) {
        char escape[ESCAPE_SIZE];
        const char *part = text + at;
        uint32_t character = afmon_utf8_character(part, length - at, &step);
        size_t part_length = step;
        if (character == AFMON_NO_CHARACTER || afmon_character_is_hidden(character)) {
            part_length = write_escape(escape, character, (unsigned char)*part);
            part = escape;
        }
        if (part_length >= size - used)
            break;
        memcpy(out + used, part, part_length);
        used += part_length;
    }
    out[used] = '\0';
    return used;
}

char *cli_safe(const char *text, size_t length)
{
    if (length > (SIZE_MAX - 1) / ESCAPE_SIZE)
        return NULL;
    size_t size = length * (ESCAPE_SIZE - 2) + 1; /* no byte becomes more than six */
    char *out = malloc(size);
    if (out)
        cli_safe_into(out, size, text, length);
    return out;
}

/* Bytes of the escape sequence ESC [ ... m at text, or 0. */
static size_t style_length(const char *text)
{
    if (text[0] != '\x1b' || text[1] != '[')
        return 0;
    size_t i = 2 + strspn(text + 2, "0123456789;");
    return text[i] == 'm' ? i + 1 : 0;
}

size_t cli_fit(const char *text, size_t width, size_t *used)
{
    size_t length = strlen(text);
    size_t columns = 0;
    size_t at = 0;
    while (at < length) {
        size_t step = style_length(text + at);
        size_t wide = 0;
        if (step == 0)
            wide = cli_utf8_columns(afmon_utf8_character(text + at, length - at, &step));
        if (columns + wide > width)
            break;
        columns += wide;
        at += step;
    }
    if (used)
        *used = columns;
    return at;
}

size_t cli_width(const char *text)
{
    size_t width;
    cli_fit(text, SIZE_MAX / 2, &width);
    return width;
}

static void begin_line(FILE *out, size_t indent)
{
    fprintf(out, "\n%*s", (int)indent, "");
}

void cli_wrap(FILE *out, const char *text, size_t column, size_t indent, size_t width)
{
    bool begins = true; /* a word at the beginning of a line has no space before it */
    while (*text) {
        if (*text == '\n') {
            begin_line(out, indent);
            column = indent;
            begins = true;
            text++;
            continue;
        }
        size_t length = strcspn(text, " \n");
        if (length > 0) {
            if (!begins && width > 0 && column + 1 + length > width) {
                begin_line(out, indent);
                column = indent;
                begins = true;
            }
            fprintf(out, "%s%.*s", begins ? "" : " ", (int)length, text);
            column += length + (begins ? 0 : 1);
            begins = false;
        }
        text += length;
        text += *text == ' ';
    }
}
