#include "run/set_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS (2 * AFMON_SET_CACHE_ENTRIES) /* a power of two, at most half full */

struct slot {
    uint64_t hash;
    struct afmon_set *set; /* NULL: free */
    size_t text;           /* where in texts */
    size_t length;
};

struct afmon_set_cache {
    struct slot slots[SLOTS];
    size_t count;
    uint64_t seed;
    struct afmon_buffer texts;
};

struct afmon_set_cache *afmon_set_cache_new(void)
{
    struct afmon_set_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->seed = afmon_hash_seed();
    afmon_buffer_init(&cache->texts, AFMON_SET_CACHE_BYTES);
    return cache;
}

static void forget_all(struct afmon_set_cache *cache)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (cache->slots[i].set != NULL)
            afmon_set_release(cache->slots[i].set);
        cache->slots[i].set = NULL;
    }
    cache->count = 0;
    afmon_buffer_clear(&cache->texts);
}

void afmon_set_cache_free(struct afmon_set_cache *cache)
{
    if (cache == NULL)
        return;
    forget_all(cache);
    afmon_buffer_free(&cache->texts);
    free(cache);
}

/* The text's slot, or the free one where it belongs. */
static struct slot *slot_of(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t hash)
{
    size_t at = hash % SLOTS;
    for (;; at = (at + 1) % SLOTS) {
        struct slot *slot = &cache->slots[at];
        if (slot->set == NULL || (slot->hash == hash && slot->length == length &&
                                  (length == 0 || memcmp(cache->texts.data + slot->text, text, length) == 0)))
            return slot;
    }
}

struct afmon_set *afmon_set_cache_find(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t *hash)
{
    *hash = afmon_hash(cache->seed, text, length);
    struct afmon_set *set = slot_of(cache, text, length, *hash)->set;
    if (set != NULL)
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
    struct slot *slot = slot_of(cache, text, length, hash);
    size_t start = cache->texts.length;
    afmon_buffer_add(&cache->texts, text, length);
    if (cache->texts.failed) {
        cache->texts.failed = false;
        return;
    }
    afmon_set_hold(set);
    *slot = (struct slot){.hash = hash, .set = set, .text = start, .length = length};
    cache->count++;
}
