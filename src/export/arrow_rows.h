/* Some rows of a table as columns, laid out as Arrow lays them out. */
#ifndef AFMON_EXPORT_ARROW_ROWS_H
#define AFMON_EXPORT_ARROW_ROWS_H

#include "export/arrow_table.h"

/* One column of a batch. */
struct afmon_arrow_rows_column {
    enum afmon_column_kind kind;
    unsigned char *present;   /* a bit a row, lowest first */
    size_t nulls;             /* rows that are not present */
    void *values;             /* int64_t, double; booleans: a bit a row; texts: int32_t offsets, one more than rows */
    struct afmon_buffer text; /* of texts, one after the other */
};

struct afmon_arrow_rows {
    struct afmon_arrow_table *table;
    struct afmon_arrow_rows_column **columns; /* as many as the table has */
    size_t rows;
    size_t capacity;   /* rows */
    size_t text_bytes; /* in all columns */
};

/* An empty batch with room for so many rows as take a bounded amount of memory. False: no memory; afmon_arrow_rows_free
 * it all the same. */
bool afmon_arrow_rows_begin(struct afmon_arrow_rows *batch, struct afmon_arrow_table *table);
void afmon_arrow_rows_free(struct afmon_arrow_rows *batch);

/* Takes the columns that are there out of the batch's hands, one by one, with afmon_arrow_rows_column_free. */
void afmon_arrow_rows_column_free(struct afmon_arrow_rows_column *column);

/* Adds a row; the batch is not full. False: no memory. */
bool afmon_arrow_rows_add(struct afmon_arrow_rows *batch, const afmon_sample *sample);
bool afmon_arrow_rows_is_full(const struct afmon_arrow_rows *batch);

/* Forgets the rows. */
void afmon_arrow_rows_clear(struct afmon_arrow_rows *batch);

static inline bool afmon_arrow_rows_is_present(const struct afmon_arrow_rows_column *column, size_t row)
{
    return (column->present[row >> 3] >> (row & 7) & 1) != 0;
}

#endif
