#include "model/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

#define FIRST_CAPACITY 8
#define ELLIPSIS "\xE2\x80\xA6"
/* Not a secret: two readers of a run must keep the same names, also where these differ behind the cut alone. A table is
 * small enough that names made to collide cost little. */
#define SEED UINT64_C(0x61666d6f6e)

void afmon_names_init(struct afmon_names *names, const struct afmon_names_kind *of, void *user)
{
    *names = (struct afmon_names){.of = of, .user = user};
}

static void free_item(const struct afmon_names *names, void *item)
{
    if (item != NULL && names->of->free != NULL)
        names->of->free(names->user, item);
    free(item);
}

static void free_named(const struct afmon_names *names, struct afmon_named *named)
{
    free_item(names, named->item);
    free(named->first);
    free(named->second);
}

void afmon_names_free(struct afmon_names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free_named(names, &names->kept[i]);
    free_item(names, names->other);
    free(names->kept);
    afmon_table_free(&names->table);
    afmon_names_init(names, names->of, names->user);
}

/* ---- The text that is shown ---- */

/* The bytes of text that are shown where it is too long: whole characters, with room for the ellipsis. */
static size_t cut(const char *text, size_t length)
{
    size_t most = AFMON_NAME_SHOWN_MAX - strlen(ELLIPSIS);
    size_t at = 0;
    for (bool well_formed; at < length;) {
        size_t part = afmon_utf8_part(text + at, length - at, &well_formed);
        if (at + part > most)
            break;
        at += part;
    }
    return at;
}

char *afmon_name_shown(const char *text, size_t length)
{
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    size_t kept = length > AFMON_NAME_SHOWN_MAX ? cut(text, length) : length;
    for (size_t at = 0; at < kept;) {
        const char *nul = memchr(text + at, '\0', kept - at);
        size_t run = nul == NULL ? kept - at : (size_t)(nul - (text + at));
        afmon_buffer_add_utf8(&buffer, text + at, run);
        if (nul != NULL)
            afmon_buffer_add_text(&buffer, AFMON_REPLACEMENT);
        at += run + (nul != NULL);
    }
    if (kept < length)
        afmon_buffer_add_text(&buffer, ELLIPSIS);
    afmon_buffer_add_char(&buffer, '\0');
    if (!buffer.failed)
        return buffer.data;
    afmon_buffer_free(&buffer);
    return NULL;
}

/* ---- Order ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare(const struct afmon_named *a, const struct afmon_named *b)
{
    int order = compare_numbers(a->kind, b->kind);
    order = order != 0 ? order : strcmp(a->first, b->first);
    order = order != 0 ? order : strcmp(a->second, b->second);
    order = order != 0 ? order : compare_numbers(a->hash[0], b->hash[0]);
    return order != 0 ? order : compare_numbers(a->hash[1], b->hash[1]);
}

static void find_last(struct afmon_names *names)
{
    names->last = 0;
    for (uint32_t i = 1; i < names->count; i++)
        if (compare(&names->kept[i], &names->kept[names->last]) > 0)
            names->last = i;
}

/* ---- The table ---- */

static bool is_same(const void *names, uint32_t number, const void *wanted)
{
    const struct afmon_named *a = &((const struct afmon_names *)names)->kept[number];
    const struct afmon_named *b = wanted;
    return a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1] && a->kind == b->kind;
}

static uint64_t hash_of(const void *names, uint32_t number)
{
    return ((const struct afmon_names *)names)->kept[number].hash[0];
}

static uint32_t *slot_of(const struct afmon_names *names, const struct afmon_named *key)
{
    return afmon_table_slot(&names->table, key->hash[0], is_same, names, key);
}

static bool grow(struct afmon_names *names)
{
    uint32_t capacity = names->capacity == 0 ? FIRST_CAPACITY : names->capacity * 2;
    if (!afmon_table_reserve(&names->table, capacity - 1, names->count, hash_of, names))
        return false;
    struct afmon_named *kept = realloc(names->kept, capacity * sizeof *kept);
    if (kept == NULL)
        return false;
    names->kept = kept;
    names->capacity = capacity;
    return true;
}

static struct afmon_named key_of(const struct afmon_name *name)
{
    uint64_t first = afmon_hash(SEED, name->first, name->first_length);
    uint64_t second = afmon_hash(SEED + 1, name->second, name->second_length);
    uint64_t whole[4] = {name->first_length, name->second_length, first, second};
    return (struct afmon_named){
        .hash = {afmon_hash(SEED + 2, whole, sizeof whole), first ^ (second << 32 | second >> 32)}, .kind = name->kind};
}

static void *other_of(struct afmon_names *names)
{
    if (names->other == NULL)
        names->other = calloc(1, names->of->item_size);
    return names->other;
}

/* Fills in texts and item; false: no memory, and nothing is to be freed. */
static bool complete(const struct afmon_names *names, const struct afmon_name *name, struct afmon_named *key)
{
    key->first = afmon_name_shown(name->first, name->first_length);
    key->second = afmon_name_shown(name->second, name->second_length);
    key->item = calloc(1, names->of->item_size);
    if (key->first != NULL && key->second != NULL && key->item != NULL)
        return true;
    free_named(names, key);
    return false;
}

/* All places are taken: the name takes that of the last one, or counts as another. */
static void *push_out(struct afmon_names *names, struct afmon_named *key)
{
    struct afmon_named *last = &names->kept[names->last];
    void *other = other_of(names);
    if (other == NULL || compare(key, last) > 0) {
        free_named(names, key);
        return other;
    }
    names->of->merge(names->user, other, last->item);
    free_named(names, last);
    *last = *key;
    names->moved++;
    afmon_table_refill(&names->table, names->count, hash_of, names);
    find_last(names);
    return key->item;
}

void *afmon_names_item(struct afmon_names *names, const struct afmon_name *name)
{
    struct afmon_named key = key_of(name);
    if (names->count > 0) {
        uint32_t number = *slot_of(names, &key);
        if (number != 0)
            return names->kept[number - 1].item;
    }
    bool full = names->count == AFMON_NAMES_MAX;
    if ((!full && names->count == names->capacity && !grow(names)) || !complete(names, name, &key))
        return NULL;
    if (full)
        return push_out(names, &key);
    names->kept[names->count] = key;
    *slot_of(names, &key) = names->count + 1;
    names->count++;
    if (names->count == AFMON_NAMES_MAX)
        find_last(names);
    return key.item;
}

size_t afmon_names_count(const struct afmon_names *names)
{
    return names->count + (names->other != NULL ? 1U : 0U);
}

struct afmon_named afmon_names_at(const struct afmon_names *names, size_t index)
{
    static char other[] = "(other)";
    static char nothing[] = "";
    if (index < names->count)
        return names->kept[index];
    return (struct afmon_named){.first = other, .second = nothing, .item = names->other};
}

size_t afmon_names_bytes(const struct afmon_names *names)
{
    size_t bytes = names->capacity * sizeof *names->kept + afmon_table_bytes(&names->table) +
                   afmon_names_count(names) * names->of->item_size;
    for (uint32_t i = 0; i < names->count; i++)
        bytes += strlen(names->kept[i].first) + strlen(names->kept[i].second) + 2;
    return bytes;
}
