/* Worker threads that take the indices 0 .. count - 1, each once. */
#ifndef AFMON_GENERATORS_POOL_H
#define AFMON_GENERATORS_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "stop.h"

typedef struct gen_pool gen_pool;

typedef struct gen_pool_options {
    unsigned threads;
    uint64_t count;
    bool (*skip)(void *user, uint64_t index); /* true: this index is passed over; NULL: none is */
    void (*run)(void *user, uint64_t index);
    void *user;
    gen_stop *stop; /* from GEN_STOPPING on no worker takes another index */
} gen_pool_options;

/* Starts the threads, with all signals blocked, so that the caller's thread gets them. With fewer threads than asked
 * for where the system gives no more; NULL where it gives none. */
gen_pool *gen_pool_start(const gen_pool_options *options);

/* Threads that were started, and whether all of them have come to their end. Any thread. */
unsigned gen_pool_threads(const gen_pool *pool);
bool gen_pool_finished(const gen_pool *pool);

/* Waits for all threads and frees the pool. */
void gen_pool_join(gen_pool *pool);

#endif
