/* Texts of a line that are put aside before jansson reads it, which would hold each of them three times: a whole
 * conversation is read from where it lies. In the line a short text stands for each, and names it. */
#ifndef AFMON_STORE_READER_ASIDES_H
#define AFMON_STORE_READER_ASIDES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct afmon_aside {
    const char *raw; /* as it stands in the line, between its quotes */
    size_t length;
};

struct afmon_asides {
    struct afmon_buffer line; /* what is left of it */
    struct afmon_buffer list; /* struct afmon_aside */
    struct afmon_buffer part; /* of a text that is being added */
};

void afmon_asides_init(struct afmon_asides *asides, size_t limit);
void afmon_asides_free(struct afmon_asides *asides);
size_t afmon_asides_bytes(const struct afmon_asides *asides);

/* Puts the long texts of a line aside, keys excepted. *line, *length: what is left, where there are any; the line that
 * was given must stay as long as they are used. What is left is JSON, or repaired to JSON, where the line was, and is
 * wrong for the same reason where it was not. False: no memory. */
bool afmon_asides_take(struct afmon_asides *asides, const char **line, size_t *length);

/* The text that the one that jansson has read stands for; NULL: for itself. */
const struct afmon_aside *afmon_aside_of(const struct afmon_asides *asides, const char *text, size_t length);

/* Adds it as a JSON string, as afmon_buffer_add_json_string does. */
void afmon_aside_add_json(struct afmon_asides *asides, const struct afmon_aside *aside, struct afmon_buffer *out);

#endif
