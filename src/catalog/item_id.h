/* The item that a sample was recorded for (section 10 of the contract). Its id never repeats, so it is kept apart from
 * the rest of the metadata, which does: in the store it is a column, in a line it stands last of the metadata. */
#ifndef AFMON_CATALOG_ITEM_ID_H
#define AFMON_CATALOG_ITEM_ID_H

#include <afmon/afmon.h>

#include <string.h>

#include "base/buffer.h"

#define AFMON_ITEM_KEY "item_id"
#define AFMON_ITEM_KEY_LENGTH (sizeof AFMON_ITEM_KEY - 1)

/* An id that is kept apart: 1 to AFMON_ITEM_ID_MAX bytes that stand for themselves in JSON. One that is not stays among
 * the metadata. */
struct afmon_item_id {
    const char *text;
    uint32_t length; /* 0: there is none */
    bool is_number;  /* a whole number; its digits are the text */
};

/* True for the key "item_id". */
static inline bool afmon_is_item_key(const char *key, size_t length)
{
    return length == AFMON_ITEM_KEY_LENGTH && memcmp(key, AFMON_ITEM_KEY, AFMON_ITEM_KEY_LENGTH) == 0;
}

/* True where a text may be kept apart. */
bool afmon_item_id_is_plain(const char *text, size_t length);

/* Takes the id out of packed fields. Where there is one, *packed and *length become what is left, in *rest where the id
 * was not the last of them, and the id's text is in them or in digits. False: no memory. */
bool afmon_item_id_take(const void **packed, size_t *length, struct afmon_buffer *rest, struct afmon_item_id *id,
                        char digits[24]);

/* The id among a sample's fields; its text is theirs, or in digits. False: there is none that is kept apart. */
bool afmon_item_id_find(const afmon_field *fields, size_t count, struct afmon_item_id *id, char digits[24]);

/* The field that it is. Its text is the id's. */
afmon_field afmon_item_id_field(const struct afmon_item_id *id);

/* Adds `"item_id": ..., `: nothing where there is none. */
void afmon_item_id_render(struct afmon_buffer *buffer, const struct afmon_item_id *id);

#endif
