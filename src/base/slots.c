#include "base/slots.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 16 /* entries */

static uint64_t hash_of(const void *slots, uint32_t number)
{
    uint64_t hash;
    memcpy(&hash, afmon_slots_at(slots, number), sizeof hash);
    return hash;
}

static bool has_hash(const void *slots, uint32_t number, const void *hash)
{
    return memcmp(afmon_slots_at(slots, number), hash, sizeof(uint64_t)) == 0;
}

void *afmon_slots_find(const struct afmon_slots *slots, uint64_t hash)
{
    uint32_t number = slots->count == 0 ? 0 : *afmon_table_slot(&slots->table, hash, has_hash, slots, &hash);
    return number == 0 ? NULL : afmon_slots_at(slots, number - 1);
}

static bool more_entries(struct afmon_slots *slots)
{
    uint32_t capacity = slots->capacity + slots->capacity / 2 + FIRST;
    void *entries = realloc(slots->entries, capacity * slots->entry_size);
    if (entries == NULL)
        return false;
    slots->entries = entries;
    slots->capacity = capacity;
    return true;
}

void *afmon_slots_put(struct afmon_slots *slots, uint64_t hash)
{
    void *known = afmon_slots_find(slots, hash);
    if (known != NULL)
        return known;
    if ((slots->count == slots->capacity && !more_entries(slots)) ||
        !afmon_table_reserve(&slots->table, slots->count, slots->count, hash_of, slots))
        return NULL;
    void *entry = afmon_slots_at(slots, slots->count);
    memset(entry, 0, slots->entry_size);
    memcpy(entry, &hash, sizeof hash);
    *afmon_table_slot(&slots->table, hash, has_hash, slots, &hash) = slots->count + 1;
    slots->count++;
    return entry;
}

size_t afmon_slots_bytes(const struct afmon_slots *slots)
{
    return slots->capacity * slots->entry_size + afmon_table_bytes(&slots->table);
}

void afmon_slots_free(struct afmon_slots *slots)
{
    free(slots->entries);
    afmon_table_free(&slots->table);
    *slots = (struct afmon_slots){.entry_size = slots->entry_size};
}
