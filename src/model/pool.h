/* Memory of one summary: taken piece by piece, given back at once. */
#ifndef AFMON_MODEL_POOL_H
#define AFMON_MODEL_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct afmon_pool_block;

/* Begin with a zeroed one. After a piece could not be had (failed), there are no further ones: look once, at the end.
 */
struct afmon_pool {
    struct afmon_pool_block *blocks;
    bool failed;
};

/* Zeroed memory, aligned for everything; NULL: none. size 0 is fine. */
void *afmon_summary_pool_take(struct afmon_pool *pool, size_t size);

/* count of size bytes each; NULL also where that is too much. */
void *afmon_pool_array(struct afmon_pool *pool, size_t count, size_t size);

/* A copy, NUL ended; "" where there is no memory. */
const char *afmon_pool_text(struct afmon_pool *pool, const char *text, size_t length);

void afmon_pool_free(struct afmon_pool *pool);

#endif
