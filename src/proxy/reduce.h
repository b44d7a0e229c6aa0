/* JSON of any size, cut down while it comes to what a reader of its facts needs: long strings end early, long arrays
 * too, and what is nested too deeply is null. What is left is well-formed wherever the whole was. One thread at a time.
 */
#ifndef AFMON_PROXY_REDUCE_H
#define AFMON_PROXY_REDUCE_H

#include <stdint.h>

#include <jansson.h>

#include "base/buffer.h"

enum { AFMON_PROXY_DEPTH_MAX = 24, AFMON_PROXY_STRING_MAX = 400, AFMON_PROXY_ELEMENTS_MAX = 8 };

struct afmon_proxy_reduced {
    struct afmon_buffer text;
    uint32_t depth;
    uint32_t skip;   /* above 0: nothing is kept until what was opened at this depth is closed */
    uint32_t length; /* of the string that goes on */
    uint16_t unit;   /* of \uXXXX */
    uint8_t escape;  /* 0 none, 1 behind the backslash, 2 to 5 hexadecimal digits */
    bool in_string;
    bool muted;  /* the string is long enough */
    bool high;   /* its last unit was the first half of a pair */
    bool nulled; /* what is skipped stands as null */
    bool all;    /* nothing is cut off but what is too deep */
    bool is_array[AFMON_PROXY_DEPTH_MAX];
    uint8_t elements[AFMON_PROXY_DEPTH_MAX];
};

void afmon_proxy_reduced_init(struct afmon_proxy_reduced *reduced);
/* Keeps strings and arrays as long as they are, up to 16 MiB in all. Before anything is fed. */
void afmon_proxy_reduced_keep_all(struct afmon_proxy_reduced *reduced);

void afmon_proxy_reduced_feed(struct afmon_proxy_reduced *reduced, const char *data, size_t length);

/* What came so far, parsed, and begins anew; NULL: it is no JSON, or too much of it. The caller's. */
json_t *afmon_proxy_reduced_take(struct afmon_proxy_reduced *reduced);

void afmon_proxy_reduced_free(struct afmon_proxy_reduced *reduced);

#endif
