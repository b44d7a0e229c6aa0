/* Rows, column by column, until there are enough of them to be handed on. Values lie packed, without the rows that have
 * none; levels tell which those are (1: a value, 0: null), as Parquet's definition levels do. */
#ifndef AFMON_EXPORT_ROWS_H
#define AFMON_EXPORT_ROWS_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "export/columns.h"

#define AFMON_ROWS_MAX 16384
#define AFMON_ROWS_TEXT ((size_t)8 << 20) /* a batch is full, too, with so many bytes of text */

/* A text, by its place among the texts of the batch. */
struct afmon_rows_text {
    size_t at;
    size_t length;
};

struct afmon_rows_column {
    enum afmon_column_kind kind;
    size_t count; /* values, nulls not among them */
    union {
        int64_t *integers;
        double *doubles;
        uint8_t *bools;
        struct afmon_rows_text *texts;
        void *any;
    } values;
    int16_t *levels; /* by row */
};

struct afmon_rows {
    struct afmon_rows_column *columns;
    size_t column_count;
    size_t rows;
    struct afmon_buffer text;
};

/* A zeroed batch to begin with; no kinds yet. Free it in every case. False: no memory. */
bool afmon_rows_begin(struct afmon_rows *batch, size_t column_count);
bool afmon_rows_set_kind(struct afmon_rows *batch, size_t column, enum afmon_column_kind kind);
void afmon_rows_free(struct afmon_rows *batch);

/* The cell of one column in the row that is being made; each column gets one, then the row is ended. Texts are made
 * well-formed. A field goes into a column of the kind that afmon_column_kind told. */
void afmon_rows_add_null(struct afmon_rows *batch, size_t column);
void afmon_rows_add_int(struct afmon_rows *batch, size_t column, int64_t value);
void afmon_rows_add_double(struct afmon_rows *batch, size_t column, double value); /* not finite: null */
void afmon_rows_add_text(struct afmon_rows *batch, size_t column, const char *text, size_t length);
void afmon_rows_add_field(struct afmon_rows *batch, size_t column, const afmon_field *field); /* NULL: null */

/* False: no memory for a text of the row. */
bool afmon_rows_end_row(struct afmon_rows *batch);
bool afmon_rows_is_full(const struct afmon_rows *batch);
void afmon_rows_clear(struct afmon_rows *batch);

#endif
