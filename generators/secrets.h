/* Secrets that are sent to a server and must not come back in what it says: they are written nowhere. */
#ifndef AFMON_GENERATORS_SECRETS_H
#define AFMON_GENERATORS_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "chat.h"
#include "text.h"

enum { GEN_MAX_SECRETS = 18 };

/* Owned copies. Zero-initialise. */
typedef struct gen_secrets {
    char *texts[GEN_MAX_SECRETS];
    size_t count;
} gen_secrets;

/* Remembers a secret. Texts shorter than 8 bytes ("none", "EMPTY") are no secrets and are left alone. What stands
 * behind a space, as in "Bearer TOKEN", is a secret by itself. false: out of memory, or too many. */
bool gen_secrets_add(gen_secrets *secrets, const char *text);

/* Wipes and frees them. */
void gen_secrets_free(gen_secrets *secrets);

/* Writes "[key]" over every copy of a secret in the texts of a result, for servers that send back what they got. */
void gen_secrets_redact(const gen_secrets *secrets, gen_chat_result *result);

/* The same over a body as it was received, before any text of it is cut. */
void gen_secrets_redact_body(const gen_secrets *secrets, gen_text *body);

#endif
