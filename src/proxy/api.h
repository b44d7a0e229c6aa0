/* The interfaces whose calls are read: by the path of a request. */
#ifndef AFMON_PROXY_API_H
#define AFMON_PROXY_API_H

#include <stddef.h>

enum afmon_proxy_provider { AFMON_PROXY_ANY = 0, AFMON_PROXY_OPENAI, AFMON_PROXY_ANTHROPIC };

/* What answers look like. */
enum afmon_proxy_shape {
    AFMON_PROXY_UNKNOWN = 0, /* passed, timed and counted */
    AFMON_PROXY_CHAT,
    AFMON_PROXY_COMPLETIONS,
    AFMON_PROXY_RESPONSES,
    AFMON_PROXY_EMBEDDINGS,
    AFMON_PROXY_MESSAGES
};

struct afmon_proxy_api {
    const char *end; /* of the path */
    const char *operation;
    enum afmon_proxy_shape shape;
    enum afmon_proxy_provider provider;
};

/* The interface that a target (path and query) is of; one of shape AFMON_PROXY_UNKNOWN where it is of none. Static. */
const struct afmon_proxy_api *afmon_proxy_api_find(const char *target, size_t length);

#endif
