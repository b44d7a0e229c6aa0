/* Going through the lines of a file that may be growing, shrinking, or anything but lines. */
#ifndef AFMON_STORE_READER_LINES_H
#define AFMON_STORE_READER_LINES_H

#include <afmon/afmon.h>

/* The longest record (32 MiB) with every byte escaped as \u00XX is shorter than this. */
#define AFMON_LINE_LIMIT ((size_t)256 << 20)

struct afmon_lines {
    /* One line without its newline, numbered from 1 at `begin`; ended: a newline followed. data is NULL where the line
     * is longer than AFMON_LINE_LIMIT. AFMON_OK to go on, anything else ends the reading with that status. */
    afmon_status (*line)(void *user, const char *data, size_t length, uint64_t number, bool ended);
    /* Called every some MB with the bytes read so far, and at the end; may be NULL. Non-zero: AFMON_E_CANCELLED. */
    int (*progress)(void *user, uint64_t bytes);
    void *user;
    int64_t *behind;     /* gets the offset behind each line before it is given; may be NULL */
    int64_t *stopped_at; /* gets the offset behind the line at which `line` ended the reading; may be NULL */
    const char *text;    /* is read behind end, as if it stood there; with an end of 0 the file need not be there */
    size_t text_length;
};

/* Reads the regular file from begin to end (or to where it ends by then) with read(2), in memory of some hundred KB and
 * the longest line. Never waits for a FIFO or device: what is no regular file is AFMON_E_FORMAT. */
afmon_status afmon_each_line(const char *path, int64_t begin, int64_t end, const struct afmon_lines *lines,
                             afmon_error *error);

/* Nothing is in it, or what may stand behind an object as well. */
static inline bool afmon_line_is_blank(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
        length--;
    return length == 0;
}

#endif
