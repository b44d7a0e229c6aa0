/* Reading what dead sessions left in a folder that cannot be written, piece by piece and without changing anything.
 *
 * A recovery would cut off what is only a part of a batch from each file, and append text. A peek says up to where a
 * file counts, and gives that text with the place where it would come to stand: file and text together are, byte by
 * byte, the file after a recovery. So who has read text up to some place may read on behind it, whoever puts the text
 * into the file meanwhile. */
#ifndef AFMON_INGEST_PEEK_H
#define AFMON_INGEST_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/session.h"

struct afmon_peek_file {
    char name[AFMON_FILE_NAME]; /* in the run folder; it need not be there. Empty: this session writes none */
    bool log;
    int64_t end; /* so much of the file counts */
    int64_t at;  /* where the next text would stand */
};

/* Whole lines, but for the newline of a very long one. Valid until the next piece. */
struct afmon_peek_text {
    size_t file;
    int64_t at;
    const char *data;
    size_t length;
};

struct afmon_peek {
    struct afmon_peek_file *files;
    size_t file_count;
    struct afmon_peek_text texts[2]; /* what the last piece is: metrics and log */
    bool done;
    uint64_t bytes; /* in all rings, and of them those that are done */
    uint64_t bytes_done;
    size_t damaged;                 /* rings that make no sense */
    size_t older;                   /* as in a recovery */
    size_t unread;                  /* rings that may not be read */
    struct afmon_peek_state *state; /* how far it is */
};

/* Looks what there is. 0 or errno: EAGAIN where somebody is just recovering. To be closed whatever it returns. */
int afmon_peek_open(struct afmon_peek *peek, const char *folder);

/* The next piece: texts, of which each may be empty, or done. 0 or errno: EAGAIN where somebody has begun to recover,
 * so that all of it is to be opened again. */
int afmon_peek_next(struct afmon_peek *peek);

/* About what it holds. */
size_t afmon_peek_bytes(const struct afmon_peek *peek);
void afmon_peek_close(struct afmon_peek *peek);

#endif
