/* The warning of an item that is tried again without end. */
#ifndef AFMON_MONITOR_ITEM_ATTEMPTS_H
#define AFMON_MONITOR_ITEM_ATTEMPTS_H

#include <afmon/afmon.h>

/* The item begins its attempt: warns where it is the AFMON_ITEM_ATTEMPTS_MANY-th, or so many times 2, 4, 8 ... */
void afmon_item_attempt_begins(const afmon_item *item, uint32_t attempt);

#endif
