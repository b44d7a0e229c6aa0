/* What the heads of answers say of rate limits, and what became of it over the run. */
#ifndef AFMON_PROXY_LIMITS_H
#define AFMON_PROXY_LIMITS_H

#include "proxy/head.h"
#include "proxy/proxy.h"

/* One answer. NaN: not told. */
struct afmon_proxy_limits {
    bool told; /* any of it */
    double limit[AFMON_PROXY_LIMITS];
    double remaining[AFMON_PROXY_LIMITS];
    double retry_after_s;
};

/* Reads x-ratelimit-..., anthropic-ratelimit-..., retry-after and retry-after-ms. Any thread. */
void afmon_proxy_limits_read(struct afmon_proxy_limits *limits, const struct afmon_proxy_head *head);

/* Adds an answer of that status to what is told at the end; ns: since 1970. */
void afmon_proxy_limits_add(afmon_proxy_rates *rates, const struct afmon_proxy_limits *limits, int status, int64_t ns);

/* Records what an answer says: the wait that it asks for, and what remains of each limit, at most once a second. */
void afmon_proxy_limits_record(afmon_monitor *monitor, const struct afmon_proxy_limits *limits, int64_t ns,
                               int64_t *recorded_ns);

#endif
