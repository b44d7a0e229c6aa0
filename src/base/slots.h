/* Entries by their 64-bit hash, with which each begins: two of one hash are the same. They lie in an array. */
#ifndef AFMON_BASE_SLOTS_H
#define AFMON_BASE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"

/* Begin with the size of an entry, and zeroes. */
struct afmon_slots {
    size_t entry_size;
    void *entries; /* owned: what the entries are moved to as they become more */
    uint32_t count;
    uint32_t capacity; /* entries that there is memory for */
    struct afmon_table table;
};

/* The entry of a hash; NULL: there is none. */
void *afmon_slots_find(const struct afmon_slots *slots, uint64_t hash);

/* The same, made where there is none: zeroed but for its hash. NULL: no memory. Entries that were given before may have
 * moved. */
void *afmon_slots_put(struct afmon_slots *slots, uint64_t hash);

/* The number'th entry, in the order in which they were made. */
static inline void *afmon_slots_at(const struct afmon_slots *slots, uint32_t number)
{
    return (char *)slots->entries + (size_t)number * slots->entry_size;
}

size_t afmon_slots_bytes(const struct afmon_slots *slots);
void afmon_slots_free(struct afmon_slots *slots);

#endif
