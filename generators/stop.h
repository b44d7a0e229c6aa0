/* How a run is told to end: first "no new calls", then "give up the calls in flight". Signal handlers may not use it:
 * the commands take signals with sigtimedwait in one thread. */
#ifndef AFMON_GENERATORS_STOP_H
#define AFMON_GENERATORS_STOP_H

#include <stdbool.h>
#include <stdint.h>

typedef enum gen_stop_phase {
    GEN_RUNNING = 0,
    GEN_STOPPING = 1, /* calls in flight go on, no new ones begin, nothing is tried again */
    GEN_ABANDON = 2   /* calls in flight are given up */
} gen_stop_phase;

typedef struct gen_stop gen_stop;

/* NULL: out of memory or of threads' resources. */
gen_stop *gen_stop_new(void);
void gen_stop_free(gen_stop *stop); /* no other thread may use it any more; NULL is fine */

/* Moves on to a phase and wakes every sleeper that it concerns. A phase never goes back. Any thread. */
void gen_stop_set(gen_stop *stop, gen_stop_phase phase);

/* The phase now. NULL: GEN_RUNNING. Any thread. */
gen_stop_phase gen_stop_now(const gen_stop *stop);

/* Sleeps for some seconds, or until `phase` is reached: false then. Any thread. */
bool gen_stop_sleep(gen_stop *stop, double seconds, gen_stop_phase phase);

/* The monotonic clock: nanoseconds, and seconds since an earlier reading. Any thread. */
int64_t gen_now_ns(void);
double gen_seconds_since(int64_t start_ns);

#endif
