#include "export/arrow_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
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

static void set_int(struct afmon_arrow_rows_column *column, size_t row, int64_t value)
{
    ((int64_t *)column->values)[row] = value;
    set_bit(column->present, row);
}

static void set_double(struct afmon_arrow_rows_column *column, size_t row, double value)
{
    bool there = isfinite(value); /* what is not finite is written as null in every format */
    ((double *)column->values)[row] = there ? value : 0;
    if (there)
        set_bit(column->present, row);
}

static void add_text(struct afmon_arrow_rows_column *column, size_t row, const char *text, size_t length)
{
    afmon_buffer_add_clean(&column->text, text, length);
    set_bit(column->present, row);
}

/* A value of a column that holds mixed ones, as lines render it. */
static void add_rendered(struct afmon_arrow_rows_column *column, size_t row, const afmon_field *field)
{
    char number[AFMON_NUMBER_SIZE];
    if (field->type == AFMON_STRING || field->type == AFMON_JSON)
        add_text(column, row, field->as.text.data, field->as.text.length);
    else if (field->type == AFMON_INT)
        add_text(column, row, number, afmon_format_int(number, field->as.integer));
    else if (field->type == AFMON_DOUBLE && isfinite(field->as.number))
        add_text(column, row, number, afmon_format_double(number, field->as.number));
    else if (field->type == AFMON_BOOL)
        add_text(column, row, field->as.boolean ? "true" : "false", field->as.boolean ? 4 : 5);
}

/* What is of another type (null; or the file that samples are read back from was changed meanwhile) stays null. */
static void set_field(struct afmon_arrow_rows_column *column, size_t row, const afmon_field *field)
{
    switch (column->kind) {
    case AFMON_COLUMN_TEXT:
        add_rendered(column, row, field);
        break;
    case AFMON_COLUMN_INT:
        if (field->type == AFMON_INT)
            set_int(column, row, field->as.integer);
        break;
    case AFMON_COLUMN_DOUBLE:
        if (field->type == AFMON_INT || field->type == AFMON_DOUBLE)
            set_double(column, row, field->type == AFMON_INT ? (double)field->as.integer : field->as.number);
        break;
    case AFMON_COLUMN_BOOL:
        if (field->type == AFMON_BOOL && field->as.boolean)
            set_bit(column->values, row);
        if (field->type == AFMON_BOOL)
            set_bit(column->present, row);
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
    size_t row = batch->rows;
    if (index == AFMON_ARROW_METRIC)
        add_text(column, row, sample->metric, sample->metric_length);
    else if (index == AFMON_ARROW_TIME)
        set_int(column, row, sample->timestamp_ns / 1000); /* a view's times are whole microseconds */
    else if (index == AFMON_ARROW_VALUE)
        set_double(column, row, sample->value);
    else if (batch->table->keys.cells[index - AFMON_ARROW_FIXED] != NULL)
        set_field(column, row, batch->table->keys.cells[index - AFMON_ARROW_FIXED]);
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
