/* A thread's directory of its own producers. */
#ifndef AFMON_INGEST_THREADS_H
#define AFMON_INGEST_THREADS_H

#include "ingest/hub.h"

/* The producer that this thread used last: what the fast path looks at first. A serial that no session has, to begin
 * with. */
struct afmon_thread_last {
    uint64_t serial;
    struct afmon_producer *producer;
};
extern _Thread_local struct afmon_thread_last afmon_thread_last __attribute__((tls_model("initial-exec")));

/* The thread's producer for a serial, or NULL. */
struct afmon_producer *afmon_thread_find(uint64_t serial);

/* Remembers a producer (whose reference for the thread is counted already) until the thread ends; lets go of those
 * whose hub was closed. False: no memory. */
bool afmon_thread_add(struct afmon_producer *producer);

/* The calling thread uses this producer no more; it may be freed. */
void afmon_thread_remove(struct afmon_producer *producer);

/* One reference less; frees the producer with the last one. */
void afmon_producer_release(struct afmon_producer *producer);

#endif
