#include "run/set_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"

struct entry {
    uint64_t hash;
    struct afmon_set *set;
    size_t text; /* where in texts */
    size_t length;
};

struct afmon_set_cache {
    struct entry entries[AFMON_SET_CACHE_ENTRIES];
    size_t count;
    struct afmon_table table;
    uint64_t seed;
    struct afmon_buffer texts;
};

struct afmon_set_cache *afmon_set_cache_new(void)
{
    struct afmon_set_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL || !afmon_table_reserve(&cache->table, AFMON_SET_CACHE_ENTRIES - 1, 0, NULL, NULL)) {
        free(cache);
        return NULL;
    }
    cache->seed = afmon_hash_seed();
    afmon_buffer_init(&cache->texts, AFMON_SET_CACHE_BYTES);
    return cache;
}

static void forget_all(struct afmon_set_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        afmon_set_release(cache->entries[i].set);
    afmon_table_clear(&cache->table);
    cache->count = 0;
    afmon_buffer_clear(&cache->texts);
}

void afmon_set_cache_free(struct afmon_set_cache *cache)
{
    if (cache == NULL)
        return;
    forget_all(cache);
    afmon_table_free(&cache->table);
    afmon_buffer_free(&cache->texts);
    free(cache);
}

struct wanted {
    const char *text;
    size_t length;
    uint64_t hash;
};

static bool is_same(const void *cache, uint32_t number, const void *of)
{
    const struct entry *entry = &((const struct afmon_set_cache *)cache)->entries[number];
    const struct wanted *wanted = of;
    const char *texts = ((const struct afmon_set_cache *)cache)->texts.data;
    return entry->hash == wanted->hash && entry->length == wanted->length &&
           (wanted->length == 0 || memcmp(texts + entry->text, wanted->text, wanted->length) == 0);
}

/* The text's slot, or the free one where it belongs. */
static uint32_t *slot_of(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t hash)
{
    const struct wanted wanted = {text, length, hash};
    return afmon_table_slot(&cache->table, hash, is_same, cache, &wanted);
}

struct afmon_set *afmon_set_cache_find(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t *hash)
{
    *hash = afmon_hash(cache->seed, text, length);
    uint32_t number = *slot_of(cache, text, length, *hash);
    if (number == 0)
        return NULL;
    struct afmon_set *set = cache->entries[number - 1].set;
    afmon_set_hold(set);
    return set;
}

void afmon_set_cache_put(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t hash,
                         struct afmon_set *set)
{
    if (length > AFMON_SET_CACHE_BYTES / 2)
        return;
    if (cache->count == AFMON_SET_CACHE_ENTRIES || AFMON_SET_CACHE_BYTES - cache->texts.length < length)
        forget_all(cache);
    uint32_t *slot = slot_of(cache, text, length, hash);
    size_t start = cache->texts.length;
    afmon_buffer_add(&cache->texts, text, length);
    if (cache->texts.failed) {
        cache->texts.failed = false;
        return;
    }
    afmon_set_hold(set);
    cache->entries[cache->count] = (struct entry){.hash = hash, .set = set, .text = start, .length = length};
    *slot = (uint32_t)++cache->count;
}
