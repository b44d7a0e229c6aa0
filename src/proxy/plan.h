/* The items of a run whose plan was told: what a request names by x-afmon-item, else each operation is one. One thread.
 *
 * An operation's item ends with its attempt that succeeds, or with one that no SDK tries again; else it is open until
 * the next attempt comes, or until none can be expected. An item that requests name is made once one of them succeeded;
 * where none did it has failed when the proxy ends. */
#ifndef AFMON_PROXY_PLAN_H
#define AFMON_PROXY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

#include "base/table.h"
#include "proxy/proxy.h"

/* A request. */
struct afmon_proxy_try {
    const char *name; /* of its item; "": it names none */
    uint64_t connection;
    uint64_t digest; /* of path and body */
    int retry;       /* as the SDK says; -1: it does not */
};

/* An operation whose last attempt failed. */
struct afmon_proxy_pending {
    struct afmon_proxy_try tried;
    int64_t end_ns;
    char error_type[64];
    afmon_item *item;
};

struct afmon_proxy_named {
    uint64_t hash;
    afmon_item *item; /* NULL: it was made */
};

/* Zeroed: there is no plan, and nothing is done. */
struct afmon_proxy_plan {
    afmon_monitor *monitor;
    uint64_t seed;
    uint64_t count; /* of operations */
    struct afmon_proxy_pending *pending;
    size_t pending_count, pending_room;
    struct afmon_proxy_named *named;
    uint32_t named_count, named_room;
    struct afmon_table table;
};

void afmon_proxy_plan_begin(struct afmon_proxy_plan *plan, afmon_monitor *monitor);

/* A request is on its way: begins its item, where it was not begun. Returns the item of an operation, which belongs to
 * its request until afmon_proxy_plan_end. NULL: the request names one, or no memory. */
afmon_item *afmon_proxy_plan_item(struct afmon_proxy_plan *plan, const struct afmon_proxy_try *tried);

/* The request is over. error_type: NULL where it succeeded. status: of HTTP; 0: there was no answer. */
void afmon_proxy_plan_end(struct afmon_proxy_plan *plan, const struct afmon_proxy_try *tried, afmon_item *item,
                          const char *error_type, int status, int64_t end_ns);

/* No further request comes: what is open has failed. Frees. */
void afmon_proxy_plan_finish(struct afmon_proxy_plan *plan);

#endif
