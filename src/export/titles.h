/* Titles of the columns of a table, for formats in which they must be well-formed text and unlike each other. */
#ifndef AFMON_EXPORT_TITLES_H
#define AFMON_EXPORT_TITLES_H

#include "export/columns.h"

/* A fresh list of fresh titles, one a column: its key, cleaned; keys that differ only in what was cleaned away get a
 * number behind ("~2"). NULL: no memory. */
char **afmon_column_titles(const struct afmon_export_columns *columns);
void afmon_free_column_titles(char **titles, size_t count);

#endif
