/* What an answer tells of an error: providers, routers and servers each have a shape of their own, and some put it
 * inside a 200. */
#ifndef AFMON_GENERATORS_API_ERROR_H
#define AFMON_GENERATORS_API_ERROR_H

#include <stdbool.h>

#include <jansson.h>

#include "chat.h"

typedef struct gen_api_error {
    const char *message; /* of the JSON; NULL: it has none */
    const char *raw;     /* the words of the provider behind a router; NULL */
    int status;          /* that its code stands for; 0: unknown */
    gen_lasting lasting;
    double retry_after_s; /* below 0: not said */
} gen_api_error;

/* Finds an error in a whole answer. false: it tells of none. */
bool gen_api_error_find(const json_t *answer, gen_api_error *error);

/* Is a status worth another attempt? As the openai package has it. */
bool gen_api_error_retryable(int status);

/* How lasting a status is by itself. */
gen_lasting gen_api_error_lasting(int status);

#endif
