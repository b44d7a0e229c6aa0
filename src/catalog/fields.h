/* Fields (metadata and log data) in their packed form: what lies in ring records, dictionaries and sets.
 *
 * Packed fields are a sequence of: u8 type (afmon_type), u8 0, u16 0, u32 key length, u32 value length, key bytes,
 * value bytes; integers and doubles are 8 bytes in native order, booleans 1 byte, null 0 bytes. No alignment is needed:
 * everything is read with memcpy. Packed bytes may come from a file that anybody wrote, so unpacking checks every
 * length. */
#ifndef AFMON_CATALOG_FIELDS_H
#define AFMON_CATALOG_FIELDS_H

#include <afmon/afmon.h>

#include "base/buffer.h"

#define AFMON_FIELD_HEADER 12

/* Bytes that count fields take when packed; SIZE_MAX where a field is not valid (no key, unknown type) or the sum
 * overflows. */
size_t afmon_fields_packed_size(const afmon_field *fields, size_t count);

/* Packs into out, which has room for afmon_fields_packed_size bytes; returns the end. */
unsigned char *afmon_fields_pack(unsigned char *out, const afmon_field *fields, size_t count);

/* Says how long the text of a packed field is, which was put behind it after it was packed without one. */
void afmon_field_set_length(unsigned char *packed, size_t length);

/* Walks packed fields. Begin with {bytes, length}; next() gives one field whose texts point into the bytes, or false at
 * the end or at bytes that are no field (then bad is set). */
struct afmon_field_walk {
    const unsigned char *at;
    const unsigned char *end;
    bool bad;
};
struct afmon_field_walk afmon_field_walk_begin(const void *bytes, size_t length);
bool afmon_field_walk_next(struct afmon_field_walk *walk, afmon_field *field);

/* The names that a line uses itself; a metadata key in the way of one is written with one more '_' in front: a key that
 * matches ^_*(metric|value|timestamp)$ in metrics.jsonl, ^_*(message|level)$ in the log. Reading takes it off again. An
 * object inside a line (AFMON_LINE_DATA) has no names of its own. The titles of an exported table (AFMON_LINE_TABLE)
 * are escaped alike; there metric_name is taken, too. */
enum afmon_line_kind { AFMON_LINE_METRIC, AFMON_LINE_LOG, AFMON_LINE_DATA, AFMON_LINE_TABLE };

/* Adds `"key": value, ` for each field (with the trailing separator). Where a key comes twice the last value stands at
 * the first one's place. Bytes of AFMON_JSON values are added as they are where they are one valid JSON text on one
 * line (base/json_check.h says what every reader takes), else as a string. Bytes from the first that is no field on are
 * left out. Where memory is short the buffer is marked as failed. */
void afmon_fields_render(struct afmon_buffer *buffer, const void *packed, size_t length, enum afmon_line_kind kind);

/* True where the key is in the way of a name that a line of that kind uses itself: it gets one more '_'. */
bool afmon_key_is_taken(const char *key, size_t length, enum afmon_line_kind kind);

/* True where the key, as it stands in a line of that kind, carries an escaping '_' that reading takes off. */
bool afmon_key_is_escaped(const char *key, size_t length, enum afmon_line_kind kind);

#endif
