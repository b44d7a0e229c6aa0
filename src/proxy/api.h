/* The interfaces whose calls are read: by the path of a request. */
#ifndef AFMON_PROXY_API_H
#define AFMON_PROXY_API_H

#include <stdbool.h>
#include <stddef.h>

enum afmon_proxy_provider {
    AFMON_PROXY_ANY = 0,
    AFMON_PROXY_OPENAI,
    AFMON_PROXY_ANTHROPIC,
    AFMON_PROXY_GOOGLE,
    AFMON_PROXY_OLLAMA
};

/* What answers look like. */
enum afmon_proxy_shape {
    AFMON_PROXY_UNKNOWN = 0, /* passed, timed and counted */
    AFMON_PROXY_CHAT,
    AFMON_PROXY_COMPLETIONS,
    AFMON_PROXY_RESPONSES,
    AFMON_PROXY_EMBEDDINGS,
    AFMON_PROXY_MESSAGES,
    AFMON_PROXY_GEMINI,
    AFMON_PROXY_OLLAMA_CALL
};

struct afmon_proxy_api {
    const char *end; /* of the path */
    const char *operation;
    enum afmon_proxy_shape shape;
    enum afmon_proxy_provider provider;
    bool array; /* where the answer is no stream of events, it is an array of objects that come one by one */
};

/* The interface that a target (path and query) is of; one of shape AFMON_PROXY_UNKNOWN where it is of none. Static. */
const struct afmon_proxy_api *afmon_proxy_api_find(const char *target, size_t length);

/* The model that a target of Google's names ("/v1beta/models/MODEL:generateContent"). Cut where it is too long; "":
 * none.
 */
void afmon_proxy_api_model(char *out, size_t size, const char *target, size_t length);

#endif
