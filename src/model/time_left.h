/* How long a run will take yet: a band, from what it has made so far and what is open.
 *
 * Nothing here looks at a clock or at chance: the same run at the same moment has the same band on every screen. */
#ifndef AFMON_MODEL_TIME_LEFT_H
#define AFMON_MODEL_TIME_LEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An item that has its outcome. */
struct afmon_made {
    int64_t started_ns;
    int64_t ended_ns;
    bool counts; /* towards the plan */
};

struct afmon_work {
    const struct afmon_made *made; /* in any order */
    size_t made_count;
    const int64_t *open_ns; /* when each open item was begun, in any order */
    size_t open_count;
    const int64_t *sessions_ns; /* when each process began; where nothing was under way before one, time stood still */
    size_t session_count;
    uint64_t left; /* that have to count yet */
    int64_t now_ns;
};

/* Seconds from now: the run will have ended by then in 1, 5 and 9 of 10 cases. NaN: nothing finished yet. */
struct afmon_time_left {
    double p10_s;
    double p50_s;
    double p90_s;
};

/* False: no memory. */
bool afmon_time_left(const struct afmon_work *work, struct afmon_time_left *left);

#endif
