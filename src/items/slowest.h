/* The items that took longest, of all that are added. */
#ifndef AFMON_ITEMS_SLOWEST_H
#define AFMON_ITEMS_SLOWEST_H

#include <afmon/afmon.h>

#define AFMON_SLOWEST_MAX 10000

/* Zeroed to begin with; most is set. */
struct afmon_slowest {
    size_t most;
    afmon_found_item **kept; /* the longest first */
    size_t count;
    size_t given;
    bool gathered; /* its user's: all were added */
};

/* Keeps a copy where it is one of them; of two that took as long, the one that was added first. What has no time is
 * none. False: no memory. */
bool afmon_slowest_add(struct afmon_slowest *slowest, const afmon_found_item *item);

/* The next one; NULL: there is none. */
const afmon_found_item *afmon_slowest_next(struct afmon_slowest *slowest);

void afmon_slowest_free(struct afmon_slowest *slowest);

#endif
