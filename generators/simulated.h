/* A chat model that is made up: seeded, with latencies, token counts, rate limits, failures and an incident as real
 * ones have them. What happens in a conversation depends on the seed and its index alone, not on threads or time. */
#ifndef AFMON_GENERATORS_SIMULATED_H
#define AFMON_GENERATORS_SIMULATED_H

#include "chat.h"
#include "retry.h"

typedef struct gen_simulated_options {
    const char *model; /* its name in the results; copied */
    uint64_t seed;
    double time_scale;    /* it sleeps so many times shorter than the durations that it reports; 1: real time */
    double first_token_s; /* median time to the first token */
    double tokens_per_s;  /* median speed after it */
    double timeout_s;     /* answers that take longer fail, as a client's would */
    unsigned max_retries;
    uint64_t incident_from; /* conversations of these indices meet an overloaded server: [from, until) */
    uint64_t incident_until;
} gen_simulated_options;

/* The values of a middling hosted model, in real time, without an incident. */
gen_simulated_options gen_simulated_defaults(void);

/* NULL: out of memory. */
gen_chat_model *gen_simulated_new(const gen_simulated_options *options);

#endif
