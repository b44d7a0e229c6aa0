#include "export/arrow_table.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "export/text.h"

#define TITLE_LIMIT ((size_t)1 << 30)
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

/* ---- Titles ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void keep(void *title)
{
    (void)title; /* the column frees it */
}

/* The key, cleaned; keys that differ only in what was cleaned away get a number behind. NULL: no memory. */
static char *title_of(const struct afmon_export_column *key, void **titles)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, TITLE_LIMIT);
    afmon_buffer_add_text(&text, afmon_column_prefix(key));
    afmon_buffer_add_clean(&text, key->key, key->length);
    char *title = text.failed ? NULL : strndup(text.length > 0 ? text.data : "", text.length);
    for (size_t number = key->index + 2; title != NULL && tfind(title, titles, by_text) != NULL; number++) {
        char *other;
        int length = asprintf(&other, "%.*s~%zu", (int)text.length, text.length > 0 ? text.data : "", number);
        free(title);
        title = length < 0 ? NULL : other;
    }
    afmon_buffer_free(&text);
    if (title != NULL && tsearch(title, titles, by_text) == NULL) {
        free(title);
        return NULL;
    }
    return title;
}

static void add_column(struct afmon_arrow_table *table, char *title, enum afmon_column_kind kind, bool nullable)
{
    table->columns[table->column_count++] = (struct afmon_arrow_table_column){title, kind, format_of(kind), nullable};
}

static bool add_keys(struct afmon_arrow_table *table)
{
    void *titles = NULL;
    bool whole = true;
    for (size_t i = 0; i < table->keys.count && whole; i++) {
        char *title = title_of(table->keys.list[i], &titles);
        whole = title != NULL;
        if (whole)
            add_column(table, title, afmon_column_kind(table->keys.list[i]), true);
    }
    tdestroy(titles, keep);
    return whole;
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
