#include "summary/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

#define FIRST_CAPACITY 8
#define ELLIPSIS "\xE2\x80\xA6"

void afmon_names_init(struct afmon_names *names)
{
    *names = (struct afmon_names){.seed = afmon_hash_seed()};
}

void afmon_names_free(struct afmon_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        free(names->kept[i].first);
        free(names->kept[i].second);
    }
    free(names->kept);
    free(names->slots);
    *names = (struct afmon_names){.seed = names->seed};
}

/* ---- The text that is shown ---- */

/* The bytes of text that are shown where it is too long: whole characters, with room for the ellipsis. */
static size_t cut(const char *text, size_t length)
{
    size_t most = AFMON_NAME_SHOWN - strlen(ELLIPSIS);
    size_t at = 0;
    for (bool well_formed; at < length;) {
        size_t part = afmon_utf8_part(text + at, length - at, &well_formed);
        if (at + part > most)
            break;
        at += part;
    }
    return at;
}

static char *shown(const char *text, size_t length)
{
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    size_t kept = length > AFMON_NAME_SHOWN ? cut(text, length) : length;
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

/* ---- The table ---- */

static bool same(const struct afmon_kept_name *a, const struct afmon_kept_name *b)
{
    return a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1] && a->kind == b->kind;
}

static uint16_t *slot_of(const struct afmon_names *names, const struct afmon_kept_name *name)
{
    size_t mask = names->slot_count - 1;
    size_t at = (size_t)name->hash[0] & mask;
    while (names->slots[at] != 0 && !same(&names->kept[names->slots[at] - 1], name))
        at = (at + 1) & mask;
    return &names->slots[at];
}

static bool grow(struct afmon_names *names)
{
    uint32_t capacity = names->capacity == 0 ? FIRST_CAPACITY : names->capacity * 2;
    struct afmon_kept_name *kept = realloc(names->kept, capacity * sizeof *kept);
    if (kept == NULL)
        return false;
    names->kept = kept;
    uint16_t *slots = calloc((size_t)capacity * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(names->slots);
    names->slots = slots;
    names->slot_count = capacity * 2;
    names->capacity = capacity;
    for (uint32_t i = 0; i < names->count; i++)
        *slot_of(names, &names->kept[i]) = (uint16_t)(i + 1);
    return true;
}

static bool keep(struct afmon_names *names, const struct afmon_name *name, struct afmon_kept_name *key)
{
    if (names->count == names->capacity && !grow(names))
        return false;
    key->first = shown(name->first, name->first_length);
    key->second = shown(name->second, name->second_length);
    if (key->first == NULL || key->second == NULL) {
        free(key->first);
        free(key->second);
        return false;
    }
    names->kept[names->count] = *key;
    *slot_of(names, key) = (uint16_t)++names->count;
    return true;
}

static struct afmon_kept_name key_of(const struct afmon_names *names, const struct afmon_name *name)
{
    uint64_t first = afmon_hash(names->seed, name->first, name->first_length);
    uint64_t second = afmon_hash(names->seed + 1, name->second, name->second_length);
    uint64_t lengths[4] = {name->first_length, name->second_length, first, second};
    return (struct afmon_kept_name){
        .hash = {afmon_hash(names->seed + 2, lengths, sizeof lengths), first ^ (second << 32 | second >> 32)},
        .kind = name->kind};
}

uint32_t afmon_names_number(struct afmon_names *names, const struct afmon_name *name, bool *lost)
{
    struct afmon_kept_name key = key_of(names, name);
    if (names->count > 0) {
        uint16_t number = *slot_of(names, &key);
        if (number != 0)
            return (uint32_t)number - 1;
    }
    if (names->count < AFMON_NAMES_MOST) {
        if (keep(names, name, &key))
            return names->count - 1;
        *lost = true;
    }
    names->other = true;
    return AFMON_NAMES_OTHER;
}
