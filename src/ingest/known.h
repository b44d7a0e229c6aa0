/* Which lines a file has already.
 *
 * In a copy of a run that was taken while it went on, a ring may be older than the file: some of its records stand in
 * the file, though the ring does not know. Which ones is told by their text: time, name, metadata and value. Each line
 * of the file stands for one record; records that read alike are told apart by their number. */
#ifndef AFMON_INGEST_KNOWN_H
#define AFMON_INGEST_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slots.h"

struct afmon_known {
    uint64_t seed;
    struct afmon_slots lines; /* by their hash */
};

void afmon_known_init(struct afmon_known *known);
void afmon_known_free(struct afmon_known *known);

/* The lines that will be asked for: those of a text. False: no memory. */
bool afmon_known_want(struct afmon_known *known, const struct afmon_buffer *text);

/* Counts those of them that stand in a file from an offset on. 0 or errno. */
int afmon_known_scan(struct afmon_known *known, int fd, int64_t from);

/* Takes out of a text the lines that stand in the file, each as often as it does; what was taken out is not there any
 * more for the next text. */
void afmon_known_filter(struct afmon_known *known, struct afmon_buffer *text);

#endif
