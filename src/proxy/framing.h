/* Where the body of an HTTP/1 message ends. The bytes pass as they are, chunk sizes and trailers included; this only
 * follows them. Pure functions, any thread. */
#ifndef AFMON_PROXY_FRAMING_H
#define AFMON_PROXY_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum afmon_proxy_framing {
    AFMON_PROXY_NO_BODY = 0,
    AFMON_PROXY_LENGTH,
    AFMON_PROXY_CHUNKED,
    AFMON_PROXY_UNTIL_CLOSE /* of an answer: the end of the connection is the end of the body */
};

struct afmon_proxy_body {
    enum afmon_proxy_framing framing;
    bool done;
    bool bad; /* its chunks are not well-formed */
    uint8_t state;
    uint8_t digits; /* of a chunk size */
    uint32_t extra; /* bytes of chunk extensions and trailers so far */
    uint64_t left;  /* bytes of the body, or of the chunk */
};

/* Begins a body; length counts for AFMON_PROXY_LENGTH. */
void afmon_proxy_body_begin(struct afmon_proxy_body *body, enum afmon_proxy_framing framing, uint64_t length);

/* Gets a stretch of what the body carries. */
typedef void afmon_proxy_payload(void *user, const char *data, size_t length);

/* Follows the next bytes. Returns how many of them are of this message: fewer than length where it is done within them,
 * or where it is bad, and then what is behind that number must not be passed on. payload may be NULL. */
size_t afmon_proxy_body_feed(struct afmon_proxy_body *body, const char *data, size_t length,
                             afmon_proxy_payload *payload, void *user);

#endif
