#include "catalog/sets.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "catalog/bare.h"
#include "catalog/field_list.h"

#define FIRST_BUCKETS 64
#define KEPT_SCRATCH ((size_t)64 * 1024)
#define LONG_SET ((size_t)1 << 20) /* packed fields of so many bytes are kept once, and not rendered */

/* A set and what only this file knows of it; its bytes follow in the same piece of memory. */
struct entry {
    struct afmon_set set; /* first: a set's address is its entry's */
    struct afmon_sets *sets;
    const unsigned char *key; /* packed fields as they were given; the set's own where these were in order */
    size_t key_length;
    void *taken; /* the fields of a long set; NULL: they are in bytes */
    unsigned char bytes[];
};

struct afmon_sets {
    struct afmon_set **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    size_t set_bytes;
    uint64_t seed;
    struct afmon_buffer scratch; /* JSON text of the set that is being made */
    /* Bytes of sets that nobody refers to. Counted after the fact by any thread, so for a moment it may be too small,
     * even negative. */
    _Atomic int64_t idle_bytes;
};

static struct entry *entry_of(struct afmon_set *set)
{
    return (struct entry *)set;
}

static void free_set(struct afmon_set *set)
{
    free(entry_of(set)->taken);
    free(entry_of(set));
}

static struct afmon_set **bucket_of(const struct afmon_sets *sets, uint32_t hash)
{
    return &sets->buckets[hash & (sets->bucket_count - 1)];
}

struct afmon_sets *afmon_sets_new(void)
{
    struct afmon_sets *sets = calloc(1, sizeof *sets);
    if (sets == NULL)
        return NULL;
    sets->buckets = calloc(FIRST_BUCKETS, sizeof *sets->buckets);
    if (sets->buckets == NULL) {
        free(sets);
        return NULL;
    }
    sets->bucket_count = FIRST_BUCKETS;
    sets->seed = afmon_hash_seed();
    afmon_buffer_init(&sets->scratch, UINT32_MAX);
    return sets;
}

void afmon_sets_free(struct afmon_sets *sets)
{
    if (sets == NULL)
        return;
    for (size_t i = 0; i < sets->bucket_count; i++) {
        for (struct afmon_set *set = sets->buckets[i], *next; set != NULL; set = next) {
            next = set->next;
            free_set(set);
        }
    }
    afmon_buffer_free(&sets->scratch);
    free(sets->buckets);
    free(sets);
}

size_t afmon_sets_bytes(const struct afmon_sets *sets)
{
    return sizeof *sets + sets->bucket_count * sizeof *sets->buckets + sets->scratch.capacity + sets->set_bytes;
}

/* Spreads the sets over another number of buckets. Without memory for them all stays as it is, only slower. */
static void rehash(struct afmon_sets *sets, size_t bucket_count)
{
    struct afmon_set **old = sets->buckets;
    size_t old_count = sets->bucket_count;
    struct afmon_set **buckets = calloc(bucket_count, sizeof *buckets);
    if (buckets == NULL)
        return;
    sets->buckets = buckets;
    sets->bucket_count = bucket_count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct afmon_set *set = old[i], *next; set != NULL; set = next) {
            next = set->next;
            struct afmon_set **bucket = bucket_of(sets, set->hash);
            set->next = *bucket;
            *bucket = set;
        }
    }
    free(old);
}

static struct afmon_set *find(const struct afmon_sets *sets, uint32_t hash, const void *packed, size_t length)
{
    for (struct afmon_set *set = *bucket_of(sets, hash); set != NULL; set = set->next) {
        const struct entry *entry = entry_of(set);
        if (set->hash == hash && entry->key_length == length &&
            (length == 0 || memcmp(entry->key, packed, length) == 0))
            return set;
    }
    return NULL;
}

static void find_model(struct afmon_set *set)
{
    static const char name[] = "model_name";
    struct afmon_field_walk walk = afmon_field_walk_begin(set->packed, set->packed_length);
    afmon_field field;
    while (afmon_field_walk_next(&walk, &field)) {
        if (field.type == AFMON_STRING && field.key_length == sizeof name - 1 &&
            memcmp(field.key, name, sizeof name - 1) == 0) {
            set->model = field.as.text.data;
            set->model_length = (uint32_t)field.as.text.length;
        }
    }
}

static void look_into(struct afmon_set *set)
{
    find_model(set);
    set->bare = afmon_packed_is_bare(set->packed, set->packed_length);
}

static unsigned char *append(unsigned char *out, const void *data, size_t length)
{
    if (length > 0)
        memcpy(out, data, length);
    return out + length;
}

/* One piece of memory: the entry, the key, the fields in order where the key is not, the JSON text. */
static struct entry *make_entry(const struct afmon_field_list *list, const void *key, size_t key_length,
                                const struct afmon_buffer *json)
{
    size_t ordered_length = list->as_given ? 0 : afmon_fields_packed_size(list->fields, list->count);
    uint64_t size = (uint64_t)sizeof(struct entry) + key_length + ordered_length + json->length;
    if (size > UINT32_MAX)
        return NULL;
    struct entry *entry = malloc((size_t)size);
    if (entry == NULL)
        return NULL;
    unsigned char *ordered = append(entry->bytes, key, key_length);
    unsigned char *text = list->as_given ? ordered : afmon_fields_pack(ordered, list->fields, list->count);
    append(text, json->data, json->length);
    entry->set = (struct afmon_set){
        .json = (const char *)text,
        .json_length = (uint32_t)json->length,
        .packed = list->as_given ? entry->bytes : ordered,
        .packed_length = (uint32_t)(list->as_given ? key_length : ordered_length),
        .size = (uint32_t)size,
    };
    entry->key = entry->bytes;
    entry->key_length = key_length;
    entry->taken = NULL;
    look_into(&entry->set);
    return entry;
}

static struct entry *render_entry(struct afmon_sets *sets, const void *packed, size_t length)
{
    struct afmon_field_list list;
    if (!afmon_field_list_read(&list, packed, length))
        return NULL;
    afmon_buffer_clear(&sets->scratch);
    afmon_field_list_render(&list, &sets->scratch, AFMON_LINE_METRIC);
    struct entry *entry = sets->scratch.failed ? NULL : make_entry(&list, packed, length, &sets->scratch);
    afmon_field_list_free(&list);
    if (sets->scratch.capacity > KEPT_SCRATCH)
        afmon_buffer_free(&sets->scratch);
    return entry;
}

static struct afmon_set *add(struct afmon_sets *sets, uint32_t hash, struct entry *entry)
{
    if (entry == NULL)
        return NULL;
    if (sets->count >= sets->bucket_count)
        rehash(sets, sets->bucket_count * 2);
    struct afmon_set **bucket = bucket_of(sets, hash);
    entry->sets = sets;
    entry->set.hash = hash;
    entry->set.next = *bucket;
    atomic_init(&entry->set.references, 1);
    *bucket = &entry->set;
    sets->count++;
    sets->set_bytes += entry->set.size;
    return &entry->set;
}

static struct afmon_set *hold_found(struct afmon_sets *sets, struct afmon_set *set)
{
    if (atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed) == 0)
        atomic_fetch_sub_explicit(&sets->idle_bytes, set->size, memory_order_relaxed);
    return set;
}

struct afmon_set *afmon_sets_intern(struct afmon_sets *sets, const void *packed, size_t length)
{
    uint32_t hash = (uint32_t)afmon_hash(sets->seed, packed, length);
    struct afmon_set *set = find(sets, hash, packed, length);
    return set == NULL ? add(sets, hash, render_entry(sets, packed, length)) : hold_found(sets, set);
}

static bool is_in_order(const struct afmon_buffer *packed)
{
    struct afmon_field_list list;
    if (!afmon_field_list_read(&list, packed->data, packed->length))
        return false;
    bool in_order = list.as_given;
    afmon_field_list_free(&list);
    return in_order;
}

/* Takes over the buffer's memory. */
static struct entry *take_entry(struct afmon_buffer *packed)
{
    uint64_t size = (uint64_t)sizeof(struct entry) + packed->length;
    struct entry *entry = size > UINT32_MAX ? NULL : malloc(sizeof *entry);
    if (entry == NULL)
        return NULL;
    size_t length = packed->length;
    void *shrunk = realloc(packed->data, length);
    *entry = (struct entry){.taken = shrunk != NULL ? shrunk : packed->data, .key_length = length};
    entry->key = entry->taken;
    entry->set.packed = entry->taken;
    entry->set.packed_length = (uint32_t)length;
    entry->set.size = (uint32_t)size;
    look_into(&entry->set);
    afmon_buffer_init(packed, packed->limit);
    return entry;
}

struct afmon_set *afmon_sets_take(struct afmon_sets *sets, struct afmon_buffer *packed)
{
    if (packed->length < LONG_SET || !is_in_order(packed))
        return afmon_sets_intern(sets, packed->data, packed->length);
    uint32_t hash = (uint32_t)afmon_hash(sets->seed, packed->data, packed->length);
    struct afmon_set *set = find(sets, hash, packed->data, packed->length);
    return set == NULL ? add(sets, hash, take_entry(packed)) : hold_found(sets, set);
}

void afmon_set_hold(struct afmon_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
}

void afmon_set_release(struct afmon_set *set)
{
    /* Read before the reference is gone: a sweep may free the set right after. */
    struct afmon_sets *sets = entry_of(set)->sets;
    uint32_t size = set->size;
    if (atomic_fetch_sub_explicit(&set->references, 1, memory_order_release) == 1)
        atomic_fetch_add_explicit(&sets->idle_bytes, size, memory_order_relaxed);
}

/* Frees the sets of one bucket that nobody refers to; returns their bytes. Nobody but the owner, who is here, can make
 * a first reference, so none of them comes back to life meanwhile. */
static size_t sweep_bucket(struct afmon_sets *sets, struct afmon_set **link)
{
    size_t freed = 0;
    while (*link != NULL) {
        struct afmon_set *set = *link;
        if (atomic_load_explicit(&set->references, memory_order_acquire) != 0) {
            link = &set->next;
            continue;
        }
        *link = set->next;
        freed += set->size;
        sets->count--;
        free_set(set);
    }
    return freed;
}

size_t afmon_sets_sweep(struct afmon_sets *sets)
{
    int64_t idle = atomic_load_explicit(&sets->idle_bytes, memory_order_relaxed);
    if (idle <= 0 || (uint64_t)idle <= sets->set_bytes / 2)
        return 0;
    size_t freed = 0;
    for (size_t i = 0; i < sets->bucket_count; i++)
        freed += sweep_bucket(sets, &sets->buckets[i]);
    sets->set_bytes -= freed;
    atomic_fetch_sub_explicit(&sets->idle_bytes, (int64_t)freed, memory_order_relaxed);
    size_t wanted = FIRST_BUCKETS;
    while (wanted < sets->count)
        wanted *= 2;
    if (wanted < sets->bucket_count / 4)
        rehash(sets, wanted);
    return freed;
}
