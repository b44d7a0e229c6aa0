#include "proxy/limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RECORD_NS INT64_C(1000000000)

static const char *const kinds[AFMON_PROXY_LIMITS] = {"requests", "tokens", "input-tokens", "output-tokens"};

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

/* Takes a beginning off. */
static bool begins(struct afmon_proxy_piece *name, const char *text)
{
    size_t length = strlen(text);
    if (name->length < length || strncasecmp(name->text, text, length) != 0)
        return false;
    *name = (struct afmon_proxy_piece){name->text + length, name->length - length};
    return true;
}

/* Takes an end off. */
static bool ends(struct afmon_proxy_piece *name, const char *text)
{
    size_t length = strlen(text);
    if (name->length < length || strncasecmp(name->text + name->length - length, text, length) != 0)
        return false;
    name->length -= length;
    return true;
}

/* Digits with or without a fraction; NaN: something else, such as a date. */
static double number_of(const struct afmon_proxy_piece *value)
{
    double number = 0, unit = 1;
    bool fraction = false;
    if (value->length == 0 || value->length > 18)
        return (double)NAN;
    for (size_t i = 0; i < value->length; i++) {
        char c = value->text[i];
        if (c == '.' && !fraction && i > 0) {
            fraction = true;
        } else if (c >= '0' && c <= '9') {
            number = number * 10 + (c - '0');
            unit *= fraction ? 10 : 1;
        } else {
            return (double)NAN;
        }
    }
    return number / unit;
}

static double *place_of(struct afmon_proxy_limits *limits, struct afmon_proxy_piece name)
{
    double *list = NULL;
    bool plain = begins(&name, "x-ratelimit-");
    if (!plain && !begins(&name, "anthropic-ratelimit-"))
        return NULL;
    if (plain ? begins(&name, "limit") : ends(&name, "-limit"))
        list = limits->limit;
    else if (plain ? begins(&name, "remaining") : ends(&name, "-remaining"))
        list = limits->remaining;
    if (list != NULL && plain && name.length == 0)
        return &list[0]; /* some servers have one limit, of requests */
    if (plain && !begins(&name, "-"))
        return NULL;
    for (size_t i = 0; list != NULL && i < AFMON_PROXY_LIMITS; i++)
        if (afmon_proxy_piece_is(&name, kinds[i]))
            return &list[i];
    return NULL;
}

void afmon_proxy_limits_read(struct afmon_proxy_limits *limits, const struct afmon_proxy_head *head)
{
    double after_ms = (double)NAN;
    *limits = (struct afmon_proxy_limits){.retry_after_s = (double)NAN};
    for (size_t i = 0; i < AFMON_PROXY_LIMITS; i++)
        limits->limit[i] = limits->remaining[i] = (double)NAN;
    for (size_t i = 0; i < head->count; i++) {
        const struct afmon_proxy_field *field = &head->fields[i];
        double *place = afmon_proxy_piece_is(&field->name, "retry-after")      ? &limits->retry_after_s
                        : afmon_proxy_piece_is(&field->name, "retry-after-ms") ? &after_ms
                                                                               : place_of(limits, field->name);
        if (place == NULL)
            continue;
        *place = number_of(&field->value);
        limits->told = true;
    }
    if (!isnan(after_ms))
        limits->retry_after_s = after_ms / 1000;
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

void afmon_proxy_limits_add(afmon_proxy_rates *rates, const struct afmon_proxy_limits *limits, int status, int64_t ns)
{
    if (status == 429) {
        rates->first_429_ns = rates->refused == 0 ? ns : rates->first_429_ns;
        rates->last_429_ns = ns;
        rates->refused++;
    }
    if (!limits->told)
        return;
    rates->longest_wait_s = fmax(rates->longest_wait_s, limits->retry_after_s);
    for (size_t i = 0; i < AFMON_PROXY_LIMITS; i++) {
        afmon_proxy_rate *rate = &rates->limits[i];
        if (isnan(limits->remaining[i]))
            continue;
        rate->least = !rate->known || limits->remaining[i] < rate->least ? limits->remaining[i] : rate->least;
        rate->limit = limits->limit[i];
        rate->known = true;
    }
}

void afmon_proxy_limits_record(afmon_monitor *monitor, const struct afmon_proxy_limits *limits, int64_t ns,
                               int64_t *recorded_ns)
{
    if (!limits->told)
        return;
    if (!isnan(limits->retry_after_s))
        (void)afmon_record_metric(monitor, "proxy_retry_after", limits->retry_after_s, NULL, 0);
    if (*recorded_ns != 0 && ns - *recorded_ns < RECORD_NS)
        return;
    *recorded_ns = ns;
    for (size_t i = 0; i < AFMON_PROXY_LIMITS; i++) {
        const afmon_field fields[] = {afmon_string("of", kinds[i]), afmon_double("limit", limits->limit[i])};
        if (!isnan(limits->remaining[i]))
            (void)afmon_record_metric(monitor, "proxy_rate_limit_remaining", limits->remaining[i], fields,
                                      isnan(limits->limit[i]) ? 1 : 2);
    }
}
