/* A hash table of numbers. What they stand for lies with its owner, mostly in an array: the owner says whether a number
 * is the one that is looked for, and what the hash of each is. */
#ifndef AFMON_BASE_TABLE_H
#define AFMON_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begin with a zeroed one. */
struct afmon_table {
    uint32_t *slots; /* numbers + 1; 0: free. Some always are. */
    uint32_t slot_count;
};

/* The slot of what is looked for, or the free one where its number + 1 belongs. The table has slots. `is` should be
 * known where this is called, so that it becomes a part of the loop. */
static inline uint32_t *afmon_table_slot(const struct afmon_table *table, uint64_t hash,
                                         bool (*is)(const void *owner, uint32_t number, const void *wanted),
                                         const void *owner, const void *wanted)
{
    uint32_t mask = table->slot_count - 1;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask)
        if (table->slots[at] == 0 || is(owner, table->slots[at] - 1, wanted))
            return &table->slots[at];
}

/* Brings about that more than `count` numbers have room, half of the slots left free; those that are in it are entered
 * anew: 0 to `entered` - 1, with hash_of each. False: no memory, and nothing changed. */
bool afmon_table_reserve(struct afmon_table *table, size_t count, uint32_t entered,
                         uint64_t (*hash_of)(const void *owner, uint32_t number), const void *owner);

/* Forgets all, and enters 0 to `entered` - 1 anew. */
void afmon_table_refill(struct afmon_table *table, uint32_t entered,
                        uint64_t (*hash_of)(const void *owner, uint32_t number), const void *owner);

void afmon_table_clear(struct afmon_table *table); /* forgets all, keeps its memory */
size_t afmon_table_bytes(const struct afmon_table *table);
void afmon_table_free(struct afmon_table *table); /* back to a zeroed one */

#endif
