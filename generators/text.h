/* Text that grows, with a hard limit: request bodies, lines of the dataset, generated sentences. */
#ifndef AFMON_GENERATORS_TEXT_H
#define AFMON_GENERATORS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise, or set `limit` (bytes; 0: 64 MiB) first. Once an append failed the text stays failed and takes no
 * more: a caller may append at will and ask once, with gen_text_ok. */
typedef struct gen_text {
    char *data; /* NUL ended; NULL while nothing was appended */
    size_t length;
    size_t capacity;
    size_t limit;
    bool failed; /* out of memory, or over the limit */
} gen_text;

void gen_text_append(gen_text *text, const char *data, size_t length);
void gen_text_puts(gen_text *text, const char *string);
void gen_text_printf(gen_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True where all appends succeeded. */
bool gen_text_ok(const gen_text *text);

/* Hands the text over to the caller, who frees it; the gen_text is empty afterwards. NULL where an append failed.
 * An empty text gives "". */
char *gen_text_take(gen_text *text);

/* Empties the text and keeps its memory. */
void gen_text_clear(gen_text *text);
void gen_text_free(gen_text *text);

/* Bytes of the byte order mark that a text begins with, which is no part of it: 3, or 0. */
size_t gen_mark_length(const char *text, size_t length);

/* Copies a text into a buffer of `size` bytes, cut at the end of a UTF-8 character where it is too long. */
void gen_copy(char *out, size_t size, const char *text);

#endif
