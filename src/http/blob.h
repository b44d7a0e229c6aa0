/* Bytes that do not change any more and that several share, counted by reference. Any thread. */
#ifndef AFMON_HTTP_BLOB_H
#define AFMON_HTTP_BLOB_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/buffer.h"

struct afmon_blob {
    atomic_size_t references;
    size_t length;
    char *data;
};

/* Takes over what the buffer holds, which is empty afterwards; one reference is the caller's. NULL: no memory, or the
 * buffer had failed. */
struct afmon_blob *afmon_blob_from(struct afmon_buffer *buffer);

/* One more reference; returns blob. NULL is fine. */
struct afmon_blob *afmon_blob_keep(struct afmon_blob *blob);

/* One reference less; the last one frees it. NULL is fine. */
void afmon_blob_drop(struct afmon_blob *blob);

#endif
