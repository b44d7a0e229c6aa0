#include "export/arrow_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/micros.h"
#include "export/cell.h"
#include "export/text.h"

#define MOST_ROWS ((size_t)1 << 16)
#define LEAST_ROWS ((size_t)64)
#define CELLS ((size_t)1 << 22)        /* of a batch with many columns */
#define TEXT_ENOUGH ((size_t)16 << 20) /* a batch with so much text is full */
#define TEXT_LIMIT ((size_t)INT32_MAX) /* offsets are 32 bits wide; a line is 256 MiB at most */

static size_t rows_for(size_t columns)
{
    size_t rows = CELLS / columns;
    return rows > MOST_ROWS ? MOST_ROWS : rows < LEAST_ROWS ? LEAST_ROWS : rows & ~(size_t)63;
}

static size_t bytes_of_values(enum afmon_column_kind kind, size_t rows)
{
    switch (kind) {
    case AFMON_COLUMN_TEXT:
        return (rows + 1) * sizeof(int32_t);
    case AFMON_COLUMN_BOOL:
        return (rows + 7) / 8;
    case AFMON_COLUMN_INT:
    case AFMON_COLUMN_DOUBLE:
        break;
    }
    return rows * sizeof(int64_t);
}

static struct afmon_arrow_rows_column *new_column(enum afmon_column_kind kind, size_t rows)
{
    struct afmon_arrow_rows_column *column = calloc(1, sizeof *column);
    if (column == NULL)
        return NULL;
    column->kind = kind;
    column->present = calloc(1, (rows + 7) / 8);
    column->values = calloc(1, bytes_of_values(kind, rows));
    afmon_buffer_init(&column->text, TEXT_LIMIT);
    if (column->present != NULL && column->values != NULL)
        return column;
    afmon_arrow_rows_column_free(column);
    return NULL;
}

void afmon_arrow_rows_column_free(struct afmon_arrow_rows_column *column)
{
    if (column == NULL)
        return;
    free(column->present);
    free(column->values);
    afmon_buffer_free(&column->text);
    free(column);
}

bool afmon_arrow_rows_begin(struct afmon_arrow_rows *batch, struct afmon_arrow_table *table)
{
    *batch = (struct afmon_arrow_rows){.table = table, .capacity = rows_for(table->column_count)};
    batch->columns = calloc(table->column_count, sizeof *batch->columns);
    for (size_t i = 0; batch->columns != NULL && i < table->column_count; i++) {
        batch->columns[i] = new_column(table->columns[i].kind, batch->capacity);
        if (batch->columns[i] == NULL)
            return false;
    }
    return batch->columns != NULL;
}

void afmon_arrow_rows_free(struct afmon_arrow_rows *batch)
{
    for (size_t i = 0; batch->columns != NULL && i < batch->table->column_count; i++)
        afmon_arrow_rows_column_free(batch->columns[i]);
    free(batch->columns);
    *batch = (struct afmon_arrow_rows){0};
}

void afmon_arrow_rows_clear(struct afmon_arrow_rows *batch)
{
    for (size_t i = 0; i < batch->table->column_count; i++) {
        struct afmon_arrow_rows_column *column = batch->columns[i];
        memset(column->present, 0, (batch->capacity + 7) / 8);
        if (column->kind == AFMON_COLUMN_BOOL)
            memset(column->values, 0, (batch->capacity + 7) / 8);
        column->nulls = 0;
        afmon_buffer_clear(&column->text);
    }
    batch->rows = batch->text_bytes = 0;
}

bool afmon_arrow_rows_is_full(const struct afmon_arrow_rows *batch)
{
    return batch->rows == batch->capacity || batch->text_bytes >= TEXT_ENOUGH;
}

/* ---- Cells ---- */

static void set_bit(unsigned char *bits, size_t row)
{
    bits[row >> 3] = (unsigned char)(bits[row >> 3] | 1u << (row & 7));
}

static void add_text(struct afmon_arrow_rows_column *column, size_t row, const char *text, size_t length)
{
    afmon_buffer_add_clean(&column->text, text, length);
    set_bit(column->present, row);
}

static void set_number(struct afmon_arrow_rows_column *column, size_t row, const struct afmon_cell *cell)
{
    if (column->kind == AFMON_COLUMN_INT)
        ((int64_t *)column->values)[row] = cell->present ? cell->as.integer : 0;
    else
        ((double *)column->values)[row] = cell->present ? cell->as.number : 0;
    if (cell->present)
        set_bit(column->present, row);
}

static void set_bool(struct afmon_arrow_rows_column *column, size_t row, const struct afmon_cell *cell)
{
    if (cell->present && cell->as.boolean)
        set_bit(column->values, row);
    if (cell->present)
        set_bit(column->present, row);
}

static void set_value(struct afmon_arrow_rows_column *column, size_t row, const struct afmon_cell *cell)
{
    switch (column->kind) {
    case AFMON_COLUMN_TEXT:
        if (cell->present)
            add_text(column, row, cell->as.text.data, cell->as.text.length);
        break;
    case AFMON_COLUMN_INT:
    case AFMON_COLUMN_DOUBLE:
        set_number(column, row, cell);
        break;
    case AFMON_COLUMN_BOOL:
        set_bool(column, row, cell);
        break;
    }
}

/* ---- Rows ---- */

/* After the row's cell: its end, and whether it is null. */
static bool end_cell(struct afmon_arrow_rows *batch, struct afmon_arrow_rows_column *column, size_t text_before)
{
    if (!afmon_arrow_rows_is_present(column, batch->rows))
        column->nulls++;
    if (column->kind != AFMON_COLUMN_TEXT)
        return true;
    ((int32_t *)column->values)[batch->rows + 1] = (int32_t)column->text.length;
    batch->text_bytes += column->text.length - text_before;
    return !column->text.failed;
}

static void set_cell(const struct afmon_arrow_rows *batch, size_t index, const afmon_sample *sample)
{
    struct afmon_arrow_rows_column *column = batch->columns[index];
    struct afmon_cell cell = {.present = true};
    if (index == AFMON_ARROW_METRIC)
        cell.as.text = (struct afmon_cell_text){sample->metric, sample->metric_length};
    else if (index == AFMON_ARROW_TIME)
        cell.as.integer = afmon_ns_to_us(sample->timestamp_ns);
    else if (index == AFMON_ARROW_VALUE)
        afmon_cell_of_double(&cell, sample->value);
    else
        afmon_cell_of_field(&cell, column->kind, batch->table->keys.cells[index - AFMON_ARROW_FIXED]);
    set_value(column, batch->rows, &cell);
}

bool afmon_arrow_rows_add(struct afmon_arrow_rows *batch, const afmon_sample *sample)
{
    afmon_columns_lay_out(&batch->table->keys, sample);
    for (size_t i = 0; i < batch->table->column_count; i++) {
        size_t before = batch->columns[i]->text.length;
        set_cell(batch, i, sample);
        if (!end_cell(batch, batch->columns[i], before))
            return false;
    }
    batch->rows++;
    return true;
}
