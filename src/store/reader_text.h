/* JSON strings in raw form: finding their end, and taking the escapes out. */
#ifndef AFMON_STORE_READER_TEXT_H
#define AFMON_STORE_READER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* at: the first byte after the opening quote. Returns the closing quote, or NULL where there is no JSON string that
 * every parser takes: ill-formed UTF-8, a bare control character, a bad escape, half a surrogate pair. *escaped is set
 * (never cleared) where the string holds an escape. */
const char *afmon_json_string_end(const char *at, const char *end, bool *escaped);

/* Adds the text that a raw string, checked by the function above, stands for. */
void afmon_json_unescape(struct afmon_buffer *buffer, const char *raw, size_t length);

/* Reads four hexadecimal digits; -1 where they are none, or beyond end. */
int afmon_json_hex4(const char *at, const char *end);

#endif
