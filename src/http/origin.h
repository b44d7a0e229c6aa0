/* Who a request claims to be for, and from: the defence against DNS rebinding and against other sites' scripts. */
#ifndef AFMON_HTTP_ORIGIN_H
#define AFMON_HTTP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

struct afmon_host_rules {
    struct afmon_address address; /* that the server listens on */
    char machine[256];            /* the machine's own name; "": not taken */
    const char *const *names;     /* further ones */
    size_t name_count;
};

/* True where a Host header ("localhost:8765") names this server. Addresses and names only: the port may be that of a
 * forwarding tunnel. A server on a loopback address answers to loopback addresses, "localhost" and the given names; one
 * on another address also to every IP address (nobody can rebind one) and to the machine's name. */
bool afmon_host_is_ours(const struct afmon_host_rules *rules, const char *host);

/* True where a name or an address could stand in a Host header: neither with a port nor in brackets. */
bool afmon_host_may_be_named(const char *name);

/* True where an Origin header is that of a page from the given Host: the same authority under http or https. NULL (no
 * such header): true. */
bool afmon_origin_is_ours(const char *origin, const char *host);

/* True where the browser says (Sec-Fetch-Site and -Mode, either may be NULL) that another site's page wants to read or
 * embed this. Following a link is not that. */
bool afmon_fetch_is_foreign(const char *site, const char *mode);

#endif
