/* The samples of a view as one table: metric_name, timestamp, value, and a column for each metadata key. What its
 * columns are is found out in one pass over the samples. The same columns as of a parquet export. */
#ifndef AFMON_EXPORT_ARROW_TABLE_H
#define AFMON_EXPORT_ARROW_TABLE_H

#include "export/columns.h"
#include "export/format.h"

/* The columns that every table begins with. */
enum { AFMON_ARROW_METRIC, AFMON_ARROW_TIME, AFMON_ARROW_VALUE, AFMON_ARROW_FIXED };

struct afmon_arrow_table_column {
    char *title; /* well-formed UTF-8 without NUL, like no other column's */
    enum afmon_column_kind kind;
    const char *format; /* Arrow's name of its type */
    bool nullable;
};

struct afmon_arrow_table {
    struct afmon_export_columns keys; /* of metadata; key i is column AFMON_ARROW_FIXED + i */
    struct afmon_arrow_table_column *columns;
    size_t column_count;
};

/* Fills a zeroed table in one pass over the job's samples. afmon_arrow_table_free it in every case. */
afmon_status afmon_arrow_table_learn(struct afmon_arrow_table *table, struct afmon_export_job *job);
void afmon_arrow_table_free(struct afmon_arrow_table *table);

#endif
