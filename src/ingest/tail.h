/* The last line of a file that somebody was writing when the power went. */
#ifndef AFMON_INGEST_TAIL_H
#define AFMON_INGEST_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

#define AFMON_TAIL_MAX (INT64_C(64) << 20) /* a longer last line is none of ours */

/* Sees to it that a file, open for reading and appending, ends with a newline. A last line without one is ended where
 * it is whole (json: a JSON object; else any text), and cut off where it is not; what was cut off (at most 64 KiB of
 * it) is added to removed (may be NULL). Returns 0 or errno. */
int afmon_tail_repair(int fd, bool json, struct afmon_buffer *removed);

/* What that would do to a file. */
struct afmon_tail_end {
    int64_t end;  /* cut it off there */
    bool unended; /* add a newline there */
    int64_t line; /* where the last line begins; end, where that has its newline or would be cut off */
};

/* For a file as if it had that size. 0 or errno. */
int afmon_tail_look(int fd, bool json, int64_t size, struct afmon_tail_end *end);

#endif
