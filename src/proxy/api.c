#include "proxy/api.h"

#include <stdio.h>
#include <string.h>

/* Of several that fit the first counts. */
static const struct afmon_proxy_api apis[] = {
    {"/chat/completions", "chat_completions", AFMON_PROXY_CHAT, AFMON_PROXY_OPENAI, false},
    {"/completions", "completions", AFMON_PROXY_COMPLETIONS, AFMON_PROXY_OPENAI, false},
    {"/responses", "responses", AFMON_PROXY_RESPONSES, AFMON_PROXY_OPENAI, false},
    {"/api/embeddings", "embed", AFMON_PROXY_OLLAMA_CALL, AFMON_PROXY_OLLAMA, false}, /* of older versions */
    {"/embeddings", "embeddings", AFMON_PROXY_EMBEDDINGS, AFMON_PROXY_OPENAI, false},
    {"/messages", "messages", AFMON_PROXY_MESSAGES, AFMON_PROXY_ANTHROPIC, false},
    {":generateContent", "generate_content", AFMON_PROXY_GEMINI, AFMON_PROXY_GOOGLE, false},
    {":streamGenerateContent", "generate_content", AFMON_PROXY_GEMINI, AFMON_PROXY_GOOGLE, true},
    {":embedContent", "embed_content", AFMON_PROXY_GEMINI, AFMON_PROXY_GOOGLE, false},
    {":batchEmbedContents", "embed_content", AFMON_PROXY_GEMINI, AFMON_PROXY_GOOGLE, false},
    {"/api/chat", "chat", AFMON_PROXY_OLLAMA_CALL, AFMON_PROXY_OLLAMA, false},
    {"/api/generate", "generate", AFMON_PROXY_OLLAMA_CALL, AFMON_PROXY_OLLAMA, false},
    {"/api/embed", "embed", AFMON_PROXY_OLLAMA_CALL, AFMON_PROXY_OLLAMA, false},
};

static const struct afmon_proxy_api unknown = {"", "other", AFMON_PROXY_UNKNOWN, AFMON_PROXY_ANY, false};

static size_t path_length(const char *target, size_t length)
{
    const char *query = memchr(target, '?', length);
    return query != NULL ? (size_t)(query - target) : length;
}

void afmon_proxy_api_model(char *out, size_t size, const char *target, size_t length)
{
    size_t end = path_length(target, length);
    while (end > 0 && target[end - 1] != ':' && target[end - 1] != '/')
        end--;
    size_t begin = end;
    while (begin > 0 && target[begin - 1] != '/')
        begin--;
    bool named = end > begin + 1 && target[end - 1] == ':';
    snprintf(out, size, "%.*s", named ? (int)(end - 1 - begin) : 0, target + begin);
}

const struct afmon_proxy_api *afmon_proxy_api_find(const char *target, size_t length)
{
    size_t path = path_length(target, length);
    for (size_t i = 0; i < sizeof apis / sizeof apis[0]; i++) {
        size_t end = strlen(apis[i].end);
        if (path >= end && memcmp(target + path - end, apis[i].end, end) == 0)
            return &apis[i];
    }
    return &unknown;
}
