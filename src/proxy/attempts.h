/* Which requests are attempts of one operation. One thread. */
#ifndef AFMON_PROXY_ATTEMPTS_H
#define AFMON_PROXY_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

enum { AFMON_PROXY_ATTEMPTS_KEPT = 1024 };

/* The last request of a client's connection. */
struct afmon_proxy_attempt {
    uint64_t connection;
    uint64_t digest; /* of path and body */
    int64_t end_ns;  /* 0: the place is free */
    uint32_t number;
    bool failed;
};

/* Begin with a zeroed one. */
struct afmon_proxy_attempts {
    struct afmon_proxy_attempt last[AFMON_PROXY_ATTEMPTS_KEPT];
};

/* Which attempt a request is, from 1 on, and remembers it. retry: the SDK's own count of tries before it; -1: not told,
 * and then it is another attempt only where the request before it on the same connection failed and had the same body.
 * *since_ns: when the attempt before it ended; 0: not known. */
uint32_t afmon_proxy_attempts_take(struct afmon_proxy_attempts *attempts, uint64_t connection, uint64_t digest,
                                   int retry, bool failed, int64_t end_ns, int64_t *since_ns);

#endif
