#include "base/slots.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 32 /* slots; a power of two */

static uint64_t hash_of(const struct afmon_slots *slots, uint32_t number)
{
    uint64_t hash;
    memcpy(&hash, afmon_slots_at(slots, number), sizeof hash);
    return hash;
}

/* The slot of a hash, or the free one where it belongs. */
static uint32_t *slot_of(const struct afmon_slots *slots, uint64_t hash)
{
    uint32_t mask = slots->slot_count - 1;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask)
        if (slots->slots[at] == 0 || hash_of(slots, slots->slots[at] - 1) == hash)
            return &slots->slots[at];
}

void *afmon_slots_find(const struct afmon_slots *slots, uint64_t hash)
{
    uint32_t number = slots->count == 0 ? 0 : *slot_of(slots, hash);
    return number == 0 ? NULL : afmon_slots_at(slots, number - 1);
}

static bool more_slots(struct afmon_slots *slots)
{
    if (slots->slot_count > UINT32_MAX / 4)
        return false;
    uint32_t count = slots->slot_count == 0 ? FIRST : slots->slot_count * 2;
    uint32_t *old = slots->slots;
    uint32_t *table = calloc(count, sizeof *table);
    if (table == NULL)
        return false;
    slots->slots = table;
    slots->slot_count = count;
    for (uint32_t i = 0; i < slots->count; i++)
        *slot_of(slots, hash_of(slots, i)) = i + 1;
    free(old);
    return true;
}

static bool more_entries(struct afmon_slots *slots)
{
    uint32_t capacity = slots->capacity + slots->capacity / 2 + FIRST / 2;
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
        ((uint64_t)(slots->count + 1) * 3 > (uint64_t)slots->slot_count * 2 && !more_slots(slots)))
        return NULL;
    void *entry = afmon_slots_at(slots, slots->count);
    memset(entry, 0, slots->entry_size);
    memcpy(entry, &hash, sizeof hash);
    *slot_of(slots, hash) = ++slots->count;
    return entry;
}

size_t afmon_slots_bytes(const struct afmon_slots *slots)
{
    return slots->capacity * slots->entry_size + slots->slot_count * sizeof *slots->slots;
}

void afmon_slots_free(struct afmon_slots *slots)
{
    free(slots->entries);
    free(slots->slots);
    *slots = (struct afmon_slots){.entry_size = slots->entry_size};
}
