/* The metadata keys of samples, as columns of a table: in the order in which they were first met. */
#ifndef AFMON_EXPORT_COLUMNS_H
#define AFMON_EXPORT_COLUMNS_H

#include <afmon/afmon.h>

struct afmon_export_column {
    char *key;
    size_t length;
    size_t index;
    unsigned types; /* of its values so far: a bit by afmon_type */
    bool inexact;   /* some integer among them is no double */
    bool has_long;  /* some text among them is as long as a page of a file is, or nearly */
};

struct afmon_export_columns {
    struct afmon_export_column **list;
    size_t count;
    size_t capacity;
    void *tree;                /* of tsearch(3) */
    const afmon_field **cells; /* by column: what the row that was laid out holds; NULL: nothing */
};

/* What type holds all values of a column. */
enum afmon_column_kind { AFMON_COLUMN_TEXT, AFMON_COLUMN_INT, AFMON_COLUMN_DOUBLE, AFMON_COLUMN_BOOL };

/* Integers and doubles together are doubles, where none of them changes by that; other mixtures are text, and so is a
 * column of nulls. */
enum afmon_column_kind afmon_column_kind(const struct afmon_export_column *column);

/* Adds the keys of a sample that are new, and notes the types of its values. False: no memory. A zeroed struct to begin
 * with. */
bool afmon_columns_learn(struct afmon_export_columns *columns, const afmon_sample *sample);

/* Fills cells with the sample's fields. Keys that were not learned are left out. */
void afmon_columns_lay_out(struct afmon_export_columns *columns, const afmon_sample *sample);

/* What has to stand in front of a column's title so that it is none of the table's own: "_" or "". */
const char *afmon_column_prefix(const struct afmon_export_column *column);

void afmon_columns_free(struct afmon_export_columns *columns);

#endif
