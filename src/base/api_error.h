/* Errors of a model's API by their HTTP status. */
#ifndef AFMON_BASE_API_ERROR_H
#define AFMON_BASE_API_ERROR_H

#include <stdbool.h>

/* "RateLimitError" for 429 and so on, as the openai Python package names its exceptions. Static text. */
const char *afmon_api_error_name(int status);

/* Whether an answer with that status may have cost something: what is refused before any work is done does not. */
bool afmon_api_error_is_charged(int status);

#endif
