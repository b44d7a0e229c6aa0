/* The lock of a store: one owner that takes it again and again, and askers that must not starve behind it, nor it
 * behind them. A plain mutex lets whoever runs on take it once more before one who sleeps wakes up; here everybody
 * draws a number and is served in that order. Who waits looks again and again for as long as an answer takes, and then
 * sleeps. */
#ifndef AFMON_STORE_TURN_H
#define AFMON_STORE_TURN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct afmon_turn {
    _Atomic unsigned drawn;    /* numbers given out */
    _Atomic unsigned serving;  /* the number that has the lock, or gets it next */
    _Atomic unsigned sleepers; /* on `served` */
    pthread_mutex_t mutex;
    pthread_cond_t served;
};

bool afmon_turn_init(struct afmon_turn *turn); /* false: the system refused */
void afmon_turn_destroy(struct afmon_turn *turn);

/* Any thread. Not recursive. */
void afmon_turn_take(struct afmon_turn *turn);
void afmon_turn_leave(struct afmon_turn *turn);

/* Holding the lock: lets in those who wait now, and takes it again behind them. Without any it costs nothing. */
void afmon_turn_give_way(struct afmon_turn *turn);

#endif
