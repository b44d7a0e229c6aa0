#include "http/blob.h"

#include <stdlib.h>

struct afmon_blob *afmon_blob_from(struct afmon_buffer *buffer)
{
    struct afmon_blob *blob = buffer->failed ? NULL : malloc(sizeof *blob);
    if (blob == NULL) {
        afmon_buffer_free(buffer);
        return NULL;
    }
    atomic_init(&blob->references, 1);
    blob->length = buffer->length;
    blob->data = buffer->data;
    afmon_buffer_init(buffer, buffer->limit);
    char *fitted =
        realloc(blob->data, blob->length > 0 ? blob->length : 1); /* it may live long: what was room goes back */
    if (fitted != NULL)
        blob->data = fitted;
    return blob;
}

struct afmon_blob *afmon_blob_keep(struct afmon_blob *blob)
{
    if (blob != NULL)
        atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    return blob;
}

void afmon_blob_drop(struct afmon_blob *blob)
{
    if (blob == NULL || atomic_fetch_sub_explicit(&blob->references, 1, memory_order_acq_rel) != 1)
        return;
    free(blob->data);
    free(blob);
}
