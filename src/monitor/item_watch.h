/* Whether what this process makes stands still. */
#ifndef AFMON_MONITOR_ITEM_WATCH_H
#define AFMON_MONITOR_ITEM_WATCH_H

#include <pthread.h>

#include "model/standstill.h"

struct afmon_item_watch {
    pthread_mutex_t lock;
    struct afmon_standstill standstill; /* under it */
};

/* 0, or errno. */
int afmon_item_watch_init(struct afmon_item_watch *watch);
void afmon_item_watch_free(struct afmon_item_watch *watch);

/* An item begins, or has its outcome after so long. Any thread. */
void afmon_item_watch_begins(struct afmon_item_watch *watch);
void afmon_item_watch_ends(struct afmon_item_watch *watch, double took_s);

struct afmon_item_look {
    double for_s; /* that nothing finished; 0: it does not stand still */
    double limit_s;
    size_t open;
    bool news; /* it stood still at the last look, and does not now, or the other way round */
};
struct afmon_item_look afmon_item_watch_look(struct afmon_item_watch *watch);

#endif
