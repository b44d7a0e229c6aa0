#include <errno.h>
#include <stdlib.h>

#include "export/arrow.h"

/* A child and what it owns. The receiver may move the struct ArrowArray away from here, so what is owned hangs on its
 * private_data. */
struct owned {
    struct afmon_arrow_rows_column *column;
    const void *buffers[3];
};

static void release_child(struct ArrowArray *array)
{
    struct owned *owned = array->private_data;
    afmon_arrow_rows_column_free(owned->column);
    free(owned);
    *array = (struct ArrowArray){0};
}

static void release_parent(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) {
        struct ArrowArray *child = array->children[i];
        if (child->release != NULL)
            child->release(child);
        free(child);
    }
    free(array->children);
    free(array->private_data); /* the list of buffers */
    *array = (struct ArrowArray){0};
}

/* A child without its column yet. */
static struct ArrowArray *new_child(void)
{
    struct ArrowArray *child = calloc(1, sizeof *child);
    struct owned *owned = calloc(1, sizeof *owned);
    if (child == NULL || owned == NULL) {
        free(child);
        free(owned);
        return NULL;
    }
    *child = (struct ArrowArray){.release = release_child, .private_data = owned};
    return child;
}

static void hand_over(struct ArrowArray *child, struct afmon_arrow_rows_column *column, size_t rows)
{
    struct owned *owned = child->private_data;
    bool is_text = column->kind == AFMON_COLUMN_TEXT;
    owned->column = column;
    owned->buffers[0] = column->nulls > 0 ? column->present : NULL;
    owned->buffers[1] = column->values;
    owned->buffers[2] = column->text.data != NULL ? column->text.data : "";
    child->length = (int64_t)rows;
    child->null_count = (int64_t)column->nulls;
    child->n_buffers = is_text ? 3 : 2;
    child->buffers = owned->buffers;
}

int afmon_arrow_array(struct afmon_arrow_rows *batch, struct ArrowArray *out)
{
    size_t count = batch->table->column_count;
    const void **buffers = calloc(1, sizeof *buffers); /* no bitmap: no row is null */
    struct ArrowArray array = {.length = (int64_t)batch->rows,
                               .n_buffers = 1,
                               .buffers = buffers,
                               .children = calloc(count, sizeof(struct ArrowArray *)),
                               .release = release_parent,
                               .private_data = buffers};
    bool whole = buffers != NULL && array.children != NULL;
    while (whole && (size_t)array.n_children < count) {
        struct ArrowArray *child = new_child();
        whole = child != NULL;
        if (whole)
            array.children[array.n_children++] = child;
    }
    if (!whole) {
        release_parent(&array);
        return ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        hand_over(array.children[i], batch->columns[i], batch->rows);
        batch->columns[i] = NULL;
    }
    afmon_arrow_rows_free(batch);
    *out = array;
    return 0;
}
