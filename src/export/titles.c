#include "export/titles.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/text.h"

#define TITLE_LIMIT ((size_t)1 << 30)

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static char *clean_title(const struct afmon_export_column *column)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, TITLE_LIMIT);
    afmon_buffer_add_text(&text, afmon_column_prefix(column));
    afmon_buffer_add_clean(&text, column->key, column->length);
    char *title = text.failed ? NULL : strndup(text.length > 0 ? text.data : "", text.length);
    afmon_buffer_free(&text);
    return title;
}

/* NULL: no memory. */
static char *title_of(const struct afmon_export_column *column, void **taken)
{
    char *clean = clean_title(column);
    char *title = clean;
    for (size_t number = column->index + 1; title != NULL && tfind(title, taken, by_text) != NULL; number++) {
        if (title != clean)
            free(title);
        if (asprintf(&title, "%s~%zu", clean, number) < 0)
            title = NULL;
    }
    if (title != clean)
        free(clean);
    if (title != NULL && tsearch(title, taken, by_text) != NULL)
        return title;
    free(title);
    return NULL;
}

char **afmon_column_titles(const struct afmon_export_columns *columns)
{
    char **titles = calloc(columns->count + 1, sizeof *titles); /* one more: none is no failure */
    void *taken = NULL;
    bool whole = titles != NULL;
    for (size_t i = 0; i < columns->count && whole; i++) {
        titles[i] = title_of(columns->list[i], &taken);
        whole = titles[i] != NULL;
    }
    for (size_t i = 0; titles != NULL && i < columns->count && titles[i] != NULL; i++)
        (void)tdelete(titles[i], &taken, by_text);
    if (whole)
        return titles;
    afmon_free_column_titles(titles, columns->count);
    return NULL;
}

void afmon_free_column_titles(char **titles, size_t count)
{
    for (size_t i = 0; titles != NULL && i < count; i++)
        free(titles[i]);
    free(titles);
}
