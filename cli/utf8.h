/* Characters of UTF-8 text, and how wide a terminal draws them. */
#ifndef AFMON_CLI_UTF8_H
#define AFMON_CLI_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define CLI_BAD_CHARACTER UINT32_MAX

/* Reads the character at text (length > 0 bytes). *size is how many bytes it takes. Where they are not well-formed
 * UTF-8: CLI_BAD_CHARACTER, and *size is 1. */
uint32_t cli_utf8_next(const char *text, size_t length, size_t *size);

/* Columns of a character: 0, 1 or 2. */
size_t cli_utf8_columns(uint32_t character);

#endif
