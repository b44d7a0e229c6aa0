#include "model/pool.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)16384)
#define ALIGNMENT alignof(max_align_t)

struct afmon_pool_block {
    struct afmon_pool_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static struct afmon_pool_block *add_block(struct afmon_pool *pool, size_t needed)
{
    size_t size = needed > BLOCK_SIZE ? needed : BLOCK_SIZE;
    struct afmon_pool_block *block = calloc(1, sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->next = pool->blocks;
    pool->blocks = block;
    return block;
}

void *afmon_summary_pool_take(struct afmon_pool *pool, size_t size)
{
    struct afmon_pool_block *block = pool->blocks;
    if (pool->failed || size > PTRDIFF_MAX / 2) {
        pool->failed = true;
        return NULL;
    }
    size = (size + ALIGNMENT) / ALIGNMENT * ALIGNMENT; /* never 0 */
    if (block == NULL || block->size - block->used < size)
        block = add_block(pool, size);
    pool->failed = block == NULL;
    if (block == NULL)
        return NULL;
    void *piece = block->bytes + block->used;
    block->used += size;
    return piece;
}

void *afmon_pool_array(struct afmon_pool *pool, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX;
    return afmon_summary_pool_take(pool, bytes);
}

const char *afmon_pool_text(struct afmon_pool *pool, const char *text, size_t length)
{
    char *copy = afmon_summary_pool_take(pool, length + 1);
    if (copy == NULL)
        return "";
    memcpy(copy, text, length);
    return copy;
}

void afmon_pool_free(struct afmon_pool *pool)
{
    while (pool->blocks != NULL) {
        struct afmon_pool_block *next = pool->blocks->next;
        free(pool->blocks);
        pool->blocks = next;
    }
    pool->failed = false;
}
