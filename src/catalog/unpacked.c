#include "catalog/unpacked.h"

#include <stdlib.h>

#include "catalog/fields.h"

static bool reserve_one(struct afmon_unpacked *unpacked)
{
    if (unpacked->count < unpacked->capacity)
        return true;
    size_t capacity = unpacked->capacity * 2 + 8;
    afmon_field *fields = realloc(unpacked->fields, capacity * sizeof *fields);
    if (fields == NULL)
        return false;
    unpacked->fields = fields;
    unpacked->capacity = capacity;
    return true;
}

bool afmon_unpack(struct afmon_unpacked *unpacked, const void *packed, size_t length)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    unpacked->count = 0;
    while (afmon_field_walk_next(&walk, &field)) {
        if (!reserve_one(unpacked))
            return false;
        unpacked->fields[unpacked->count++] = field;
    }
    return true;
}

bool afmon_unpacked_append(struct afmon_unpacked *unpacked, const afmon_field *field)
{
    if (!reserve_one(unpacked))
        return false;
    unpacked->fields[unpacked->count] = *field;
    return true;
}

void afmon_unpacked_free(struct afmon_unpacked *unpacked)
{
    free(unpacked->fields);
    *unpacked = (struct afmon_unpacked){0};
}
