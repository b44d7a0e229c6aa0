#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/arrow.h"

/* The receiver may have taken a child for itself: that one's release is NULL then. */
static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowSchema *child = schema->children[i];
        if (child != NULL && child->release != NULL)
            child->release(child);
        free(child);
    }
    free(schema->children);
    free(schema->private_data); /* the name */
    *schema = (struct ArrowSchema){0};
}

static struct ArrowSchema *new_child(const struct afmon_arrow_table_column *column)
{
    struct ArrowSchema *child = calloc(1, sizeof *child);
    char *name = strdup(column->title);
    if (child == NULL || name == NULL) {
        free(child);
        free(name);
        return NULL;
    }
    *child = (struct ArrowSchema){.format = column->format,
                                  .name = name,
                                  .flags = column->nullable ? ARROW_FLAG_NULLABLE : 0,
                                  .release = release_schema,
                                  .private_data = name};
    return child;
}

int afmon_arrow_schema(const struct afmon_arrow_table *table, struct ArrowSchema *out)
{
    struct ArrowSchema schema = {.format = "+s", .name = "", .release = release_schema};
    schema.children = calloc(table->column_count, sizeof(struct ArrowSchema *));
    if (schema.children == NULL)
        return ENOMEM;
    for (size_t i = 0; i < table->column_count; i++) {
        schema.children[i] = new_child(&table->columns[i]);
        if (schema.children[i] == NULL) {
            release_schema(&schema);
            return ENOMEM;
        }
        schema.n_children++;
    }
    *out = schema;
    return 0;
}
