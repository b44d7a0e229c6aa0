#include "cli/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/utf8.h"

bool canvas_begin(canvas *c, size_t width, size_t height)
{
    width = width < CANVAS_MAX ? width : CANVAS_MAX;
    height = height < CANVAS_MAX ? height : CANVAS_MAX;
    if (c->cells == NULL || c->width != width || c->height != height) {
        free(c->cells);
        *c = (canvas){.cells = calloc(width * height + 1, sizeof *c->cells), .width = width, .height = height};
        if (c->cells == NULL)
            return false;
    }
    for (size_t i = 0; i < width * height; i++)
        c->cells[i] = (canvas_cell){.text = " "};
    return true;
}

void canvas_free(canvas *c)
{
    free(c->cells);
    *c = (canvas){0};
}

/* Puts one character (or what combines with the one before) into its cell. Returns its columns. */
static size_t put_character(canvas_cell *row, size_t at, size_t end, cli_style style, const char *text, size_t length)
{
    size_t step;
    size_t columns = cli_utf8_columns(afmon_utf8_character(text, length, &step));
    if (columns == 0) {
        size_t used = at > 0 ? strlen(row[at - 1].text) : CANVAS_BYTES;
        if (used > 0 && used + length < CANVAS_BYTES) {
            memcpy(row[at - 1].text + used, text, length);
            row[at - 1].text[used + length] = '\0';
        }
        return 0;
    }
    if (at + columns > end)
        return 0;
    memcpy(row[at].text, text, length);
    row[at].text[length] = '\0';
    row[at].style = style;
    if (columns == 2)
        row[at + 1] = (canvas_cell){.style = style};
    return columns;
}

static size_t put(canvas_cell *row, size_t at, size_t end, cli_style style, const char *text, size_t length)
{
    size_t begin = at;
    for (size_t i = 0, step = 0; i < length && at <= end; i += step) {
        (void)afmon_utf8_character(text + i, length - i, &step);
        at += put_character(row, at, end, style, text + i, step);
    }
    return at - begin;
}

size_t canvas_put(canvas *c, size_t row, size_t column, size_t room, cli_style style, const char *text, bool unicode)
{
    if (row >= c->height || column >= c->width || room == 0)
        return 0;
    if (room > c->width - column)
        room = c->width - column;
    canvas_cell *cells = c->cells + row * c->width;
    size_t length = strlen(text);
    if (cli_width(text) <= room)
        return put(cells, column, column + room, style, text, length);
    const char *mark = unicode ? "…" : "~";
    size_t used = put(cells, column, column + room - 1, style, text, cli_fit(text, room - 1, NULL));
    return used + put(cells, column + used, column + room, style, mark, strlen(mark));
}

size_t canvas_put_foreign(canvas *c, size_t row, size_t column, size_t room, cli_style style, const char *text,
                          size_t length, bool unicode)
{
    char safe[4 * CANVAS_MAX];
    cli_safe_into(safe, sizeof safe, text, length);
    for (char *at = safe; !unicode && *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    return canvas_put(c, row, column, room, style, safe, unicode);
}

void canvas_put_right(canvas *c, size_t row, size_t column, size_t room, cli_style style, const char *text,
                      bool unicode)
{
    size_t width = cli_width(text);
    size_t gap = width < room ? room - width : 0;
    canvas_put(c, row, column + gap, room - gap, style, text, unicode);
}

char *canvas_row_text(const canvas *c, size_t row)
{
    char *text = malloc(c->width * CANVAS_BYTES + 1);
    size_t used = 0;
    size_t kept = 0;
    for (size_t column = 0; text != NULL && column < c->width; column++) {
        const char *part = c->cells[row * c->width + column].text;
        size_t length = strlen(part);
        memcpy(text + used, part, length);
        used += length;
        if (strcmp(part, " ") != 0)
            kept = used;
    }
    if (text != NULL)
        text[kept] = '\0';
    return text;
}
