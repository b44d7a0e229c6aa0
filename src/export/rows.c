#include "export/rows.h"

#include <math.h>
#include <stdlib.h>

#include "export/cell.h"
#include "export/text.h"

#define TEXT_LIMIT ((size_t)1 << 31) /* of one batch; a line, and so a row, has at most 256 MiB */

static const size_t sizes[] = {
    [AFMON_COLUMN_TEXT] = sizeof(struct afmon_rows_text),
    [AFMON_COLUMN_INT] = sizeof(int64_t),
    [AFMON_COLUMN_DOUBLE] = sizeof(double),
    [AFMON_COLUMN_BOOL] = sizeof(uint8_t),
};

bool afmon_rows_begin(struct afmon_rows *batch, size_t column_count)
{
    afmon_buffer_init(&batch->text, TEXT_LIMIT);
    batch->columns = calloc(column_count, sizeof *batch->columns);
    if (batch->columns == NULL)
        return false;
    batch->column_count = column_count;
    return true;
}

bool afmon_rows_set_kind(struct afmon_rows *batch, size_t column, enum afmon_column_kind kind)
{
    struct afmon_rows_column *it = &batch->columns[column];
    it->kind = kind;
    it->values.any = malloc(AFMON_ROWS_MAX * sizes[kind]);
    it->levels = malloc(AFMON_ROWS_MAX * sizeof *it->levels);
    return it->values.any != NULL && it->levels != NULL;
}

void afmon_rows_free(struct afmon_rows *batch)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        free(batch->columns[i].values.any);
        free(batch->columns[i].levels);
    }
    free(batch->columns);
    afmon_buffer_free(&batch->text);
}

void afmon_rows_add_null(struct afmon_rows *batch, size_t column)
{
    batch->columns[column].levels[batch->rows] = 0;
}

/* The place of one more value in a column. */
static size_t next(struct afmon_rows *batch, struct afmon_rows_column *column)
{
    column->levels[batch->rows] = 1;
    return column->count++;
}

void afmon_rows_add_int(struct afmon_rows *batch, size_t column, int64_t value)
{
    struct afmon_rows_column *it = &batch->columns[column];
    it->values.integers[next(batch, it)] = value;
}

void afmon_rows_add_double(struct afmon_rows *batch, size_t column, double value)
{
    struct afmon_rows_column *it = &batch->columns[column];
    if (isfinite(value))
        it->values.doubles[next(batch, it)] = value;
    else
        afmon_rows_add_null(batch, column);
}

void afmon_rows_add_text(struct afmon_rows *batch, size_t column, const char *text, size_t length)
{
    struct afmon_rows_column *it = &batch->columns[column];
    struct afmon_rows_text *place = &it->values.texts[next(batch, it)];
    place->at = batch->text.length;
    afmon_buffer_add_clean(&batch->text, text, length);
    place->length = batch->text.length - place->at;
}

void afmon_rows_add_field(struct afmon_rows *batch, size_t column, const afmon_field *field)
{
    struct afmon_rows_column *it = &batch->columns[column];
    struct afmon_cell cell;
    afmon_cell_of_field(&cell, it->kind, field);
    if (!cell.present)
        afmon_rows_add_null(batch, column);
    else if (it->kind == AFMON_COLUMN_INT)
        it->values.integers[next(batch, it)] = cell.as.integer;
    else if (it->kind == AFMON_COLUMN_DOUBLE)
        it->values.doubles[next(batch, it)] = cell.as.number;
    else if (it->kind == AFMON_COLUMN_BOOL)
        it->values.bools[next(batch, it)] = cell.as.boolean;
    else
        afmon_rows_add_text(batch, column, cell.as.text.data, cell.as.text.length);
}

bool afmon_rows_end_row(struct afmon_rows *batch)
{
    batch->rows++;
    return !batch->text.failed;
}

bool afmon_rows_is_full(const struct afmon_rows *batch)
{
    return batch->rows == AFMON_ROWS_MAX || batch->text.length >= AFMON_ROWS_TEXT;
}

void afmon_rows_clear(struct afmon_rows *batch)
{
    for (size_t i = 0; i < batch->column_count; i++)
        batch->columns[i].count = 0;
    batch->rows = 0;
    afmon_buffer_clear(&batch->text);
}
