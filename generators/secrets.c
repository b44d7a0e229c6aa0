#include "secrets.h"

#include <stdlib.h>
#include <string.h>

enum { SHORTEST_SECRET = 8 };
static const char mark[] = "[key]";

static bool add_one(gen_secrets *secrets, const char *text)
{
    if (strlen(text) < SHORTEST_SECRET)
        return true;
    if (secrets->count == GEN_MAX_SECRETS)
        return false;
    char *copy = strdup(text);
    if (copy != NULL)
        secrets->texts[secrets->count++] = copy;
    return copy != NULL;
}

bool gen_secrets_add(gen_secrets *secrets, const char *text)
{
    const char *space = strrchr(text, ' ');
    return add_one(secrets, text) && (space == NULL || add_one(secrets, space + 1));
}

void gen_secrets_free(gen_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        explicit_bzero(secrets->texts[i], strlen(secrets->texts[i]));
        free(secrets->texts[i]);
    }
    *secrets = (gen_secrets){0};
}

/* Returns the length that is left. The mark is shorter than any secret. */
static size_t redact(char *text, size_t length, const char *secret)
{
    size_t secret_length = strlen(secret), mark_length = sizeof mark - 1;
    char *end = text + length, *at = text;
    while ((at = memmem(at, (size_t)(end - at), secret, secret_length)) != NULL) {
        memcpy(at, mark, mark_length);
        at += mark_length;
        char *rest = at + secret_length - mark_length;
        memmove(at, rest, (size_t)(end - rest));
        end -= secret_length - mark_length;
    }
    *end = '\0';
    return (size_t)(end - text);
}

void gen_secrets_redact(const gen_secrets *secrets, gen_chat_result *result)
{
    char *texts[] = {result->error,         result->error_type, result->model_name,
                     result->finish_reason, result->text,       result->reasoning};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t k = 0; texts[i] != NULL && k < secrets->count; k++)
            redact(texts[i], strlen(texts[i]), secrets->texts[k]);
}

void gen_secrets_redact_body(const gen_secrets *secrets, gen_text *body)
{
    for (size_t k = 0; body->data != NULL && k < secrets->count; k++)
        body->length = redact(body->data, body->length, secrets->texts[k]);
}
