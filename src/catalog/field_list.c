#include "catalog/field_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "base/utf8.h"

#define NOT_FOUND SIZE_MAX

static size_t count_fields(const void *packed, size_t length)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    size_t count = 0;
    while (afmon_field_walk_next(&walk, &field))
        count++;
    return count;
}

/* Room for count fields. Comparing each with each is the quickest for a few; a stranger's thousands get a hash table.
 */
static bool make_room(struct afmon_field_list *list, size_t count)
{
    if (count <= AFMON_FIELD_LIST_FEW)
        return true;
    list->fields = malloc(count * sizeof *list->fields);
    list->seed = afmon_hash_seed();
    return list->fields != NULL && afmon_table_reserve(&list->table, count, 0, NULL, NULL);
}

static bool same_key(const afmon_field *a, const afmon_field *b)
{
    return a->key_length == b->key_length && memcmp(a->key, b->key, a->key_length) == 0;
}

static size_t find_among_few(const struct afmon_field_list *list, const afmon_field *field)
{
    for (size_t i = 0; i < list->count; i++)
        if (same_key(&list->fields[i], field))
            return i;
    return NOT_FOUND;
}

static bool is_same(const void *list, uint32_t number, const void *field)
{
    return same_key(&((const struct afmon_field_list *)list)->fields[number], field);
}

/* Finds the field's key, or enters the index that the field will have. */
static size_t find_or_enter(struct afmon_field_list *list, const afmon_field *field)
{
    uint64_t hash = afmon_hash(list->seed, field->key, field->key_length);
    uint32_t *slot = afmon_table_slot(&list->table, hash, is_same, list, field);
    if (*slot != 0)
        return *slot - 1;
    *slot = (uint32_t)list->count + 1;
    return NOT_FOUND;
}

/* Replaces a key that is not UTF-8: keys that differ only in what is not would be the same key in the file. */
static bool repair_key(struct afmon_field_list *list, afmon_field *field, size_t packed_length)
{
    if (afmon_utf8_valid(field->key, field->key_length))
        return true;
    list->as_given = false;
    /* All at once, because earlier fields point into the buffer: a byte becomes at most three. */
    if (list->keys.data == NULL && !afmon_buffer_reserve(&list->keys, packed_length * AFMON_REPLACEMENT_LENGTH))
        return false;
    const char *repaired = afmon_buffer_end(&list->keys);
    size_t before = list->keys.length;
    afmon_buffer_add_utf8(&list->keys, field->key, field->key_length);
    field->key = repaired;
    field->key_length = list->keys.length - before;
    return !list->keys.failed;
}

static void put(struct afmon_field_list *list, const afmon_field *field)
{
    size_t found = list->table.slots != NULL ? find_or_enter(list, field) : find_among_few(list, field);
    if (found == NOT_FOUND) {
        list->fields[list->count++] = *field;
        return;
    }
    list->fields[found] = *field;
    list->as_given = false;
}

static bool fill(struct afmon_field_list *list, const void *packed, size_t length)
{
    if (!make_room(list, count_fields(packed, length)))
        return false;
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    while (afmon_field_walk_next(&walk, &field)) {
        if (!repair_key(list, &field, length))
            return false;
        put(list, &field);
    }
    list->as_given = list->as_given && !walk.bad;
    return true;
}

bool afmon_field_list_read(struct afmon_field_list *list, const void *packed, size_t length)
{
    list->fields = list->few;
    list->count = 0;
    list->table = (struct afmon_table){0};
    list->as_given = true;
    afmon_buffer_init(&list->keys, SIZE_MAX);
    if (fill(list, packed, length))
        return true;
    afmon_field_list_free(list);
    return false;
}

void afmon_field_list_free(struct afmon_field_list *list)
{
    if (list->fields != list->few)
        free(list->fields);
    afmon_table_free(&list->table);
    afmon_buffer_free(&list->keys);
}
