/* Which upstream a request goes to, and what is asked of it there. */
#ifndef AFMON_PROXY_ROUTE_H
#define AFMON_PROXY_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/api.h"
#include "proxy/head.h"

enum { AFMON_PROXY_NAME_MAX = 256, AFMON_PROXY_PATH_MAX = 512, AFMON_PROXY_ROUTES_MAX = 16 };

struct afmon_proxy_connection; /* upstream.h */

/* Where calls go. Filled by afmon_proxy_route_parse. */
struct afmon_proxy_route {
    char prefix[AFMON_PROXY_PATH_MAX]; /* "/openai", taken off; "": all that no other route takes */
    char host[AFMON_PROXY_NAME_MAX];   /* without brackets */
    char port[8];
    char authority[AFMON_PROXY_NAME_MAX + 16]; /* as Host has it: the port only where it is not the scheme's */
    char path[AFMON_PROXY_PATH_MAX];           /* of the URL, without a slash at its end; "": none */
    bool tls;
    enum afmon_proxy_provider provider;  /* gets calls without a prefix that are of its API; AFMON_PROXY_ANY: none */
    struct afmon_proxy_connection *idle; /* connections that wait for a call; the server's */
};

/* Reads an URL, "https://api.openai.com/v1", and a prefix ("" or NULL: none). NULL, or what is wrong with it: static
 * text. */
const char *afmon_proxy_route_parse(struct afmon_proxy_route *route, const char *prefix, const char *url);

/* The route of a target; NULL: none. Where several prefixes fit, the longest. */
struct afmon_proxy_route *afmon_proxy_route_find(struct afmon_proxy_route *routes, size_t count,
                                                 const struct afmon_proxy_piece *target);

/* The target as it is asked of the upstream: without the prefix, and with the URL's path where it does not begin with
 * it. In two pieces, the first of which may be empty. */
void afmon_proxy_route_target(const struct afmon_proxy_route *route, const struct afmon_proxy_piece *target,
                              struct afmon_proxy_piece *before, struct afmon_proxy_piece *rest);

#endif
