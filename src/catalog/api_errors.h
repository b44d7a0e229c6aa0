/* Errors that came from a model's API, told from those of one's own code by what is known of them. */
#ifndef AFMON_CATALOG_API_ERRORS_H
#define AFMON_CATALOG_API_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

/* What is known of a failed call. Texts may be NULL: not known. */
struct afmon_failure {
    int status; /* of HTTP, as it was given; 0: not known */
    const char *error_type;
    size_t error_type_length;
    const char *error;
    size_t error_length;
    const char *operation;
    size_t operation_length;
};

/* The status: the one that was given, or else the one that the error's text begins with; 0: not known. Any thread. */
int afmon_failure_status(const struct afmon_failure *failure);

/* True where the failure came from the model's API: its status is known and tells of one, or the error is of a type of
 * the official packages for OpenAI, Anthropic, Google's models or LiteLLM, or of the transport below them. An item's
 * own operation repeats the error of a call, and is none. Any thread. */
bool afmon_failure_is_of_api(const struct afmon_failure *failure);

#endif
