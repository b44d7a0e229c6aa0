/* Trying a call again: exponential back-off with jitter, what the server asks for in Retry-After, and the wish of the
 * user to stop. */
#ifndef AFMON_GENERATORS_RETRY_H
#define AFMON_GENERATORS_RETRY_H

#include <time.h>

#include "chat.h"

typedef struct gen_retry_policy {
    unsigned max_retries;
    double first_wait_s; /* doubles with each attempt */
    double max_wait_s;   /* of our own back-off */
    double max_asked_s;  /* the longest that a Retry-After is followed; what asks for more is not tried again */
    double time_scale;   /* 1; a simulated model waits so many times shorter than it says */
    uint64_t jitter_seed;
} gen_retry_policy;

/* 0.5 s doubling up to 8 s, Retry-After up to 120 s. */
gen_retry_policy gen_retry_defaults(unsigned max_retries);

/* One attempt: fills the result, retryable and retry_after_s included. */
typedef void (*gen_attempt)(void *user, const gen_call *call, unsigned attempt, gen_chat_result *result);

/* Attempts until one succeeds, fails for good, or the run stops. duration_s covers attempts and waits. */
void gen_retry_run(const gen_retry_policy *policy, const gen_call *call, gen_attempt attempt, void *user,
                   gen_chat_result *result);

/* Seconds to wait before attempt `attempt` + 1, between 75 % and 100 % of the back-off; or what the server asked, where
 * that is longer. */
double gen_retry_wait(const gen_retry_policy *policy, const gen_call *call, unsigned attempt, double asked_s);

/* Reads the value of a Retry-After header against `now`: seconds ("1.5"), a duration ("1m30s", "200ms"), or an HTTP
 * date. Below 0: none of these. */
double gen_retry_after(const char *value, time_t now);

#endif
