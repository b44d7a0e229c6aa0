#include "ingest/known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define PIECE ((size_t)256 << 10)
#define LINE_MAX_BYTES ((size_t)1 << 30)

struct known_line {
    uint64_t hash; /* first */
    uint64_t there;
};

void afmon_known_init(struct afmon_known *known)
{
    *known = (struct afmon_known){.seed = afmon_hash_seed(), .lines.entry_size = sizeof(struct known_line)};
}

void afmon_known_free(struct afmon_known *known)
{
    afmon_slots_free(&known->lines);
}

static struct known_line *line_of(const struct afmon_known *known, const char *line, size_t length)
{
    return afmon_slots_find(&known->lines, afmon_hash(known->seed, line, length));
}

bool afmon_known_want(struct afmon_known *known, const struct afmon_buffer *text)
{
    const char *at = text->data;
    const char *end = text->length > 0 ? at + text->length : at;
    const char *newline;
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (afmon_slots_put(&known->lines, afmon_hash(known->seed, at, (size_t)(newline - at))) == NULL)
            return false;
        at = newline + 1;
    }
    return true;
}

static void count_line(struct afmon_known *known, const char *data, size_t length)
{
    struct known_line *line = line_of(known, data, length);
    if (line != NULL)
        line->there++;
}

/* Counts the whole lines of a piece; returns where its last one ends. */
static size_t count_lines(struct afmon_known *known, const char *data, size_t length)
{
    size_t at = 0;
    const char *newline;
    while (at < length && (newline = memchr(data + at, '\n', length - at)) != NULL) {
        count_line(known, data + at, (size_t)(newline - data) - at);
        at = (size_t)(newline - data) + 1;
    }
    return at;
}

int afmon_known_scan(struct afmon_known *known, int fd, int64_t from)
{
    struct afmon_buffer piece;
    int failure = 0;
    afmon_buffer_init(&piece, LINE_MAX_BYTES);
    while (failure == 0) {
        if (!afmon_buffer_reserve(&piece, PIECE)) {
            failure = ENOMEM;
            break;
        }
        ssize_t got = pread(fd, piece.data + piece.length, PIECE, from + (int64_t)piece.length);
        if (got == 0) {
            count_line(known, piece.data, piece.length); /* which may lack its newline */
            break;
        }
        if (got < 0) {
            failure = errno == EINTR ? 0 : errno;
            continue;
        }
        piece.length += (size_t)got;
        size_t done = count_lines(known, piece.data, piece.length);
        memmove(piece.data, piece.data + done, piece.length - done);
        piece.length -= done;
        from += (int64_t)done;
    }
    afmon_buffer_free(&piece);
    return failure;
}

static bool take(struct afmon_known *known, const char *text, size_t length)
{
    struct known_line *line = line_of(known, text, length);
    if (line == NULL || line->there == 0)
        return false;
    line->there--;
    return true;
}

void afmon_known_filter(struct afmon_known *known, struct afmon_buffer *text)
{
    size_t kept = 0;
    size_t at = 0;
    const char *newline;
    while (at < text->length && (newline = memchr(text->data + at, '\n', text->length - at)) != NULL) {
        size_t length = (size_t)(newline - text->data) - at;
        if (!take(known, text->data + at, length)) {
            memmove(text->data + kept, text->data + at, length + 1);
            kept += length + 1;
        }
        at += length + 1;
    }
    text->length = kept;
}
