/* Taking up a data set again: which conversations are there, and a sound end. */
#ifndef AFMON_GENERATORS_DATASET_READ_H
#define AFMON_GENERATORS_DATASET_READ_H

#include "dataset.h"

/* A set of indices below a fixed count, a bit each. */
typedef struct gen_index_set {
    uint64_t count;
    unsigned char *bits; /* NULL: empty */
} gen_index_set;

bool gen_index_set_init(gen_index_set *set, uint64_t count); /* false: out of memory */
void gen_index_set_free(gen_index_set *set);
bool gen_index_set_has(const gen_index_set *set, uint64_t index);
bool gen_index_set_add(gen_index_set *set, uint64_t index); /* true where it was new and is below the count */

/* Reads the data set in fd from its beginning, and repairs a last line without a newline: what is a whole conversation
 * gets its newline, anything else is cut off. NULL on success, else the problem (static, or from strerror). */
const char *gen_dataset_read(int fd, gen_index_set *present, gen_dataset_found *found);

#endif
