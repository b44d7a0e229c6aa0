#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 16        /* slots */
#define MOST (1U << 31) /* slots */

void afmon_table_clear(struct afmon_table *table)
{
    if (table->slot_count > 0)
        memset(table->slots, 0, table->slot_count * sizeof *table->slots);
}

/* They are different: each goes to the first free slot. */
static void enter_all(struct afmon_table *table, uint32_t entered,
                      uint64_t (*hash_of)(const void *owner, uint32_t number), const void *owner)
{
    uint32_t mask = table->slot_count - 1;
    for (uint32_t number = 0; number < entered; number++) {
        uint32_t at = (uint32_t)hash_of(owner, number) & mask;
        while (table->slots[at] != 0)
            at = (at + 1) & mask;
        table->slots[at] = number + 1;
    }
}

void afmon_table_refill(struct afmon_table *table, uint32_t entered,
                        uint64_t (*hash_of)(const void *owner, uint32_t number), const void *owner)
{
    afmon_table_clear(table);
    enter_all(table, entered, hash_of, owner);
}

bool afmon_table_reserve(struct afmon_table *table, size_t count, uint32_t entered,
                         uint64_t (*hash_of)(const void *owner, uint32_t number), const void *owner)
{
    uint32_t slot_count = table->slot_count > 0 ? table->slot_count : FIRST;
    while (slot_count < MOST && slot_count / 2 <= count)
        slot_count *= 2;
    if (slot_count == table->slot_count)
        return true;
    struct afmon_table larger = {.slots = calloc(slot_count, sizeof *larger.slots), .slot_count = slot_count};
    if (larger.slots == NULL || slot_count / 2 <= count) {
        free(larger.slots);
        return false;
    }
    enter_all(&larger, entered, hash_of, owner);
    free(table->slots);
    *table = larger;
    return true;
}

size_t afmon_table_bytes(const struct afmon_table *table)
{
    return table->slot_count * sizeof *table->slots;
}

void afmon_table_free(struct afmon_table *table)
{
    free(table->slots);
    *table = (struct afmon_table){0};
}
