/* The variables by which SDKs are told where to send their calls. */
#ifndef AFMON_CLI_RUN_VARIABLES_H
#define AFMON_CLI_RUN_VARIABLES_H

#include <stddef.h>

#include "proxy/proxy.h"

enum { RUN_VARIABLES = 8 };

/* Where the calls of each variable would go. */
typedef struct run_urls {
    char of[RUN_VARIABLES][600];
} run_urls;

/* Fills in where calls go: all to `upstream`, or, where that is NULL, each SDK's to where it would send them itself: to
 * the URL in its variable, which `urls` then holds, else to the provider. Returns how many. */
size_t run_targets(const char *upstream, run_urls *urls, afmon_proxy_target targets[RUN_VARIABLES]);

/* The environment of the command: this process's, with the variables led to the proxy at `address`, which is named to
 * be reached without another proxy, and the name of the proxy's run folder. In fresh memory; NULL: none. */
char **run_environment(const char *upstream, const char *address, const char *folder);
void run_environment_free(char **environment);

#endif
