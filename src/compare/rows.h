/* Samples of one metric of one run, as far as a comparison needs them. */
#ifndef AFMON_COMPARE_ROWS_H
#define AFMON_COMPARE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What samples are told apart by. */
enum afmon_grouping { AFMON_BY_OPERATION, AFMON_BY_MODEL, AFMON_BY_EVALUATOR, AFMON_BY_KIND, AFMON_GROUPINGS };
/* Items are told apart by their kind alone: it stands in the place of the operation. */
#define AFMON_ROW_GROUPS 3

struct afmon_compare_row {
    double value;
    uint32_t cluster;
    uint16_t groups[AFMON_ROW_GROUPS]; /* numbers of names (names.h); 0: not given */
    bool makes_item;                   /* its operation stands for an item: it is no call */
};

struct afmon_compare_rows {
    struct afmon_compare_row *rows;
    size_t count;
    size_t capacity;
    struct afmon_compare_row *spare; /* to sort into; NULL, or as much room */
};

struct afmon_row_span {
    const struct afmon_compare_row *rows;
    size_t count;
};

/* Adds one. False: no memory. */
bool afmon_compare_rows_add(struct afmon_compare_rows *rows, const struct afmon_compare_row *row);
void afmon_compare_rows_clear(struct afmon_compare_rows *rows); /* keeps the memory */
void afmon_compare_rows_free(struct afmon_compare_rows *rows);

static inline struct afmon_row_span afmon_compare_rows_all(const struct afmon_compare_rows *rows)
{
    return (struct afmon_row_span){rows->rows, rows->count};
}

/* Puts them in order of a place of their groups, those of one group in the order in which they were. starts gets
 * name_count + 1 places where groups begin. False: no memory. */
bool afmon_compare_rows_sort(struct afmon_compare_rows *rows, unsigned place, size_t name_count, size_t *starts);

#endif
