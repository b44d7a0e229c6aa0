#include "openai.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ANSWER = 16 << 20 };

typedef struct openai {
    gen_chat_model model; /* first, so that a gen_chat_model * can be turned back */
    gen_http *http;
    char *name;
    char *api_key;
    gen_retry_policy retry;
} openai;

typedef struct request {
    openai *self;
    char *body;
} request;

static void not_answered(const gen_http_answer *answer, gen_chat_result *result)
{
    switch (answer->outcome) {
    case GEN_HTTP_TIMEOUT:
        gen_chat_result_fail(result, "APITimeoutError", "Request timed out after %.1f s: %s", answer->duration_s,
                             answer->error);
        result->retryable = true;
        break;
    case GEN_HTTP_NO_CONNECTION:
        gen_chat_result_fail(result, "APIConnectionError", "Connection error: %s", answer->error);
        result->retryable = true;
        break;
    case GEN_HTTP_TOO_LARGE:
        gen_chat_result_fail(result, "APIResponseValidationError", "The answer is larger than %d MiB",
                             MAX_ANSWER >> 20);
        break;
    case GEN_HTTP_ABANDONED:
        result->outcome = GEN_STOPPED;
        break;
    default:
        gen_chat_result_fail(result, "APIConnectionError", "Connection error: %s", answer->error);
        break;
    }
}

static void attempt(void *user, const gen_call *call, unsigned number, gen_chat_result *result)
{
    (void)number;
    request *r = user;
    gen_http_answer answer;
    gen_http_post(r->self->http, r->body, strlen(r->body), call->stop, &answer);
    gen_openai_redact_body(&answer.body, r->self->api_key);
    if (answer.outcome == GEN_HTTP_ANSWERED)
        gen_openai_response(answer.status, answer.body.data != NULL ? answer.body.data : "", answer.body.length,
                            result);
    else
        not_answered(&answer, result);
    result->duration_s = answer.duration_s;
    result->retry_after_s = answer.retry_after_s;
    gen_openai_redact(result, r->self->api_key);
    if (result->model_name[0] == '\0')
        gen_copy(result->model_name, sizeof result->model_name, r->self->name);
    gen_text_free(&answer.body);
}

static void complete(gen_chat_model *model, const gen_message *messages, size_t count, const gen_call *call,
                     gen_chat_result *result)
{
    openai *self = (openai *)model;
    request r = {.self = self, .body = gen_openai_request(self->name, messages, count, call)};
    if (r.body == NULL) {
        gen_chat_result_fail(result, "ValueError", "The request could not be written: out of memory, or not UTF-8");
        return;
    }
    gen_retry_run(&self->retry, call, attempt, &r, result);
    free(r.body);
}

static void destroy(gen_chat_model *model)
{
    openai *self = (openai *)model;
    gen_http_free(self->http);
    if (self->api_key != NULL)
        explicit_bzero(self->api_key, strlen(self->api_key));
    free(self->api_key);
    free(self->name);
    free(self);
}

gen_chat_model *gen_openai_new(const gen_openai_options *options)
{
    openai *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->model = (gen_chat_model){.complete = complete, .destroy = destroy};
    self->retry = options->retry;
    self->name = strdup(options->model);
    self->api_key = options->api_key != NULL ? strdup(options->api_key) : NULL;
    self->http = gen_http_new(&(gen_http_options){.url = options->url,
                                                  .api_key = options->api_key,
                                                  .connect_timeout_s = options->connect_timeout_s,
                                                  .timeout_s = options->timeout_s,
                                                  .max_answer = MAX_ANSWER});
    if (self->http != NULL && self->name != NULL && (self->api_key != NULL || options->api_key == NULL))
        return &self->model;
    destroy(&self->model);
    return NULL;
}
