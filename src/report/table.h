/* The tables of the page: a section with a heading each. */
#ifndef AFMON_REPORT_TABLE_H
#define AFMON_REPORT_TABLE_H

#include "base/buffer.h"
#include "base/words.h"

/* columns ends with NULL. Titles and columns are HTML; names and texts are any text. */
void afmon_table_begin(struct afmon_buffer *page, const char *id, const char *title, const char *const *columns);

/* How many of so many rows a table shows; its end says how many more there are. */
size_t afmon_table_shown(size_t rows);
void afmon_table_end(struct afmon_buffer *page, size_t rows);
/* The same, and by which options of `afmon items` the items behind a row are found; NULL: the run tells of none. */
void afmon_table_end_behind(struct afmon_buffer *page, size_t rows, const char *options);

/* A row, from its name on. */
void afmon_table_row(struct afmon_buffer *page, const char *name);
void afmon_table_cell(struct afmon_buffer *page, struct afmon_words words);
void afmon_table_text(struct afmon_buffer *page, const char *text);
void afmon_table_count(struct afmon_buffer *page, uint64_t count);
void afmon_table_failures(struct afmon_buffer *page, uint64_t count); /* stands out where it is above 0 */
void afmon_table_share(struct afmon_buffer *page, double share);
void afmon_table_end_row(struct afmon_buffer *page);

#endif
