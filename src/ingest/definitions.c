#include "ingest/definitions.h"

#include <stdlib.h>

struct afmon_defined_entry *afmon_defined_add(struct afmon_defined_table *table, uint32_t number)
{
    size_t block = (number - 1) / AFMON_DEFINED_BLOCK;
    if (number == 0 || block >= AFMON_DEFINED_BLOCKS)
        return NULL;
    struct afmon_defined_entry *entries = atomic_load_explicit(&table->blocks[block], memory_order_relaxed);
    if (entries == NULL) {
        entries = calloc(AFMON_DEFINED_BLOCK, sizeof *entries);
        if (entries == NULL)
            return NULL;
        atomic_store_explicit(&table->blocks[block], entries, memory_order_release);
    }
    return &entries[(number - 1) % AFMON_DEFINED_BLOCK];
}

struct afmon_defined_entry *afmon_defined_find(struct afmon_defined_table *table, uint32_t number)
{
    size_t block = (number - 1) / AFMON_DEFINED_BLOCK;
    if (number == 0 || block >= AFMON_DEFINED_BLOCKS)
        return NULL;
    struct afmon_defined_entry *entries = atomic_load_explicit(&table->blocks[block], memory_order_acquire);
    return entries == NULL ? NULL : &entries[(number - 1) % AFMON_DEFINED_BLOCK];
}

void afmon_defined_free(struct afmon_defined_table *table)
{
    for (size_t i = 0; i < AFMON_DEFINED_BLOCKS; i++) {
        free(atomic_load_explicit(&table->blocks[i], memory_order_relaxed));
        atomic_store_explicit(&table->blocks[i], NULL, memory_order_relaxed);
    }
}
