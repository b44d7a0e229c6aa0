#include "catalog/fields.h"

#include <string.h>

static size_t key_length_of(const afmon_field *field)
{
    return field->key_length != 0 ? field->key_length : strlen(field->key);
}

/* Bytes of a field's value; SIZE_MAX where its type is unknown or its text is missing. */
static size_t value_length_of(const afmon_field *field)
{
    switch (field->type) {
    case AFMON_NULL:
        return 0;
    case AFMON_STRING:
    case AFMON_JSON:
        return field->as.text.data == NULL && field->as.text.length > 0 ? SIZE_MAX : field->as.text.length;
    case AFMON_INT:
        return sizeof field->as.integer;
    case AFMON_DOUBLE:
        return sizeof field->as.number;
    case AFMON_BOOL:
        return 1;
    }
    return SIZE_MAX;
}

size_t afmon_fields_packed_size(const afmon_field *fields, size_t count)
{
    if (fields == NULL && count > 0)
        return SIZE_MAX;
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].key == NULL)
            return SIZE_MAX;
        size_t key = key_length_of(&fields[i]);
        size_t value = value_length_of(&fields[i]);
        if (key > UINT32_MAX || value > UINT32_MAX)
            return SIZE_MAX;
        if (__builtin_add_overflow(size, AFMON_FIELD_HEADER + key, &size) || __builtin_add_overflow(size, value, &size))
            return SIZE_MAX;
    }
    return size;
}

static unsigned char *pack_bytes(unsigned char *out, const void *data, size_t length)
{
    if (length > 0)
        memcpy(out, data, length);
    return out + length;
}

static unsigned char *pack_value(unsigned char *out, const afmon_field *field)
{
    switch (field->type) {
    case AFMON_NULL:
        break;
    case AFMON_STRING:
    case AFMON_JSON:
        return pack_bytes(out, field->as.text.data, field->as.text.length);
    case AFMON_INT:
        return pack_bytes(out, &field->as.integer, sizeof field->as.integer);
    case AFMON_DOUBLE:
        return pack_bytes(out, &field->as.number, sizeof field->as.number);
    case AFMON_BOOL:
        *out = field->as.boolean ? 1 : 0;
        return out + 1;
    }
    return out;
}

unsigned char *afmon_fields_pack(unsigned char *out, const afmon_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t key = (uint32_t)key_length_of(&fields[i]);
        uint32_t value = (uint32_t)value_length_of(&fields[i]);
        memset(out, 0, 4);
        *out = (unsigned char)fields[i].type;
        memcpy(out + 4, &key, sizeof key);
        memcpy(out + 8, &value, sizeof value);
        out = pack_bytes(out + AFMON_FIELD_HEADER, fields[i].key, key);
        out = pack_value(out, &fields[i]);
    }
    return out;
}

void afmon_field_set_length(unsigned char *packed, size_t length)
{
    uint32_t value = (uint32_t)length;
    memcpy(packed + 8, &value, sizeof value);
}

struct afmon_field_walk afmon_field_walk_begin(const void *bytes, size_t length)
{
    const unsigned char *at = length > 0 ? bytes : NULL;
    return (struct afmon_field_walk){.at = at, .end = length > 0 ? at + length : NULL};
}

/* Reads a value; false where its length does not fit its type. */
static bool unpack_value(const unsigned char *bytes, size_t length, afmon_field *field)
{
    switch (field->type) {
    case AFMON_NULL:
        return length == 0;
    case AFMON_STRING:
    case AFMON_JSON:
        field->as.text.data = (const char *)bytes;
        field->as.text.length = length;
        return true;
    case AFMON_INT:
        if (length == sizeof field->as.integer)
            memcpy(&field->as.integer, bytes, length);
        return length == sizeof field->as.integer;
    case AFMON_DOUBLE:
        if (length == sizeof field->as.number)
            memcpy(&field->as.number, bytes, length);
        return length == sizeof field->as.number;
    case AFMON_BOOL:
        field->as.boolean = length == 1 && bytes[0] != 0;
        return length == 1 && bytes[0] <= 1;
    }
    return false;
}

/* Reads the field at bytes, of which there are left; returns the bytes it takes, 0 where there is none. */
static size_t unpack_field(const unsigned char *bytes, size_t left, afmon_field *field)
{
    uint32_t key;
    uint32_t value;
    if (left < AFMON_FIELD_HEADER || bytes[1] != 0 || bytes[2] != 0 || bytes[3] != 0)
        return 0;
    memcpy(&key, bytes + 4, sizeof key);
    memcpy(&value, bytes + 8, sizeof value);
    uint64_t size = (uint64_t)AFMON_FIELD_HEADER + key + value;
    if (size > left)
        return 0;
    *field = (afmon_field){.type = (afmon_type)bytes[0], .key_length = key};
    /* A key_length of 0 makes readers look for a NUL, which the packed bytes do not have. */
    field->key = key > 0 ? (const char *)bytes + AFMON_FIELD_HEADER : "";
    return unpack_value(bytes + AFMON_FIELD_HEADER + key, value, field) ? (size_t)size : 0;
}

bool afmon_field_walk_next(struct afmon_field_walk *walk, afmon_field *field)
{
    if (walk->at == walk->end)
        return false;
    size_t size = unpack_field(walk->at, (size_t)(walk->end - walk->at), field);
    walk->bad = size == 0;
    walk->at = walk->bad ? walk->end : walk->at + size;
    return !walk->bad;
}
