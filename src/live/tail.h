/* One file that is followed. What has been read of it is one stretch of whole lines, which grows at its end with the
 * file and at its begin into the past. */
#ifndef AFMON_LIVE_TAIL_H
#define AFMON_LIVE_TAIL_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "model/feed.h"
#include "store/reader_times.h"

#define AFMON_TAIL_FIRST (INT64_C(256) << 10) /* of a file that is there already, so much is read first */
#define AFMON_TAIL_LINE ((size_t)16 << 20)    /* longer lines are passed over, and counted as a problem */
#define AFMON_TAIL_CHECK 32

struct afmon_tail {
    char *path;
    bool log;
    bool begun;
    bool cut;      /* what stands before begin is the rest of a line that was too long */
    bool skipping; /* what stands behind end is in a line that is too long */
    bool unended;  /* the line before end was taken without its newline */
    bool seen;     /* in the last listing */
    uint64_t inode;
    int64_t size; /* when it was looked at last */
    bool limited; /* so much of the file counts; what a ring has in its place may stand behind: */
    int64_t limit;
    int64_t begin;                   /* the stretch */
    int64_t end;                     /* while a line of what is new is given: where that line begins */
    bool whole;                      /* it was read from the file's begin on */
    struct afmon_file_times times;   /* of the lines that were not of the past */
    struct afmon_feed_source source; /* the call that what was read last may go on */
    int64_t written_ns;              /* time of its last change */
    char check[AFMON_TAIL_CHECK];    /* the bytes before end: another text there means that the file was written anew */
    size_t check_length;
};

/* What becomes of lines. */
struct afmon_tail_lines {
    /* A line without its newline; NULL: it was too long. older: it comes from the past of the stretch. AFMON_OK; else
     * reading ends with that status. */
    afmon_status (*line)(void *user, const char *line, size_t length, bool older);
    /* True where a last text without newline is a whole line, and was taken. NULL: none is. */
    bool (*rest)(void *user, const char *line, size_t length);
    /* True where a line belongs to the one before it: what is read of the past does not begin with it, so that both are
     * given in one piece, in their order, where they fit in one. NULL: none do. */
    bool (*together)(const char *before, size_t before_length, const char *line, size_t length);
    void *user;
};

/* Reads a piece of what was appended. *more: there is more to be read at once. AFMON_E_CANCELLED: the file is not the
 * one that it was, and all is to be read again. A file that has gone is no error. from_begin: with the first piece, do
 * not pass over what is there. */
afmon_status afmon_tail_forward(struct afmon_tail *tail, struct afmon_buffer *buffer, bool from_begin,
                                const struct afmon_tail_lines *lines, bool *more, afmon_error *error);

/* How long a file of that size counts as: up to the limit, or to the end of what was read of a ring behind it. */
int64_t afmon_tail_counts(const struct afmon_tail *tail, int64_t size);

/* Takes text that would stand in the file at an offset, not behind the stretch's end: what of it is not read yet.
 * AFMON_E_CANCELLED: what was read there was another text. */
afmon_status afmon_tail_take(struct afmon_tail *tail, int64_t at, const char *text, size_t length,
                             const struct afmon_tail_lines *lines);

/* Reads a piece of the past; there is some as long as begin > 0. */
afmon_status afmon_tail_backward(struct afmon_tail *tail, struct afmon_buffer *buffer,
                                 const struct afmon_tail_lines *lines, afmon_error *error);

#endif
