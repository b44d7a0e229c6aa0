/* JSON as servers really send it. What Python's json reads (and so the openai package does) is no more than this reads:
 * a byte order mark, NaN and infinities, integers and exponents beyond all bounds, halves of surrogate pairs; and text
 * that is not UTF-8, control characters in strings, and bytes behind the value. */
#ifndef AFMON_GENERATORS_LENIENT_H
#define AFMON_GENERATORS_LENIENT_H

#include <stddef.h>

#include <jansson.h>

/* Reads a value. Numbers that are not finite become null, ill-formed text U+FFFD. NULL where that cannot be, with what
 * and where in `error` ("line 3, column 7: ..."). The caller releases it. */
json_t *gen_lenient_json(const char *body, size_t length, char *error, size_t size);

#endif
