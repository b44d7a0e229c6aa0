#include "export/cell.h"

#include <math.h>

static void set_text(struct afmon_cell *cell, const char *data, size_t length)
{
    cell->present = true;
    cell->as.text.data = data;
    cell->as.text.length = length;
}

static void render(struct afmon_cell *cell, const afmon_field *field)
{
    switch (field->type) {
    case AFMON_STRING:
    case AFMON_JSON:
        set_text(cell, field->as.text.data, field->as.text.length);
        break;
    case AFMON_INT:
        set_text(cell, cell->rendered, afmon_format_int(cell->rendered, field->as.integer));
        break;
    case AFMON_DOUBLE:
        if (isfinite(field->as.number))
            set_text(cell, cell->rendered, afmon_format_double(cell->rendered, field->as.number));
        break;
    case AFMON_BOOL:
        set_text(cell, field->as.boolean ? "true" : "false", field->as.boolean ? 4 : 5);
        break;
    case AFMON_NULL:
        break;
    }
}

static void set_int(struct afmon_cell *cell, const afmon_field *field)
{
    cell->present = field->type == AFMON_INT;
    if (cell->present)
        cell->as.integer = field->as.integer;
}

static void set_double(struct afmon_cell *cell, const afmon_field *field)
{
    if (field->type == AFMON_INT)
        afmon_cell_of_double(cell, (double)field->as.integer);
    else if (field->type == AFMON_DOUBLE)
        afmon_cell_of_double(cell, field->as.number);
}

static void set_bool(struct afmon_cell *cell, const afmon_field *field)
{
    cell->present = field->type == AFMON_BOOL;
    if (cell->present)
        cell->as.boolean = field->as.boolean;
}

void afmon_cell_of_field(struct afmon_cell *cell, enum afmon_column_kind kind, const afmon_field *field)
{
    cell->present = false;
    if (field == NULL)
        return;
    switch (kind) {
    case AFMON_COLUMN_TEXT:
        render(cell, field);
        break;
    case AFMON_COLUMN_INT:
        set_int(cell, field);
        break;
    case AFMON_COLUMN_DOUBLE:
        set_double(cell, field);
        break;
    case AFMON_COLUMN_BOOL:
        set_bool(cell, field);
        break;
    }
}

void afmon_cell_of_double(struct afmon_cell *cell, double value)
{
    cell->present = isfinite(value);
    cell->as.number = value;
}
