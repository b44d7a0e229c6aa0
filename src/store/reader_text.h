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

/* The same where halves of surrogate pairs may stand for U+FFFD (reader_repair.c). Goes on from *at to the closing
 * quote, or to what makes it no JSON string; true: that is the quote. */
bool afmon_json_find_end(const char **at, const char *end);

/* Adds the text that a raw string, checked by one of the functions above, stands for. It is no longer than raw. */
void afmon_json_unescape(struct afmon_buffer *buffer, const char *raw, size_t length);

/* at: the backslash of an escape that has been checked. Its length; a pair of surrogates is one. */
size_t afmon_json_escape_length(const char *at, const char *end);

/* at: the backslash of an escape for the first half of a surrogate pair. Does the other half follow? */
bool afmon_json_is_pair(const char *at, const char *end);

/* Reads four hexadecimal digits; -1 where they are none, or beyond end. */
int afmon_json_hex4(const char *at, const char *end);

#endif
