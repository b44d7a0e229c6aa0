/* The most that a call can use, read from its request before it goes out. Pure functions, any thread. */
#ifndef AFMON_PROXY_BOUND_H
#define AFMON_PROXY_BOUND_H

#include "proxy/answer.h"

struct afmon_proxy_bound {
    char model[AFMON_PROXY_WORD_MAX];
    double prompt_tokens;
    double completion_tokens;
};

/* Reads the body of a request, as it is without chunks. NULL, or a sentence that says why nothing bounds the call:
 * static text. */
const char *afmon_proxy_bound_read(struct afmon_proxy_bound *bound, enum afmon_proxy_shape shape, const char *body,
                                   size_t length);

#endif
