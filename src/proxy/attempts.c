#include "proxy/attempts.h"

uint32_t afmon_proxy_attempts_take(struct afmon_proxy_attempts *attempts, uint64_t connection, uint64_t digest,
                                   int retry, bool failed, int64_t end_ns, int64_t *since_ns)
{
    struct afmon_proxy_attempt *last = &attempts->last[connection % AFMON_PROXY_ATTEMPTS_KEPT];
    bool same = last->end_ns != 0 && last->connection == connection && last->digest == digest && last->failed;
    uint32_t number = retry >= 0 ? (uint32_t)retry + 1 : same ? last->number + 1 : 1;
    *since_ns = same && number > 1 ? last->end_ns : 0;
    *last = (struct afmon_proxy_attempt){connection, digest, end_ns, number, failed};
    return number;
}
