#include "compare/rows.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 256

bool afmon_compare_rows_add(struct afmon_compare_rows *rows, const struct afmon_compare_row *row)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? FIRST : 2 * rows->capacity;
        struct afmon_compare_row *more = realloc(rows->rows, capacity * sizeof *more);
        if (more == NULL)
            return false;
        free(rows->spare);
        rows->spare = NULL;
        rows->rows = more;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = *row;
    return true;
}

void afmon_compare_rows_clear(struct afmon_compare_rows *rows)
{
    rows->count = 0;
}

void afmon_compare_rows_free(struct afmon_compare_rows *rows)
{
    free(rows->rows);
    free(rows->spare);
    *rows = (struct afmon_compare_rows){0};
}

bool afmon_compare_rows_sort(struct afmon_compare_rows *rows, unsigned place, size_t name_count, size_t *starts)
{
    memset(starts, 0, (name_count + 1) * sizeof *starts);
    if (rows->count == 0)
        return true;
    size_t *next = malloc(name_count * sizeof *next);
    if (rows->spare == NULL)
        rows->spare = malloc(rows->capacity * sizeof *rows->spare);
    if (rows->spare != NULL && next != NULL) {
        for (size_t i = 0; i < rows->count; i++)
            starts[rows->rows[i].groups[place] + 1]++;
        for (size_t i = 0; i < name_count; i++)
            starts[i + 1] += starts[i];
        memcpy(next, starts, name_count * sizeof *next);
        for (size_t i = 0; i < rows->count; i++)
            rows->spare[next[rows->rows[i].groups[place]]++] = rows->rows[i];
        struct afmon_compare_row *before = rows->rows;
        rows->rows = rows->spare;
        rows->spare = before;
    }
    bool ok = rows->spare != NULL && next != NULL;
    free(next);
    return ok;
}
