/* The data set: JSON lines, one conversation each, {"conversations": [{"role", "content"} ...], "metadata": {...}}. A
 * line is appended by a single write(2), so that whatever kills the process at most the last line is torn, and a later
 * process can go on where this one stopped. */
#ifndef AFMON_GENERATORS_DATASET_H
#define AFMON_GENERATORS_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conversation.h"

typedef struct gen_dataset gen_dataset;

/* What was found in a data set that is taken up again. */
typedef struct gen_dataset_found {
    uint64_t lines;         /* conversations */
    uint64_t below;         /* different indices below `count`: they are skipped */
    uint64_t strange;       /* lines that are no conversation with an index; they are kept, and tell nothing */
    uint64_t first_strange; /* the number of the first of them, from 1 */
    uint64_t torn_bytes;    /* of a torn last line, which was cut off */
    bool has_seed;
    uint64_t seed; /* of the first conversation that says its seed */
} gen_dataset_found;

/* Opens a data set for a run of `count` conversations and locks it against other processes. Without `resume` a file
 * that is not empty is refused. With it, the file is read, a torn last line is ended or cut off, and *found says what
 * is there. On failure NULL, and why in error. */
gen_dataset *gen_dataset_open(const char *path, bool resume, uint64_t count, gen_dataset_found *found, char *error,
                              size_t size);

/* Is conversation `index` in the file? As of opening. Any thread. */
bool gen_dataset_has(const gen_dataset *dataset, uint64_t index);

/* Appends a conversation that is done. On failure false, why in error, and the file is as it was. Any thread. */
bool gen_dataset_append(gen_dataset *dataset, const gen_conversation *conversation, uint64_t seed, char *error,
                        size_t size);

/* Closes the file. false where what was written may not have reached the disk. NULL is fine. */
bool gen_dataset_close(gen_dataset *dataset);

/* The line of a conversation, with its newline. NULL: out of memory. The caller frees it. */
char *gen_dataset_line(const gen_conversation *conversation, uint64_t seed);

#endif
