#include "export/arrow_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "export/titles.h"

/* ---- Types ---- */

static const char *format_of(enum afmon_column_kind kind)
{
    switch (kind) {
    case AFMON_COLUMN_TEXT:
        return "u";
    case AFMON_COLUMN_INT:
        return "l";
    case AFMON_COLUMN_DOUBLE:
        return "g";
    case AFMON_COLUMN_BOOL:
        return "b";
    }
    return "n";
}

struct learning {
    struct afmon_arrow_table *table;
    afmon_error *error;
};

static afmon_status learn(void *user, size_t place, const afmon_sample *sample)
{
    const struct learning *learning = user;
    struct afmon_arrow_table *table = learning->table;
    (void)place;
    return afmon_columns_learn(&table->keys, sample) ? AFMON_OK : afmon_fail_memory(learning->error);
}

/* ---- Columns ---- */

static void add_column(struct afmon_arrow_table *table, char *title, enum afmon_column_kind kind, bool nullable)
{
    table->columns[table->column_count++] = (struct afmon_arrow_table_column){title, kind, format_of(kind), nullable};
}

static bool add_keys(struct afmon_arrow_table *table)
{
    char **titles = afmon_column_titles(&table->keys);
    if (titles == NULL)
        return false;
    for (size_t i = 0; i < table->keys.count; i++)
        add_column(table, titles[i], afmon_column_kind(table->keys.list[i]), true);
    free(titles); /* the table has what was in it */
    return true;
}

static bool add_fixed(struct afmon_arrow_table *table)
{
    static const struct {
        const char *title;
        enum afmon_column_kind kind;
        bool nullable;
    } fixed[AFMON_ARROW_FIXED] = {{"metric_name", AFMON_COLUMN_TEXT, false},
                                  {"timestamp", AFMON_COLUMN_INT, false},
                                  {"value", AFMON_COLUMN_DOUBLE, true}}; /* null: not finite */
    for (size_t i = 0; i < AFMON_ARROW_FIXED; i++) {
        char *title = strdup(fixed[i].title);
        if (title == NULL)
            return false;
        add_column(table, title, fixed[i].kind, fixed[i].nullable);
    }
    table->columns[AFMON_ARROW_TIME].format = "tsu:UTC";
    return true;
}

afmon_status afmon_arrow_table_learn(struct afmon_arrow_table *table, struct afmon_export_job *job)
{
    struct learning learning = {table, job->error};
    afmon_status status = afmon_export_learn(job, learn, &learning);
    if (status != AFMON_OK)
        return status;
    table->columns = calloc(AFMON_ARROW_FIXED + table->keys.count, sizeof *table->columns);
    return table->columns != NULL && add_fixed(table) && add_keys(table) ? AFMON_OK : afmon_fail_memory(job->error);
}

void afmon_arrow_table_free(struct afmon_arrow_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        free(table->columns[i].title);
    free(table->columns);
    afmon_columns_free(&table->keys);
    *table = (struct afmon_arrow_table){0};
}
