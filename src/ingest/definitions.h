/* Definitions of this process by their number: what a short sample record's four bytes stand for. Threads add, the
 * consumer looks up without a lock. */
#ifndef AFMON_INGEST_DEFINED_H
#define AFMON_INGEST_DEFINED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_DEFINED_BLOCK 1024
#define AFMON_DEFINED_BLOCKS 4096

struct afmon_defined_entry {
    const char *name;
    const void *packed;
    size_t name_length;
    size_t packed_length;
    void *consumer[2]; /* the consumer's own: what it has resolved the definition to */
};

struct afmon_defined_table {
    struct afmon_defined_entry *_Atomic blocks[AFMON_DEFINED_BLOCKS];
};

/* Number 1, 2, 3 ... One adder at a time. NULL: no memory, or more than four million definitions. */
struct afmon_defined_entry *afmon_defined_add(struct afmon_defined_table *table, uint32_t number);

/* NULL where there is no such definition. */
struct afmon_defined_entry *afmon_defined_find(struct afmon_defined_table *table, uint32_t number);

void afmon_defined_free(struct afmon_defined_table *table);

#endif
