/* How wide a terminal draws characters. */
#ifndef AFMON_CLI_UTF8_H
#define AFMON_CLI_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Columns of a character: 0, 1 or 2. */
size_t cli_utf8_columns(uint32_t character);

#endif
