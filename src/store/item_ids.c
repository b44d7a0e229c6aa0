#include "store/item_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define RECENT 1024 /* items whose places are remembered; a power of two */
#define FIRST_UNITS 512
#define KEPT 3                         /* blocks that a sweep leaves */
#define NUMBER (AFMON_ITEM_ID_MAX + 1) /* is added to the length of a number's digits */

struct recent {
    uint64_t hash;
    struct afmon_item_place place;
    uint64_t begun; /* which block it is in: a sweep frees no recent one */
};

struct afmon_item_ids {
    struct afmon_item_block *oldest;
    struct afmon_item_block *newest;
    size_t count;
    uint64_t begun; /* blocks, ever */
    size_t bytes;
    uint64_t seed;
    struct recent recent[RECENT];
};

_Static_assert(NUMBER + 20 <= UINT8_MAX, "a length is one byte");

struct afmon_item_ids *afmon_item_ids_new(void)
{
    struct afmon_item_ids *ids = calloc(1, sizeof *ids);
    if (ids != NULL)
        ids->seed = afmon_hash_seed();
    return ids;
}

void afmon_item_ids_free(struct afmon_item_ids *ids)
{
    if (ids == NULL)
        return;
    while (ids->oldest != NULL) {
        struct afmon_item_block *newer = ids->oldest->newer;
        afmon_item_block_release(ids->oldest);
        ids->oldest = newer;
    }
    free(ids);
}

static size_t block_bytes(uint32_t units)
{
    return sizeof(struct afmon_item_block) + (size_t)units * AFMON_ITEM_UNIT;
}

void afmon_item_block_hold(struct afmon_item_block *block)
{
    atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
}

void afmon_item_block_release(struct afmon_item_block *block)
{
    if (block != NULL && atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) == 1)
        free(block);
}

static bool begin_block(struct afmon_item_ids *ids)
{
    uint32_t units = ids->newest == NULL ? FIRST_UNITS : ids->newest->units * 8;
    units = units > AFMON_ITEM_UNITS ? AFMON_ITEM_UNITS : units;
    struct afmon_item_block *block = malloc(block_bytes(units));
    if (block == NULL)
        return false;
    atomic_init(&block->references, 1);
    block->units = units;
    block->used = 1;
    block->newer = NULL;
    if (ids->newest != NULL)
        ids->newest->newer = block;
    else
        ids->oldest = block;
    ids->newest = block;
    ids->count++;
    ids->begun++;
    ids->bytes += block_bytes(units);
    return true;
}

static unsigned char *bytes_at(const struct afmon_item_block *block, uint32_t unit)
{
    return (unsigned char *)(uintptr_t)block->bytes + (size_t)unit * AFMON_ITEM_UNIT;
}

struct afmon_item_id afmon_item_block_id(const struct afmon_item_block *block, uint32_t unit)
{
    const unsigned char *at = bytes_at(block, unit);
    bool is_number = *at > NUMBER;
    return (struct afmon_item_id){
        .text = (const char *)at + 1, .length = is_number ? *at - (unsigned)NUMBER : *at, .is_number = is_number};
}

static bool is_at(const struct afmon_item_place *place, const struct afmon_item_id *id)
{
    if (place->unit == 0)
        return false;
    struct afmon_item_id known = afmon_item_block_id(place->block, place->unit);
    return known.length == id->length && known.is_number == id->is_number &&
           memcmp(known.text, id->text, id->length) == 0;
}

static bool write_id(struct afmon_item_ids *ids, const struct afmon_item_id *id, struct afmon_item_place *place)
{
    uint32_t units = (id->length + 1 + AFMON_ITEM_UNIT - 1) / AFMON_ITEM_UNIT;
    if ((ids->newest == NULL || ids->newest->units - ids->newest->used < units) && !begin_block(ids))
        return false;
    struct afmon_item_block *block = ids->newest;
    unsigned char *at = bytes_at(block, block->used);
    *at = (unsigned char)(id->length + (id->is_number ? NUMBER : 0));
    memcpy(at + 1, id->text, id->length);
    *place = (struct afmon_item_place){.block = block, .unit = block->used};
    block->used += units;
    return true;
}

bool afmon_item_ids_put(struct afmon_item_ids *ids, const struct afmon_item_id *id, struct afmon_item_place *place)
{
    uint64_t hash = afmon_hash(ids->seed, id->text, id->length);
    struct recent *recent = &ids->recent[hash & (RECENT - 1)];
    if (recent->hash != hash || ids->begun - recent->begun >= KEPT || !is_at(&recent->place, id)) {
        if (!write_id(ids, id, &recent->place))
            return false;
        recent->hash = hash;
        recent->begun = ids->begun;
    }
    *place = recent->place;
    return true;
}

void afmon_item_ids_sweep(struct afmon_item_ids *ids)
{
    while (ids->count > KEPT && atomic_load_explicit(&ids->oldest->references, memory_order_acquire) == 1) {
        struct afmon_item_block *block = ids->oldest;
        ids->oldest = block->newer;
        ids->count--;
        ids->bytes -= block_bytes(block->units);
        afmon_item_block_release(block);
    }
}

size_t afmon_item_ids_bytes(const struct afmon_item_ids *ids)
{
    return ids == NULL ? 0 : sizeof *ids + ids->bytes;
}
