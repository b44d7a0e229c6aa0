/* A screen in memory: a grid of characters with a style each. What is drawn here goes to ncurses, or out as text. */
#ifndef AFMON_CLI_CANVAS_H
#define AFMON_CLI_CANVAS_H

#include "cli/cli.h"

enum { CANVAS_BYTES = 12, CANVAS_MAX = 1000 };

typedef struct canvas_cell {
    char text[CANVAS_BYTES]; /* a character with what combines with it, NUL ended; "": the right half of a wide one */
    cli_style style;
} canvas_cell;

typedef struct canvas {
    canvas_cell *cells;
    size_t width;
    size_t height;
} canvas;

/* Empties it, with that size (at most CANVAS_MAX each way). Begin with a zeroed one. false: no memory. */
bool canvas_begin(canvas *c, size_t width, size_t height);
void canvas_free(canvas *c);

/* Draws a text that is safe for a terminal at a place, cut at `room` columns (and at the right edge) with an ellipsis.
 * Returns the columns it took. Rows and columns beyond the edges are fine. */
size_t canvas_put(canvas *c, size_t row, size_t column, size_t room, cli_style style, const char *text, bool unicode);

/* The same for a text from outside, which is made safe first. */
size_t canvas_put_foreign(canvas *c, size_t row, size_t column, size_t room, cli_style style, const char *text,
                          size_t length, bool unicode);

/* The same, at the right edge of the room. */
void canvas_put_right(canvas *c, size_t row, size_t column, size_t room, cli_style style, const char *text,
                      bool unicode);

/* A row as text, without the spaces at its end; malloc'ed, NULL: no memory. */
char *canvas_row_text(const canvas *c, size_t row);

#endif
