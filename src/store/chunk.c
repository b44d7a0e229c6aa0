#include "store/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "store/item_column.h"

/* Up to this many sets are searched one by one. */
#define FEW_SETS 16

_Static_assert(AFMON_CHUNK_SAMPLES <= UINT16_MAX, "set indexes are 16 bits");

/* Slots of the hash table: a power of two, at most half of them taken. */
static size_t table_size(uint32_t set_capacity)
{
    if (set_capacity <= FEW_SETS)
        return 0;
    return (size_t)1 << (32 - __builtin_clz(set_capacity * 2 - 1));
}

static size_t bytes_for(struct afmon_chunk_room room)
{
    size_t bytes = sizeof(struct afmon_chunk);
    bytes += (size_t)room.samples * (sizeof(double) + sizeof(int32_t));
    bytes += (size_t)room.sets * sizeof(struct afmon_set *);
    if (room.sets > 1)
        bytes += (size_t)room.samples * sizeof(uint16_t);
    if (room.items)
        bytes += (size_t)room.samples * sizeof(uint16_t);
    return bytes + table_size(room.sets) * sizeof(uint16_t) + room.fitted_items;
}

/* The columns lie behind the header, the widest first, so that each is aligned. */
static void lay_out(struct afmon_chunk *chunk, bool items, bool fitted_items)
{
    chunk->values = (double *)(chunk + 1);
    chunk->sets = (struct afmon_set **)(void *)(chunk->values + chunk->capacity);
    chunk->offsets = (int32_t *)(void *)(chunk->sets + chunk->set_capacity);
    uint16_t *rest = (uint16_t *)(void *)(chunk->offsets + chunk->capacity);
    chunk->set_index = chunk->set_capacity > 1 ? rest : NULL;
    rest += chunk->set_index != NULL ? chunk->capacity : 0;
    chunk->items = items ? rest : NULL;
    rest += items ? chunk->capacity : 0;
    chunk->set_table = NULL;
    size_t size = table_size(chunk->set_capacity);
    if (size > 0) {
        chunk->set_table = rest;
        memset(chunk->set_table, 0, size * sizeof *chunk->set_table);
    }
    chunk->items_fitted = fitted_items;
    if (fitted_items)
        chunk->items = rest + size;
}

struct afmon_chunk *afmon_chunk_new(struct afmon_chunk_room room, int64_t base_us)
{
    size_t bytes = bytes_for(room);
    struct afmon_chunk *chunk = malloc(bytes);
    if (chunk == NULL)
        return NULL;
    memset(chunk, 0, sizeof *chunk);
    atomic_init(&chunk->references, 1);
    chunk->capacity = room.samples;
    chunk->set_capacity = room.sets;
    chunk->base_us = base_us;
    chunk->bytes = bytes;
    lay_out(chunk, room.items, room.fitted_items > 0);
    return chunk;
}

void afmon_chunk_hold(struct afmon_chunk *chunk)
{
    atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
}

void afmon_chunk_release(struct afmon_chunk *chunk)
{
    if (chunk == NULL || atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < chunk->set_count; i++) {
        if (chunk->sets[i] != NULL)
            afmon_set_release(chunk->sets[i]);
    }
    afmon_item_block_release(chunk->item_blocks[0]);
    afmon_item_block_release(chunk->item_blocks[1]);
    free(chunk);
}

/* ---- Sets ---- */

static size_t table_start(const struct afmon_chunk *chunk, const struct afmon_set *set)
{
    uint32_t hash = set == NULL ? 0 : set->hash;
    return (hash * UINT32_C(0x9e3779b1)) & (uint32_t)(table_size(chunk->set_capacity) - 1);
}

/* The place of a set in the table, or the free one where it belongs. */
static uint16_t *table_place(const struct afmon_chunk *chunk, const struct afmon_set *set)
{
    size_t mask = table_size(chunk->set_capacity) - 1;
    size_t at = table_start(chunk, set);
    while (chunk->set_table[at] != 0 && chunk->sets[chunk->set_table[at] - 1] != set)
        at = (at + 1) & mask;
    return &chunk->set_table[at];
}

static int32_t find_set(const struct afmon_chunk *chunk, const struct afmon_set *set)
{
    if (chunk->set_table != NULL)
        return (int32_t)*table_place(chunk, set) - 1;
    for (uint32_t i = 0; i < chunk->set_count; i++) {
        if (chunk->sets[i] == set)
            return (int32_t)i;
    }
    return -1;
}

static int32_t add_set(struct afmon_chunk *chunk, struct afmon_set *set)
{
    uint32_t index = chunk->set_count;
    if (set != NULL)
        afmon_set_hold(set);
    if (chunk->set_table != NULL)
        *table_place(chunk, set) = (uint16_t)(index + 1);
    chunk->sets[index] = set;
    chunk->set_count++;
    return (int32_t)index;
}

int32_t afmon_chunk_set(struct afmon_chunk *chunk, struct afmon_set *set)
{
    int32_t index = find_set(chunk, set);
    if (index < 0 && chunk->set_count < chunk->set_capacity)
        index = add_set(chunk, set);
    return index;
}

uint32_t afmon_chunk_more_sets(uint32_t set_capacity)
{
    uint32_t more = set_capacity * 4;
    return more > AFMON_CHUNK_SAMPLES ? AFMON_CHUNK_SAMPLES : more;
}

/* ---- Items ---- */

#define SECOND_BLOCK 0x8000u /* the place is one of item_blocks[1] */

_Static_assert(AFMON_ITEM_UNITS <= SECOND_BLOCK, "places are 15 bits");

int32_t afmon_chunk_item(struct afmon_chunk *chunk, struct afmon_item_place item)
{
    if (item.unit == 0)
        return 0;
    if (chunk->items == NULL)
        return -1;
    for (unsigned i = 0; i < 2; i++) {
        if (chunk->item_blocks[i] == NULL) {
            afmon_item_block_hold(item.block);
            chunk->item_blocks[i] = item.block;
        }
        if (chunk->item_blocks[i] == item.block)
            return (int32_t)(item.unit | i * SECOND_BLOCK);
    }
    return -1;
}

struct afmon_item_place afmon_chunk_item_place(const struct afmon_chunk *chunk, size_t index)
{
    unsigned place = 0;
    if (chunk->items_fitted)
        place = afmon_item_column_at(chunk->items, chunk->count, index);
    else if (chunk->items != NULL)
        place = chunk->items[index];
    if (place == 0)
        return (struct afmon_item_place){0};
    return (struct afmon_item_place){chunk->item_blocks[place / SECOND_BLOCK], place % SECOND_BLOCK};
}

struct afmon_item_id afmon_chunk_item_of(const struct afmon_chunk *chunk, size_t index)
{
    struct afmon_item_place place = afmon_chunk_item_place(chunk, index);
    return place.unit > 0 ? afmon_item_block_id(place.block, place.unit) : (struct afmon_item_id){0};
}

/* ---- Copies ---- */

static void copy_column(uint16_t *column, const uint16_t *from, uint32_t count)
{
    if (column != NULL && from != NULL)
        memcpy(column, from, count * sizeof *column);
    else if (column != NULL)
        memset(column, 0, count * sizeof *column);
}

struct afmon_chunk *afmon_chunk_copy(const struct afmon_chunk *chunk, struct afmon_chunk_room room)
{
    struct afmon_chunk *copy = afmon_chunk_new(room, chunk->base_us);
    if (copy == NULL)
        return NULL;
    copy->count = chunk->count;
    memcpy(copy->values, chunk->values, chunk->count * sizeof *copy->values);
    memcpy(copy->offsets, chunk->offsets, chunk->count * sizeof *copy->offsets);
    copy_column(copy->set_index, chunk->set_index, chunk->count);
    if (!copy->items_fitted)
        copy_column(copy->items, chunk->items, chunk->count);
    for (unsigned i = 0; i < 2 && chunk->item_blocks[i] != NULL; i++) {
        afmon_item_block_hold(chunk->item_blocks[i]);
        copy->item_blocks[i] = chunk->item_blocks[i];
    }
    for (uint32_t i = 0; i < chunk->set_count; i++)
        add_set(copy, chunk->sets[i]);
    return copy;
}

struct afmon_chunk *afmon_chunk_fitted(const struct afmon_chunk *chunk)
{
    struct afmon_item_column column;
    struct afmon_chunk_room room = {chunk->count, chunk->set_count, chunk->items != NULL, 0};
    if (chunk->items != NULL) {
        afmon_item_column_of(&column, chunk->items, chunk->count);
        size_t bytes = afmon_item_column_bytes(&column);
        bool less = bytes < chunk->count * sizeof *chunk->items;
        room.items = !less;
        room.fitted_items = less ? bytes : 0;
    }
    if (room.fitted_items == 0 && chunk->count + chunk->count / 4 >= chunk->capacity)
        return NULL;
    struct afmon_chunk *copy = afmon_chunk_copy(chunk, room);
    if (copy != NULL && copy->items_fitted)
        afmon_item_column_write(&column, copy->items);
    return copy;
}

/* ---- Times ---- */

static int32_t clamp_offset(int64_t base_us, int64_t wall_us)
{
    int64_t offset;
    if (__builtin_sub_overflow(wall_us, base_us, &offset))
        return wall_us < base_us ? INT32_MIN : INT32_MAX;
    return offset < INT32_MIN ? INT32_MIN : offset > INT32_MAX ? INT32_MAX : (int32_t)offset;
}

struct afmon_chunk_span afmon_chunk_span(const struct afmon_chunk *chunk, int64_t since_us, int64_t until_us)
{
    int64_t lowest;
    int64_t highest;
    bool before = !__builtin_add_overflow(chunk->base_us, (int64_t)INT32_MIN, &lowest) && until_us < lowest;
    bool after = !__builtin_add_overflow(chunk->base_us, (int64_t)INT32_MAX, &highest) && since_us > highest;
    if (before || after || since_us > until_us)
        return (struct afmon_chunk_span){.first = 1, .last = 0};
    return (struct afmon_chunk_span){.first = clamp_offset(chunk->base_us, since_us),
                                     .last = clamp_offset(chunk->base_us, until_us)};
}

size_t afmon_chunk_values_in(const struct afmon_chunk *chunk, size_t count, struct afmon_chunk_span span, double *out)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) { /* without a branch: at a window's edge none could be foretold */
        out[found] = chunk->values[i];
        found += (size_t)((chunk->offsets[i] >= span.first) & (chunk->offsets[i] <= span.last));
    }
    return found;
}

void afmon_chunk_times(const struct afmon_chunk *chunk, size_t from, size_t count, int64_t *min_us, int64_t *max_us)
{
    int32_t min = chunk->offsets[from];
    int32_t max = min;
    for (size_t i = from + 1; i < count; i++) {
        min = chunk->offsets[i] < min ? chunk->offsets[i] : min;
        max = chunk->offsets[i] > max ? chunk->offsets[i] : max;
    }
    *min_us = chunk->base_us + min;
    *max_us = chunk->base_us + max;
}
