/* What a run may cost: a limit that holds over all its processes. Included by <afmon/afmon.h>. */
#ifndef AFMON_BUDGET_H
#define AFMON_BUDGET_H

#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a run has spent of its limit, in US dollars, over all its processes. */
typedef struct afmon_budget {
    double limit_usd;
    double spent_usd;    /* of calls whose cost is known */
    double reserved_usd; /* worst cases of calls in flight */
    double
        uncertain_usd; /* worst cases of calls whose cost nobody knows: their process was killed, they timed out ... */
    uint64_t settled_calls;
    uint64_t reserved_calls;
    uint64_t uncertain_calls;
    uint64_t over_calls; /* cost more than their worst case */
    double over_usd;     /* by so much */
    bool reached;        /* something was refused since, and nothing new begins */
    int64_t reached_ns;  /* when: nanoseconds since 1970, UTC */
} afmon_budget;

/* What is reserved for a call in flight. {0}: nothing. Of one thread at a time. */
typedef struct afmon_reservation {
    uint64_t owner;
    int64_t picodollars;
} afmon_reservation;

#ifdef __cplusplus
}
#endif

#endif
