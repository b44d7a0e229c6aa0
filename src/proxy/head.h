/* The heads of HTTP/1 messages, read strictly: what two parsers could read in two ways is refused (RFC 9112, section
 * 11). Nothing is copied: all pieces point into the bytes that were read. Pure functions, any thread. */
#ifndef AFMON_PROXY_HEAD_H
#define AFMON_PROXY_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/framing.h"

enum { AFMON_PROXY_HEAD_MAX = 64 * 1024, AFMON_PROXY_FIELDS_MAX = 200 };

/* A piece of the head. */
struct afmon_proxy_piece {
    const char *text;
    size_t length;
};

/* A field line. */
struct afmon_proxy_field {
    struct afmon_proxy_piece name;
    struct afmon_proxy_piece value; /* without white space around it */
    struct afmon_proxy_piece line;  /* all of it, with its CR LF */
};

struct afmon_proxy_head {
    struct afmon_proxy_piece start;  /* the first line, with its CR LF */
    struct afmon_proxy_piece method; /* of a request */
    struct afmon_proxy_piece target;
    int status;         /* of an answer */
    int minor;          /* HTTP/1.minor */
    bool close;         /* the connection ends after this message */
    bool upgrade_asked; /* for something else than HTTP/2 without TLS, which one may pass over */
    enum afmon_proxy_framing framing;
    uint64_t content_length; /* where framing is AFMON_PROXY_LENGTH */
    size_t count;
    struct afmon_proxy_field fields[AFMON_PROXY_FIELDS_MAX];
};

/* Looks for the end of a head. *scanned is how many bytes were looked at before, 0 to begin with. Returns the length of
 * the head with its empty line, 0 where more bytes are needed, -1 where a line ends by LF alone. */
ptrdiff_t afmon_proxy_head_end(const char *data, size_t length, size_t *scanned);

/* Reads a whole head. Returns 0, or the status that refuses it (400, 431, 501, 505); *why is a sentence then. */
int afmon_proxy_head_request(struct afmon_proxy_head *head, const char *data, size_t length, const char **why);

/* The same of an answer to a request of this method: 0, or 502. */
int afmon_proxy_head_answer(struct afmon_proxy_head *head, const char *data, size_t length,
                            const struct afmon_proxy_piece *method, const char **why);

/* The first field of that name; NULL: none. */
const struct afmon_proxy_field *afmon_proxy_head_find(const struct afmon_proxy_head *head, const char *name);

/* Is a field one of this connection alone, not to be passed on (RFC 9110, section 7.6.1)? Transfer-Encoding and Trailer
 * are passed on, since the body's framing is. */
bool afmon_proxy_head_is_hop(const struct afmon_proxy_head *head, const struct afmon_proxy_field *field);

/* Is the piece this text, in any case? */
bool afmon_proxy_piece_is(const struct afmon_proxy_piece *piece, const char *text);

#endif
