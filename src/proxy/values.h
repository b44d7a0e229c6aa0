/* A stream of JSON objects, cut anywhere, whatever stands between them: one a line (Ollama), or the elements of an
 * array that is written as it comes (Gemini). One thread at a time. */
#ifndef AFMON_PROXY_VALUES_H
#define AFMON_PROXY_VALUES_H

#include "proxy/reduce.h"

/* An object; NULL where it is no JSON, or too much of it. It is released by who calls. */
typedef void afmon_proxy_on_value(void *user, json_t *json);

/* Begin with a zeroed one. */
struct afmon_proxy_values {
    uint32_t depth; /* 0: between two objects */
    bool in_string;
    bool escaped;
};

/* What is within an object is fed to `data`, and taken from there at the object's end. */
void afmon_proxy_values_feed(struct afmon_proxy_values *values, struct afmon_proxy_reduced *data, const char *text,
                             size_t length, afmon_proxy_on_value *on_value, void *user);

#endif
