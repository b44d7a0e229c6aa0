/* Is a text JSON? */
#ifndef AFMON_BASE_JSON_CHECK_H
#define AFMON_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#define AFMON_JSON_DEPTH 256

/* True where text is exactly one JSON value (RFC 8259) that every parser takes: well-formed UTF-8, surrogates in pairs,
 * numbers within a double's range and whole ones within an int64_t's, arrays and objects at most AFMON_JSON_DEPTH deep,
 * no \u0000 in a key. Does not recurse or allocate. */
bool afmon_json_valid(const char *text, size_t length);

#endif
