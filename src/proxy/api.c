#include "proxy/api.h"

#include <string.h>

/* Longer ends first. */
static const struct afmon_proxy_api apis[] = {
    {"/chat/completions", "chat_completions", AFMON_PROXY_CHAT, AFMON_PROXY_OPENAI},
    {"/completions", "completions", AFMON_PROXY_COMPLETIONS, AFMON_PROXY_OPENAI},
    {"/responses", "responses", AFMON_PROXY_RESPONSES, AFMON_PROXY_OPENAI},
    {"/embeddings", "embeddings", AFMON_PROXY_EMBEDDINGS, AFMON_PROXY_OPENAI},
    {"/messages", "messages", AFMON_PROXY_MESSAGES, AFMON_PROXY_ANTHROPIC},
};

static const struct afmon_proxy_api unknown = {"", "other", AFMON_PROXY_UNKNOWN, AFMON_PROXY_ANY};

const struct afmon_proxy_api *afmon_proxy_api_find(const char *target, size_t length)
{
    const char *query = memchr(target, '?', length);
    size_t path = query != NULL ? (size_t)(query - target) : length;
    for (size_t i = 0; i < sizeof apis / sizeof apis[0]; i++) {
        size_t end = strlen(apis[i].end);
        if (path >= end && memcmp(target + path - end, apis[i].end, end) == 0)
            return &apis[i];
    }
    return &unknown;
}
