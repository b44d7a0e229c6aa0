/* What the JSON of an answer, or of an event of its stream, tells. */
#ifndef AFMON_PROXY_FACTS_H
#define AFMON_PROXY_FACTS_H

#include "proxy/answer.h"

/* Takes the facts over into the answer: later ones replace earlier ones. */
void afmon_proxy_facts_take(struct afmon_proxy_answer *answer, const json_t *json);

/* Copies a member that is a text; what is none leaves `out` as it is. */
void afmon_proxy_facts_text(char *out, size_t size, const json_t *object, const char *key);

#endif
