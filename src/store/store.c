#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/scratch.h"
#include "store/store_internal.h"

/* The owner appends so many samples before it looks whether somebody waits. */
#define STRETCH 256

#define FIRST_SLOTS 64

/* ---- Life ---- */

struct afmon_store *afmon_store_new(size_t max_memory)
{
    struct afmon_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    atomic_init(&store->references, 1);
    atomic_init(&store->scratch, NULL);
    store->max_memory = max_memory;
    store->seed = afmon_hash_seed();
    store->slot_count = FIRST_SLOTS;
    store->slots = calloc(FIRST_SLOTS, sizeof *store->slots);
    store->sets = afmon_sets_new();
    if (store->slots == NULL || store->sets == NULL || !afmon_turn_init(&store->turn)) {
        if (store->sets != NULL)
            afmon_sets_free(store->sets);
        free(store->slots);
        free(store);
        return NULL;
    }
    afmon_tokens_init(&store->tokens);
    store->bytes = sizeof *store + FIRST_SLOTS * sizeof *store->slots;
    store->fixed_bytes = store->bytes;
    return store;
}

void afmon_store_hold(struct afmon_store *store)
{
    atomic_fetch_add_explicit(&store->references, 1, memory_order_relaxed);
}

void afmon_store_release(struct afmon_store *store)
{
    if (store == NULL || atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < store->series_count; i++)
        afmon_series_free(store->series[i]);
    afmon_tokens_free(&store->tokens);
    afmon_sets_free(store->sets); /* after the chunks, which refer to sets */
    afmon_item_ids_free(store->item_ids);
    afmon_turn_destroy(&store->turn);
    afmon_scratch_free(atomic_load(&store->scratch));
    free(store->series);
    free(store->slots);
    free(store);
}

struct afmon_sets *afmon_store_sets(struct afmon_store *store)
{
    return store->sets;
}

bool afmon_store_item(struct afmon_store *store, const struct afmon_item_id *id, struct afmon_item_place *place)
{
    if (store->item_ids == NULL)
        store->item_ids = afmon_item_ids_new();
    return store->item_ids != NULL && afmon_item_ids_put(store->item_ids, id, place);
}

/* ---- The table of series ---- */

static bool has_name(const struct afmon_series_data *series, const char *name, size_t length)
{
    return series->public.name_length == length && (length == 0 || memcmp(series->public.name, name, length) == 0);
}

/* The slot of a name, or the free one where it belongs. */
static struct afmon_series_slot *slot_of(const struct afmon_store *store, uint32_t hash, const char *name,
                                         size_t length)
{
    size_t mask = store->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct afmon_series_slot *slot = &store->slots[at];
        if (slot->number == 0 || (slot->hash == hash && has_name(store->series[slot->number - 1], name, length)))
            return slot;
    }
}

static uint32_t hash_of(const struct afmon_store *store, const char *name, size_t length)
{
    return (uint32_t)afmon_hash(store->seed, name, length);
}

struct afmon_series_data *afmon_store_find(const struct afmon_store *store, const char *name, size_t length)
{
    const struct afmon_series_slot *slot = slot_of(store, hash_of(store, name, length), name, length);
    return slot->number == 0 ? NULL : store->series[slot->number - 1];
}

static void count_fixed(struct afmon_store *store, size_t bytes)
{
    store->bytes += bytes;
    store->fixed_bytes += bytes;
}

/* Where at most three of four slots are taken a look-up ends soon. */
static bool reserve_slot(struct afmon_store *store)
{
    if ((store->series_count + 1) * 4 <= store->slot_count * 3)
        return true;
    size_t count = store->slot_count * 2;
    struct afmon_series_slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < store->slot_count; i++) {
        if (store->slots[i].number == 0)
            continue;
        size_t at = store->slots[i].hash & (count - 1);
        while (slots[at].number != 0)
            at = (at + 1) & (count - 1);
        slots[at] = store->slots[i];
    }
    free(store->slots);
    store->slots = slots;
    count_fixed(store, (count - store->slot_count) * sizeof *slots);
    store->slot_count = count;
    return true;
}

static bool reserve_series(struct afmon_store *store)
{
    if (store->series_count < store->series_capacity)
        return true;
    if (store->series_capacity >= UINT32_MAX / 2)
        return false;
    size_t capacity = store->series_capacity * 2 + 16;
    struct afmon_series_data **series = realloc(store->series, capacity * sizeof(struct afmon_series_data *));
    if (series == NULL)
        return false;
    count_fixed(store, (capacity - store->series_capacity) * sizeof(struct afmon_series_data *));
    store->series = series;
    store->series_capacity = capacity;
    return true;
}

/* Under the lock. */
static bool add_series(struct afmon_store *store, struct afmon_series_data *series, size_t bytes)
{
    if (!reserve_slot(store) || !reserve_series(store))
        return false;
    const struct afmon_series *public = &series->public;
    uint32_t hash = hash_of(store, public->name, public->name_length);
    struct afmon_series_slot *slot = slot_of(store, hash, public->name, public->name_length);
    store->series[store->series_count++] = series;
    *slot = (struct afmon_series_slot){.hash = hash, .number = (uint32_t)store->series_count};
    count_fixed(store, bytes + AFMON_STORE_MALLOC_BYTES);
    return true;
}

struct afmon_series *afmon_store_series(struct afmon_store *store, const char *name, size_t length)
{
    /* Only the owner changes the table: it may look without the lock. */
    struct afmon_series_data *series = afmon_store_find(store, name, length);
    if (series != NULL)
        return &series->public;
    size_t bytes;
    series = afmon_series_new(name, length, (uint32_t)store->series_count, &bytes);
    if (series == NULL)
        return NULL;
    afmon_turn_take(&store->turn);
    bool added = add_series(store, series, bytes);
    afmon_turn_leave(&store->turn);
    if (added)
        return &series->public;
    afmon_series_free(series);
    return NULL;
}

/* ---- Appending ---- */

void afmon_store_set_wall_delta(struct afmon_store *store, int64_t wall_delta_us)
{
    afmon_turn_take(&store->turn);
    store->wall_delta_us = wall_delta_us;
    afmon_turn_leave(&store->turn);
}

void afmon_store_append(struct afmon_store *store, const struct afmon_store_sample *samples, size_t count)
{
    afmon_turn_take(&store->turn);
    store->sets_bytes = afmon_sets_bytes(store->sets);
    store->item_bytes = afmon_item_ids_bytes(store->item_ids);
    for (size_t done = 0; done < count;) {
        size_t end = count - done < STRETCH ? count : done + STRETCH;
        for (; done < end; done++)
            afmon_series_push(store, (struct afmon_series_data *)(void *)samples[done].series, &samples[done]);
        afmon_store_evict(store);
        afmon_turn_give_way(&store->turn);
    }
    afmon_turn_leave(&store->turn);
}

/* ---- Statistics ---- */

void afmon_store_get_stats(struct afmon_store *store, struct afmon_store_stats *stats)
{
    afmon_turn_take(&store->turn);
    *stats = (struct afmon_store_stats){
        .series = store->series_count,
        .samples_in_memory = store->samples - store->evicted,
        .samples_evicted = store->evicted,
        .samples_total = store->samples,
        .bytes = store->bytes + store->sets_bytes + store->item_bytes,
        .not_finite = store->not_finite,
        .lost = store->lost,
    };
    afmon_turn_leave(&store->turn);
}
