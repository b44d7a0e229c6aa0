/* What a metadata value is in a column of a table. */
#ifndef AFMON_EXPORT_CELL_H
#define AFMON_EXPORT_CELL_H

#include <afmon/afmon.h>

#include "base/number.h"
#include "export/columns.h"

struct afmon_cell_text {
    const char *data; /* not cleaned; valid as long as the field and the cell are */
    size_t length;
};

/* A value of the column's kind, or null. */
struct afmon_cell {
    bool present;
    union {
        int64_t integer;
        double number;
        bool boolean;
        struct afmon_cell_text text;
    } as;
    char rendered[AFMON_NUMBER_SIZE]; /* where the text of a number lies */
};

/* Null where there is no field (NULL), where it is null or not finite, and where its type is not the column's: a file
 * that changed since the types were learned may hold others. In a column of texts, other values are as lines render
 * them. */
void afmon_cell_of_field(struct afmon_cell *cell, enum afmon_column_kind kind, const afmon_field *field);

void afmon_cell_of_double(struct afmon_cell *cell, double value);

#endif
