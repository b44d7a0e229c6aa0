/* A chat model behind an OpenAI-compatible endpoint (POST BASE/chat/completions): OpenAI, vLLM, llama.cpp's server and
 * many more. */
#ifndef AFMON_GENERATORS_OPENAI_H
#define AFMON_GENERATORS_OPENAI_H

#include "chat.h"
#include "http.h"
#include "retry.h"

typedef struct gen_openai_options {
    const char *url;     /* whole, from gen_http_join */
    const char *model;   /* name sent with each call */
    const char *api_key; /* NULL: none */
    double connect_timeout_s;
    double timeout_s; /* of one attempt */
    gen_retry_policy retry;
} gen_openai_options;

/* Everything is copied. NULL: out of memory. */
gen_chat_model *gen_openai_new(const gen_openai_options *options);

/* ---- The parts, for openai.c and the tests -------------------------------------------------------------------------
 */

/* The body of a request. NULL: out of memory, or a text that is not UTF-8. The caller frees it. */
char *gen_openai_request(const char *model, const gen_message *messages, size_t count, const gen_call *call);

/* Reads what the server said: fills the result from status and body. duration_s, retries and retry_after_s are not its
 * concern. */
void gen_openai_response(int status, const char *body, size_t length, gen_chat_result *result);

/* "RateLimitError" for 429 and so on, as the openai Python package names its exceptions. Static text. */
const char *gen_openai_error_type(int status);

/* Writes "[key]" over every copy of the key in the texts of a result, for servers that send back what they got. Keys
 * shorter than 8 bytes ("none", "EMPTY") are no secrets and are left alone. */
void gen_openai_redact(gen_chat_result *result, const char *api_key);

/* The same over a body as it was received, before any text of it is cut. */
void gen_openai_redact_body(gen_text *body, const char *api_key);

#endif
