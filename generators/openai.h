/* A chat model behind an OpenAI-compatible endpoint (POST BASE/chat/completions): OpenAI, vLLM, llama.cpp's server and
 * many more. */
#ifndef AFMON_GENERATORS_OPENAI_H
#define AFMON_GENERATORS_OPENAI_H

#include "chat.h"
#include "http.h"
#include "retry.h"

typedef struct gen_openai_options {
    gen_http_options http; /* max_answer is set here */
    const char *model;     /* name sent with each call */
    const char *extra;     /* a JSON object whose members are put over those of each request; NULL: none */
    gen_retry_policy retry;
} gen_openai_options;

/* Everything is copied. NULL: out of memory. */
gen_chat_model *gen_openai_new(const gen_openai_options *options);

/* What is wrong with an extra body, as a sentence; NULL: nothing. */
const char *gen_openai_extra_problem(const char *extra);

/* ---- The parts, for openai.c and the tests -------------------------------------------------------------------------
 */

typedef struct gen_openai_body {
    const char *model;
    const char *extra;      /* NULL: none */
    bool limits_completion; /* the limit of tokens is called max_completion_tokens, not max_tokens */
} gen_openai_body;

/* The body of a request. NULL: out of memory, or a text that is not UTF-8. The caller frees it. */
char *gen_openai_request(const gen_openai_body *body, const gen_message *messages, size_t count, const gen_call *call);

/* The longest answer that a request allows, in tokens, as the members of its body have it; 0: it sets no limit. */
double gen_openai_answer_limit(const char *body);

/* Reads what the server said: fills the result from status and body, a wait that the body asks for included. duration_s
 * and retries are not its concern. */
void gen_openai_response(int status, const char *body, size_t length, gen_chat_result *result);

/* Is a body a web page, and so not of an API? */
bool gen_openai_is_page(const char *body, size_t length);

/* Says in a failure whose address seems to be wrong what was asked for, and the likely right one. */
void gen_openai_advise(gen_chat_result *result, const gen_http_answer *answer, const char *url);

#endif
