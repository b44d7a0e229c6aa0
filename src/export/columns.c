#include "export/columns.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/fields.h"

#define LONG_TEXT ((size_t)64 << 10)
#define EXACT_INTEGER (INT64_C(1) << 53) /* up to here every integer is a double */

static int by_key(const void *a, const void *b)
{
    const struct afmon_export_column *x = a;
    const struct afmon_export_column *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return memcmp(x->key, y->key, x->length);
}

static bool is_key(const struct afmon_export_column *column, const afmon_field *field)
{
    return column->length == field->key_length && memcmp(column->key, field->key, field->key_length) == 0;
}

/* Most samples have the same keys in the same order: the column after the last one is tried first. */
static struct afmon_export_column *find(const struct afmon_export_columns *columns, const afmon_field *field,
                                        size_t hint)
{
    if (hint < columns->count && is_key(columns->list[hint], field))
        return columns->list[hint];
    struct afmon_export_column wanted = {.key = (char *)(uintptr_t)field->key, .length = field->key_length};
    void *found = tfind(&wanted, &columns->tree, by_key);
    return found == NULL ? NULL : *(struct afmon_export_column **)found;
}

static bool reserve(struct afmon_export_columns *columns)
{
    if (columns->count < columns->capacity)
        return true;
    size_t capacity = columns->capacity * 2 + 8;
    struct afmon_export_column **list = realloc(columns->list, capacity * sizeof *list);
    if (list == NULL)
        return false;
    columns->list = list;
    const afmon_field **cells = realloc(columns->cells, capacity * sizeof *cells);
    if (cells == NULL)
        return false;
    columns->cells = cells;
    columns->capacity = capacity;
    return true;
}

static struct afmon_export_column *add(struct afmon_export_columns *columns, const afmon_field *field)
{
    size_t length = field->key_length; /* a view's fields always have theirs */
    struct afmon_export_column *column = malloc(sizeof *column);
    char *key = malloc(length + 1);
    if (column == NULL || key == NULL || !reserve(columns)) {
        free(column);
        free(key);
        return NULL;
    }
    memcpy(key, field->key, length);
    key[length] = '\0';
    *column = (struct afmon_export_column){.key = key, .length = length, .index = columns->count};
    if (tsearch(column, &columns->tree, by_key) == NULL) {
        free(column);
        free(key);
        return NULL;
    }
    columns->list[columns->count++] = column;
    return column;
}

static void note_type(struct afmon_export_column *column, const afmon_field *field)
{
    column->types |= 1u << field->type;
    if (field->type == AFMON_INT && (field->as.integer > EXACT_INTEGER || field->as.integer < -EXACT_INTEGER))
        column->inexact = true;
    if ((field->type == AFMON_STRING || field->type == AFMON_JSON) && field->as.text.length > LONG_TEXT)
        column->has_long = true;
}

enum afmon_column_kind afmon_column_kind(const struct afmon_export_column *column)
{
    switch (column->types & ~(1u << AFMON_NULL)) {
    case 1u << AFMON_INT:
        return AFMON_COLUMN_INT;
    case 1u << AFMON_BOOL:
        return AFMON_COLUMN_BOOL;
    case 1u << AFMON_DOUBLE:
        return AFMON_COLUMN_DOUBLE;
    case 1u << AFMON_INT | 1u << AFMON_DOUBLE:
        return column->inexact ? AFMON_COLUMN_TEXT : AFMON_COLUMN_DOUBLE;
    default:
        return AFMON_COLUMN_TEXT;
    }
}

bool afmon_columns_learn(struct afmon_export_columns *columns, const afmon_sample *sample)
{
    size_t hint = 0;
    for (size_t i = 0; i < sample->field_count; i++) {
        struct afmon_export_column *column = find(columns, &sample->fields[i], hint);
        if (column == NULL)
            column = add(columns, &sample->fields[i]);
        if (column == NULL)
            return false;
        note_type(column, &sample->fields[i]);
        hint = column->index + 1;
    }
    return true;
}

void afmon_columns_lay_out(struct afmon_export_columns *columns, const afmon_sample *sample)
{
    size_t hint = 0;
    if (columns->count > 0)
        memset(columns->cells, 0, columns->count * sizeof *columns->cells);
    for (size_t i = 0; i < sample->field_count; i++) {
        const struct afmon_export_column *column = find(columns, &sample->fields[i], hint);
        if (column == NULL)
            continue;
        columns->cells[column->index] = &sample->fields[i];
        hint = column->index + 1;
    }
}

const char *afmon_column_prefix(const struct afmon_export_column *column)
{
    return afmon_key_is_taken(column->key, column->length, AFMON_LINE_TABLE) ? "_" : "";
}

void afmon_columns_free(struct afmon_export_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        (void)tdelete(columns->list[i], &columns->tree, by_key);
    for (size_t i = 0; i < columns->count; i++) {
        free(columns->list[i]->key);
        free(columns->list[i]);
    }
    free(columns->list);
    free(columns->cells);
    *columns = (struct afmon_export_columns){0};
}
