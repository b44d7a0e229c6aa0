/* Who sends: the process, and what the environment says of it. */
#include "feeds/otlp_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/status.h"

#define VARIABLE "OTEL_RESOURCE_ATTRIBUTES"
#define BLANKS " \t"

void afmon_otlp_resource_fill(struct afmon_otlp_resource *resource)
{
    resource->pid = getpid();
    if (gethostname(resource->host, sizeof resource->host) != 0)
        resource->host[0] = '\0';
    resource->host[sizeof resource->host - 1] = '\0';
    snprintf(resource->instance, sizeof resource->instance, "%016llx", (unsigned long long)afmon_hash_seed());
}

/* ---- the environment ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes what is percent-encoded, in place. False: a percent sign without its two digits, or a NUL byte. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex_digit(at[1]), low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        at += 2;
    }
    *to = '\0';
    return true;
}

static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

static bool take_pair(struct afmon_otlp_resource *resource, char *pair)
{
    char *equals = strchr(pair, '=');
    if (*trim(pair) == '\0')
        return true;
    if (equals == NULL)
        return false;
    *equals = '\0';
    char *key = trim(pair), *value = trim(equals + 1);
    if (*key == '\0' || !decode(key) || !decode(value) || resource->given_count == AFMON_OTLP_ATTRIBUTES)
        return false;
    resource->given[resource->given_count++] = (struct afmon_otlp_attribute){key, value};
    return true;
}

afmon_status afmon_otlp_resource_read(struct afmon_otlp_resource *resource, afmon_error *error)
{
    const char *text = getenv(VARIABLE);
    resource->environment = strdup(text != NULL ? text : "");
    if (resource->environment == NULL)
        return afmon_fail_memory(error);
    char *rest = NULL;
    for (char *pair = strtok_r(resource->environment, ",", &rest); pair != NULL; pair = strtok_r(NULL, ",", &rest))
        if (!take_pair(resource, pair))
            return afmon_fail(error, AFMON_E_ARGUMENT,
                              "OTLP: " VARIABLE " must hold at most %d of NAME=VALUE,NAME=VALUE, percent-encoded",
                              AFMON_OTLP_ATTRIBUTES);
    return AFMON_OK;
}

void afmon_otlp_resource_free(struct afmon_otlp_resource *resource)
{
    free(resource->environment);
}

const char *afmon_otlp_resource_given(const struct afmon_otlp_resource *resource, const char *key)
{
    for (size_t i = resource->given_count; i-- > 0;) /* of several the last one counts */
        if (strcmp(resource->given[i].key, key) == 0)
            return resource->given[i].value;
    return NULL;
}

afmon_status afmon_otlp_resource_name(struct afmon_otlp_resource *resource, const char *service, afmon_error *error)
{
    const char *variable = getenv("OTEL_SERVICE_NAME");
    const char *given = afmon_otlp_resource_given(resource, "service.name");
    if (service == NULL && variable != NULL && *variable != '\0')
        service = variable;
    if (service == NULL && given != NULL && *given != '\0')
        service = given;
    if (service == NULL)
        service = "afmon";
    size_t length = strlen(service);
    if (length == 0 || length >= sizeof resource->service)
        return afmon_fail(error, AFMON_E_ARGUMENT, "OTLP: the service name is of %zu bytes: give 1 to %zu", length,
                          sizeof resource->service - 1);
    memcpy(resource->service, service, length + 1);
    return AFMON_OK;
}
