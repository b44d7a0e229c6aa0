/* Text for cells and names. */
#ifndef AFMON_EXPORT_TEXT_H
#define AFMON_EXPORT_TEXT_H

#include <stddef.h>

#include "base/buffer.h"

/* Adds text, well-formed and without the NUL that ends it for most readers: both become U+FFFD. */
void afmon_buffer_add_clean(struct afmon_buffer *buffer, const char *text, size_t length);

/* Units of one character, or of one ill-formed part, of so many bytes: bytes, or UTF-16 code units. */
typedef size_t (*afmon_text_units)(size_t bytes);
size_t afmon_units_bytes(size_t bytes);
size_t afmon_units_utf16(size_t bytes);

/* Bytes of the longest beginning of the text that takes at most `limit` units. */
size_t afmon_text_fitting(const char *text, size_t length, afmon_text_units units, size_t limit);

#endif
