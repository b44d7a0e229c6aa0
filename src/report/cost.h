/* What a run cost, row by row, for each form of the report. */
#ifndef AFMON_REPORT_COST_H
#define AFMON_REPORT_COST_H

#include <afmon/afmon.h>

#include "base/words.h"

#define AFMON_COST_COLUMNS                                                                                             \
    4 /* in all, of accepted items, wasted, for each accepted one; those after the first may be "" */

struct afmon_cost_row {
    const char *name; /* any text */
    struct afmon_words cells[AFMON_COST_COLUMNS];
};

/* How many rows there are (0: no prices were given), and one of them. */
size_t afmon_cost_rows(const afmon_run_summary *summary);
struct afmon_cost_row afmon_cost_row_at(const afmon_run_summary *summary, size_t row);

/* Calls that have no price, as a sentence without its point; "": there are none. */
#define AFMON_COST_TEXT_SIZE 160
void afmon_cost_unpriced(const afmon_run_summary *summary, char *text, size_t size);

#endif
