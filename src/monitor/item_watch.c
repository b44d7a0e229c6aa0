#include "monitor/item_watch.h"

#include <math.h>

#include "base/clock.h"

int afmon_item_watch_init(struct afmon_item_watch *watch)
{
    watch->standstill = (struct afmon_standstill){0};
    return pthread_mutex_init(&watch->lock, NULL);
}

void afmon_item_watch_free(struct afmon_item_watch *watch)
{
    pthread_mutex_destroy(&watch->lock);
    afmon_standstill_free(&watch->standstill);
}

void afmon_item_watch_begins(struct afmon_item_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    afmon_standstill_begins(&watch->standstill, afmon_boot_ns());
    pthread_mutex_unlock(&watch->lock);
}

void afmon_item_watch_ends(struct afmon_item_watch *watch, double took_s)
{
    pthread_mutex_lock(&watch->lock);
    afmon_standstill_ends(&watch->standstill, afmon_boot_ns(), took_s);
    pthread_mutex_unlock(&watch->lock);
}

struct afmon_item_look afmon_item_watch_look(struct afmon_item_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    struct afmon_standstill *standstill = &watch->standstill;
    struct afmon_item_look look = {.for_s = afmon_standstill_look(standstill, afmon_boot_ns()),
                                   .open = standstill->open};
    look.limit_s = fmax(AFMON_STANDSTILL_MIN_S, standstill->limit_s / fmax(1, (double)look.open));
    look.news = standstill->told != (look.for_s > 0);
    standstill->told = look.for_s > 0;
    pthread_mutex_unlock(&watch->lock);
    return look;
}
