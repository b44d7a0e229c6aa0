/* UTF-8 piece by piece. */
#ifndef AFMON_BASE_UTF8_H
#define AFMON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define AFMON_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define AFMON_REPLACEMENT_LENGTH 3

/* Length of what text (not empty) begins with: one well-formed character, or one maximal ill-formed part. */
size_t afmon_utf8_part(const char *text, size_t length, bool *well_formed);

/* The character that text (not empty) begins with, and its size; of a byte that begins no well-formed one
 * AFMON_NO_CHARACTER, and the size is 1. */
#define AFMON_NO_CHARACTER UINT32_MAX
uint32_t afmon_utf8_character(const char *text, size_t length, size_t *size);

/* Characters that a terminal or a page does not draw but obeys, and those that hide in a text: controls, line ends, the
 * direction of writing, what has no width. Not the joiners, which emoji and some scripts are written with. */
bool afmon_character_is_hidden(uint32_t character);

/* Adds text with U+FFFD in place of each maximal ill-formed part. */
void afmon_buffer_add_utf8(struct afmon_buffer *buffer, const char *text, size_t length);

/* Copies text into out (room for size bytes, at least one) and ends it with a NUL; what is too long is cut at a
 * character's end. */
void afmon_utf8_copy(char *out, size_t size, const char *text, size_t length);

/* True where the 8 bytes that were loaded into word are all below 0x80. */
#define AFMON_WORD_IS_ASCII(word) (((word)&UINT64_C(0x8080808080808080)) == 0)

#endif
