#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

struct cell {
    char *text; /* safe; owned */
    size_t width;
    cli_style style;
};

struct line {
    char *group;  /* a title from edge to edge, or NULL: a row of cells */
    size_t first; /* of its cells */
};

struct cli_table {
    const cli_column *columns;
    size_t column_count;
    struct cell *cells;
    size_t cell_count;
    size_t cell_room;
    struct line *lines;
    size_t line_count;
    size_t line_room;
    size_t indent; /* of the rows, once there is a group */
    bool failed;   /* no memory, at some point */
};

enum { NARROWEST = 8, INDENT = 2 }; /* no flexible column is cut shorter than that */

cli_table *cli_table_new(const cli_column *columns, size_t count)
{
    cli_table *table = calloc(1, sizeof *table);
    if (table) {
        table->columns = columns;
        table->column_count = count;
    }
    return table;
}

void cli_table_free(cli_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i].text);
    for (size_t i = 0; i < table->line_count; i++)
        free(table->lines[i].group);
    free(table->cells);
    free(table->lines);
    free(table);
}

/* Room for one more element; false where there is no memory. */
static bool grow(void **array, size_t count, size_t *room, size_t element)
{
    if (count < *room)
        return true;
    size_t more = *room ? *room * 2 : 64;
    void *larger = realloc(*array, more * element);
    if (!larger)
        return false;
    *array = larger;
    *room = more;
    return true;
}

static void add_line(cli_table *table, char *group)
{
    void *lines = table->lines;
    if (!grow(&lines, table->line_count, &table->line_room, sizeof *table->lines)) {
        table->failed = true;
        free(group);
        return;
    }
    table->lines = lines;
    table->lines[table->line_count++] = (struct line){.group = group, .first = table->cell_count};
}

void cli_table_group(cli_table *table, const char *text)
{
    if (!table || table->failed)
        return;
    table->indent = INDENT;
    char *safe = cli_safe(text, strlen(text));
    if (safe)
        add_line(table, safe);
    else
        table->failed = true;
}

void cli_table_cell_n(cli_table *table, cli_style style, const char *text, size_t length)
{
    if (!table || table->failed)
        return;
    if (table->cell_count % table->column_count == 0)
        add_line(table, NULL);
    void *cells = table->cells;
    if (table->failed || !grow(&cells, table->cell_count, &table->cell_room, sizeof *table->cells)) {
        table->failed = true;
        return;
    }
    table->cells = cells;
    char *safe = cli_safe(text, length);
    if (!safe) {
        table->failed = true;
        return;
    }
    table->cells[table->cell_count++] = (struct cell){safe, cli_width(safe), style};
}

void cli_table_cell(cli_table *table, cli_style style, const char *text)
{
    cli_table_cell_n(table, style, text, strlen(text));
}

static size_t larger_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Fills in the width of each column and the gap between them so that they fit on the screen, if they can. */
static void lay_out(const cli_table *table, size_t screen_width, size_t *widths, size_t *gap)
{
    size_t sum = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        widths[c] = cli_width(table->columns[c].title);
        for (size_t i = c; i < table->cell_count; i += table->column_count)
            widths[c] = larger_of(widths[c], table->cells[i].width + (c == 0 ? table->indent : 0));
        sum += widths[c];
    }
    size_t gaps = table->column_count - 1;
    *gap = 3;
    while (screen_width > 0 && *gap > 1 && sum + gaps * *gap > screen_width)
        --*gap;
    for (size_t c = 0; screen_width > 0 && c < table->column_count; c++) {
        size_t all = sum + gaps * *gap;
        if (!table->columns[c].flexible || all <= screen_width || widths[c] <= NARROWEST)
            continue;
        size_t cut = all - screen_width;
        size_t left = widths[c] > cut + NARROWEST ? widths[c] - cut : NARROWEST;
        sum -= widths[c] - left;
        widths[c] = left;
    }
}

static void print_spaces(FILE *out, size_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

/* Prints a text in a field: aligned, and cut where it is too long. No spaces behind the last column of a line. */
static void print_field(const cli_screen *screen, const cli_column *column, cli_style style, const char *text,
                        size_t width, bool last)
{
    const char *ellipsis = screen->unicode ? "…" : "~";
    size_t taken = cli_width(text);
    bool cut = taken > width;
    size_t bytes = cut ? cli_fit(text, width - 1, &taken) : strlen(text);
    taken += cut ? 1 : 0;
    size_t rest = width > taken ? width - taken : 0;
    if (column->align == CLI_RIGHT)
        print_spaces(screen->out, rest);
    fprintf(screen->out, "%s%.*s%s%s", style ? cli_paint(screen, style) : "", (int)bytes, text, cut ? ellipsis : "",
            style ? cli_paint(screen, CLI_PLAIN) : "");
    if (column->align == CLI_LEFT && !last)
        print_spaces(screen->out, rest);
}

static void print_titles(const cli_table *table, const cli_screen *screen, const size_t *widths, size_t gap)
{
    size_t all = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        bool last = c + 1 == table->column_count;
        print_field(screen, &table->columns[c], CLI_BOLD, table->columns[c].title, widths[c], last);
        print_spaces(screen->out, last ? 0 : gap);
        all += widths[c] + (last ? 0 : gap);
    }
    fprintf(screen->out, "\n%s", cli_paint(screen, CLI_DIM));
    for (size_t i = 0; i < all; i++)
        fputs(screen->unicode ? "─" : "-", screen->out);
    fprintf(screen->out, "%s\n", cli_paint(screen, CLI_PLAIN));
}

static void print_row(const cli_table *table, const cli_screen *screen, const struct cell *cells, const size_t *widths,
                      size_t gap)
{
    for (size_t c = 0; c < table->column_count; c++) {
        bool last = c + 1 == table->column_count;
        size_t indent = c == 0 ? table->indent : 0;
        print_spaces(screen->out, indent);
        print_field(screen, &table->columns[c], cells[c].style, cells[c].text, widths[c] - indent, last);
        print_spaces(screen->out, last ? 0 : gap);
    }
    fputc('\n', screen->out);
}

bool cli_table_has_rows(const cli_table *table)
{
    return table != NULL && table->line_count > 0;
}

bool cli_table_print(const cli_table *table, const cli_screen *screen)
{
    size_t *widths = table ? calloc(table->column_count, sizeof *widths) : NULL;
    size_t gap;
    if (!widths || table->failed) {
        free(widths);
        cli_error("out of memory");
        return false;
    }
    lay_out(table, screen->width, widths, &gap);
    print_titles(table, screen, widths, gap);
    for (size_t i = 0; i < table->line_count; i++) {
        const struct line *line = &table->lines[i];
        if (line->group) {
            cli_put(screen, CLI_DIM, line->group);
            fputc('\n', screen->out);
        } else if (line->first + table->column_count <= table->cell_count) {
            print_row(table, screen, table->cells + line->first, widths, gap);
        }
    }
    free(widths);
    return true;
}
