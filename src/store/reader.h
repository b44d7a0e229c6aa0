/* Reading metrics.jsonl: afmon's lines by a small scanner, every other JSON object by jansson. */
#ifndef AFMON_STORE_READER_H
#define AFMON_STORE_READER_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "catalog/item_id.h"

/* One line read. Texts point into the line or into the reader and are valid until the next call. */
struct afmon_read_sample {
    const char *name; /* unescaped */
    size_t name_length;
    double value; /* NaN for null */
    int64_t wall_us;
    int64_t again_us; /* a local time that clocks show again so much later; afmon_read_file has decided, and gives 0 */
    struct afmon_item_id item; /* not among metadata and packed fields */
    const char *metadata; /* the raw text between value and timestamp: `"key": value, ` ...; key of a cache of sets.
                             NULL where the line was not in our own form */
    size_t metadata_length;
    const void *packed; /* packed fields; NULL where afmon_reader_packed was not called */
    size_t packed_length;
};

struct afmon_reader; /* scratch memory of one thread */
struct afmon_reader *afmon_reader_new(void);
void afmon_reader_free(struct afmon_reader *reader);

/* Reads one line (without its newline). AFMON_OK; AFMON_E_FORMAT with a reason in *why (static text);
 * AFMON_E_NO_MEMORY. The scanner and jansson agree on every line that both accept. */
afmon_status afmon_read_line(struct afmon_reader *reader, const char *line, size_t length,
                             struct afmon_read_sample *sample, const char **why);

/* The packed fields of the sample that was read last. */
afmon_status afmon_reader_packed(struct afmon_reader *reader, struct afmon_read_sample *sample);

/* What they are in, where they are not empty; whoever takes over its memory leaves it empty. */
struct afmon_buffer *afmon_reader_packed_in(struct afmon_reader *reader);

/* Reads lines from begin to end of a file (mapped or read in large pieces, memory bounded) and calls visit for each
 * sample, or problem for each line that is none. A last line without newline is visited if it is a whole sample, else
 * passed to problem with "torn last line" unless tolerate_torn. Either callback returns non-zero to stop:
 * AFMON_E_CANCELLED. A file that shrinks while it is read must not crash (no SIGBUS): read(2), not mmap. */
struct afmon_file_visitor {
    int (*visit)(void *user, const struct afmon_read_sample *sample);
    int (*problem)(void *user, uint64_t line_number, const char *why);
    int (*progress)(void *user, uint64_t bytes); /* every some MB; may be NULL */
    /* At the end: where times step, or are such as clocks show twice, "times go back by ...". May be NULL. */
    void (*warning)(void *user, uint64_t line_number, const char *what);
    void *user;
    const char *text; /* is read behind end, as if it stood there; with an end of 0 the file need not be there */
    size_t text_length;
    bool tolerate_torn;
    bool goes_on;        /* begin is where this reader stopped in the same file */
    int64_t *stopped_at; /* gets the offset behind the line at which visit stopped, to go on from; may be NULL */
};
/* Where a sample's time is one that local clocks show twice, the order of the file's lines tells which it is. */
afmon_status afmon_read_file(struct afmon_reader *reader, const char *path, int64_t begin, int64_t end,
                             const struct afmon_file_visitor *visitor, afmon_error *error);

#endif
