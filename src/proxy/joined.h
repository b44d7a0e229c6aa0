/* A streamed answer put together again, in the form that it has without streaming. One thread. */
#ifndef AFMON_PROXY_JOINED_H
#define AFMON_PROXY_JOINED_H

#include <jansson.h>

#include "base/buffer.h"
#include "proxy/api.h"

enum { AFMON_PROXY_PARTS_MAX = 256 };

enum afmon_proxy_part_kind { AFMON_PROXY_PART_TEXT = 0, AFMON_PROXY_PART_REASONING, AFMON_PROXY_PART_TOOL };

/* A text of an answer, while it comes. */
struct afmon_proxy_part {
    json_int_t choice; /* or block */
    json_int_t index;  /* of a tool call in it */
    enum afmon_proxy_part_kind kind;
    struct afmon_buffer text; /* or arguments */
    char *id, *name;          /* of a tool call; NULL: not told */
};

/* Begin with a zeroed one, and the shape. */
struct afmon_proxy_joined {
    enum afmon_proxy_shape shape;
    struct afmon_proxy_part *parts;
    size_t count;
    json_t *whole; /* that an event told at once */
    bool failed;   /* no memory, or too much */
};

/* An event of the stream. */
void afmon_proxy_joined_take(struct afmon_proxy_joined *joined, const json_t *event);

/* Bytes of text so far. */
size_t afmon_proxy_joined_bytes(const struct afmon_proxy_joined *joined);

/* The answer; the caller's. NULL: it cannot be put together. */
json_t *afmon_proxy_joined_answer(struct afmon_proxy_joined *joined, const char *model, const char *finish);

void afmon_proxy_joined_free(struct afmon_proxy_joined *joined);

#endif
