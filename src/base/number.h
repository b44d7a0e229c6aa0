/* Numbers as text, and back. Never dependent on the locale. */
#ifndef AFMON_BASE_NUMBER_H
#define AFMON_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_NUMBER_SIZE 32 /* room that every number fits in */

/* Writes value as the shortest decimal text that reads back as the same double, in the form of Python's repr: "1.0",
 * "0.1", "1e+16", "1e-05", "-0.0"; a value that is not finite as "null" (JSON has no other way). Returns the length;
 * no NUL is written. */
size_t afmon_format_double(char *out, double value);

/* Writes a signed integer; returns the length. */
size_t afmon_format_int(char *out, int64_t value);

/* Reads a JSON number (RFC 8259) that takes up the whole text, correctly rounded. False where it is none, or too large
 * for a double; one too small for a double is zero. */
bool afmon_parse_double(const char *text, size_t length, double *value);

/* Reads a whole number as JSON writes it (no '+', no zero in front) that takes up the whole text; false where it is
 * none or does not fit. */
bool afmon_parse_int(const char *text, size_t length, int64_t *value);

#endif
