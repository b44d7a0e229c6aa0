/* The lines of a file, from its end to its beginning, in memory of some pieces and the longest line. */
#ifndef AFMON_ITEMS_BACK_H
#define AFMON_ITEMS_BACK_H

#include "store/source.h"

#include <afmon/afmon.h>

struct afmon_back {
    struct afmon_source source;
    size_t piece;     /* bytes that are read at a time */
    int64_t at;       /* of the file's bytes those before it are not read yet */
    size_t text_left; /* of the text behind the file's end */
    char *data;       /* what was read; of it, begin to end is not given yet */
    size_t capacity;
    size_t begin;
    size_t end;
    bool ended;    /* the newline behind the next line was taken off */
    bool skipping; /* within a line that is too long */
};

/* source: its text is taken over, its path is not. */
void afmon_back_init(struct afmon_back *back, const struct afmon_source *source, size_t piece);
void afmon_back_free(struct afmon_back *back);

/* The line before; *line is NULL where there is none. Valid until the next call. A line that is too long is left out, a
 * file that has become shorter is read as far as it goes. AFMON_E_NO_MEMORY, AFMON_E_SYSTEM, AFMON_E_FORMAT where it is
 * no regular file any more. */
afmon_status afmon_back_next(struct afmon_back *back, const char **line, size_t *length, afmon_error *error);

/* Bytes that were not read yet. */
uint64_t afmon_back_left(const struct afmon_back *back);

#endif
