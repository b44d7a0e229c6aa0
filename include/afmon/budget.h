/* What a run may cost: a limit that holds over all its processes. Included by <afmon/afmon.h>. */
#ifndef AFMON_BUDGET_H
#define AFMON_BUDGET_H

#include <afmon/record.h>
#include <afmon/usage.h>

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

/* The most that a call can use. */
typedef struct afmon_call_bound {
    const char *model_name;
    double prompt_tokens; /* an upper bound: the bytes of all that is sent are one, and some for what the server adds */
    double completion_tokens; /* the limit that is sent with the call, reasoning included; 0: there is none */
} afmon_call_bound;

/* What is reserved for a call in flight. {0}: nothing. Of one thread at a time. */
typedef struct afmon_reservation {
    uint64_t owner;
    int64_t picodollars;
} afmon_reservation;

/* Before a call goes out: reserves the most that it can cost. AFMON_OK: it may go out (without max_cost_usd always);
 * the reservation is ended by afmon_settle, afmon_settle_unused or afmon_settle_unknown. AFMON_E_BUSY: only once calls
 * in flight have ended is there room for it; ask again. AFMON_E_LIMIT: the run has reached its limit, and nothing more
 * is let through. AFMON_E_UNPRICED: its model has no price, or it has no upper bound. Another status: the ledger cannot
 * be asked. But for AFMON_OK the call must not go out, and error says why. Any thread; takes microseconds, and at most
 * some seconds. */
AFMON_API afmon_status afmon_reserve(afmon_monitor *monitor, const afmon_call_bound *bound,
                                     afmon_reservation *reservation, afmon_error *error);

/* The call is over, and used that much: it costs what the provider says, or what the prices of the model make of it
 * that answered (NULL, or without a price: of the one that was asked). Where that cannot be said the worst case stays.
 * What is tracked of the call says `settled`, so that it is not counted again. Any thread. */
AFMON_API void afmon_settle(afmon_monitor *monitor, afmon_reservation *reservation, const char *model_name,
                            const char *asked_model_name, const afmon_usage *usage);

/* The call cost nothing: it never went out, or the server refused it. Any thread. */
AFMON_API void afmon_settle_unused(afmon_monitor *monitor, afmon_reservation *reservation);

/* Nobody knows what the call cost, or whether it was made: the worst case stays. Any thread. */
AFMON_API void afmon_settle_unknown(afmon_monitor *monitor, afmon_reservation *reservation);

/* For who makes calls without reserving: may calls that cost that much (0 or more US dollars) still begin? False where
 * the run has reached its limit, or its ledger cannot be asked; true without max_cost_usd. Such a run passes its limit
 * by at most the calls in flight. Any thread; takes microseconds. */
AFMON_API bool afmon_may_spend(afmon_monitor *monitor, double usd);

/* What the run has spent. False: it has no limit, or its ledger cannot be read. Any thread. */
AFMON_API bool afmon_monitor_budget(afmon_monitor *monitor, afmon_budget *budget);

#ifdef __cplusplus
}
#endif

#endif
