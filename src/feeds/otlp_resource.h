/* The resource of OTLP: who sends. */
#ifndef AFMON_FEEDS_OTLP_RESOURCE_H
#define AFMON_FEEDS_OTLP_RESOURCE_H

#include <stddef.h>

#include <afmon/afmon.h>

#define AFMON_OTLP_ATTRIBUTES 64

struct afmon_otlp_attribute {
    const char *key;
    const char *value;
};

struct afmon_otlp_resource {
    char service[128];
    char instance[64]; /* tells processes apart: their counters must not be taken for one */
    char host[128];
    long long pid;
    char *environment; /* what `given` points into; owned */
    struct afmon_otlp_attribute given[AFMON_OTLP_ATTRIBUTES];
    size_t given_count;
};

/* What is the calling process's own: once more in a forked child. */
void afmon_otlp_resource_fill(struct afmon_otlp_resource *resource);

/* Takes the attributes of the environment variable OTEL_RESOURCE_ATTRIBUTES. AFMON_E_ARGUMENT: it holds something else.
 */
afmon_status afmon_otlp_resource_read(struct afmon_otlp_resource *resource, afmon_error *error);

/* Chooses service.name: the one given; NULL: that of OTEL_SERVICE_NAME, of the attributes that were read, or "afmon".
 * AFMON_E_ARGUMENT: it is empty or too long. */
afmon_status afmon_otlp_resource_name(struct afmon_otlp_resource *resource, const char *service, afmon_error *error);

/* The value of an attribute that was read; NULL: there is none. */
const char *afmon_otlp_resource_given(const struct afmon_otlp_resource *resource, const char *key);

void afmon_otlp_resource_free(struct afmon_otlp_resource *resource);

#endif
