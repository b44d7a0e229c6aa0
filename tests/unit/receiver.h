/* A receiver of OTLP on loopback that does with each post what a script says, and counts what it said yes to. */
#ifndef AFMON_TESTS_RECEIVER_H
#define AFMON_TESTS_RECEIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define RECEIVER_HELD 64

/* A letter a post, the last one for all that follow: T takes it; 4 answers 429, 5 503, both with Retry-After: 0; B 503
 * without one; D 503 with the date that is a day from now; R resets the connection; C closes it after a while; H reads
 * it and keeps silent; X takes it, and says that one record or seven data points were not. */
struct receiver {
    const char *script;
    char url[64];
    int fd;
    int held[RECEIVER_HELD]; /* connections that hang */
    int held_count;
    atomic_int posts; /* that were read, answered or not */
    uint64_t samples; /* of afmon.samples in the last body that was taken */
    uint64_t records; /* log records taken */
    atomic_int release, stop;
    pthread_t thread;
};

void receiver_open(struct receiver *receiver, const char *script);
void receiver_release(struct receiver *receiver); /* closes what hangs */
void receiver_close(struct receiver *receiver);   /* from then on its counts stand still */

#endif
