#include "openai.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/api_error.h"
#include "secrets.h"
#include "spend.h"

enum { MAX_ANSWER = 16 << 20 };

typedef struct openai {
    gen_chat_model model; /* first, so that a gen_chat_model * can be turned back */
    gen_http *http;
    char *url;
    char *name;
    char *extra; /* NULL: none */
    gen_secrets secrets;
    gen_retry_policy retry;
    atomic_bool limits_completion; /* the server takes max_completion_tokens in the place of max_tokens */
} openai;

typedef struct request {
    openai *self;
    const gen_message *messages;
    size_t count;
} request;

static void not_answered(const gen_http_answer *answer, gen_chat_result *result)
{
    switch (answer->outcome) {
    case GEN_HTTP_TIMEOUT:
        gen_chat_result_fail(result, "APITimeoutError", "Request timed out after %.1f s: %s", answer->duration_s,
                             answer->error);
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
        result->retryable = !answer->lasting;
        result->lasting = GEN_LASTING;
        break;
    }
}

/* What headers say beside the status: a wait, and whether to come again. */
static void heed_headers(const gen_http_answer *answer, gen_chat_result *result)
{
    if (answer->retry_after_s >= 0)
        result->retry_after_s = answer->retry_after_s;
    if (result->outcome == GEN_FAILED && answer->should_retry != 0 && result->lasting != GEN_FINAL)
        result->retryable = answer->should_retry > 0;
}

/* Newer models of OpenAI refuse max_tokens and name what they want. From then on the limit has that name. */
static bool learns_limit(openai *self, const gen_http_answer *answer, bool limited, const gen_openai_body *sent)
{
    static const char wanted[] = "max_completion_tokens";
    bool refused = answer->outcome == GEN_HTTP_ANSWERED && (answer->status == 400 || answer->status == 422);
    if (!refused || !limited || sent->limits_completion || answer->body.data == NULL ||
        memmem(answer->body.data, answer->body.length, wanted, sizeof wanted - 1) == NULL)
        return false;
    atomic_store(&self->limits_completion, true);
    return true;
}

static void read_answer(openai *self, const gen_http_answer *answer, gen_chat_result *result)
{
    if (answer->outcome == GEN_HTTP_ANSWERED) {
        gen_openai_response(answer->status, answer->body.data != NULL ? answer->body.data : "", answer->body.length,
                            result);
        gen_openai_advise(result, answer, self->url);
        heed_headers(answer, result);
    } else {
        not_answered(answer, result);
    }
    result->duration_s = answer->duration_s;
    gen_secrets_redact(&self->secrets, result);
    if (result->model_name[0] == '\0')
        gen_copy(result->model_name, sizeof result->model_name, self->name);
}

static bool may_have_cost(const gen_http_answer *answer)
{
    if (answer->outcome != GEN_HTTP_ANSWERED)
        return answer->sent;
    return afmon_api_error_is_charged(answer->status);
}

/* One request, and what came of it. */
static void post(openai *self, const gen_openai_body *parts, const char *body, const gen_call *call,
                 gen_chat_result *result)
{
    gen_http_answer answer;
    gen_spend spend;
    size_t length = strlen(body);
    double limit = call->budget != NULL ? gen_openai_answer_limit(body) : 0;
    if (!gen_spend_begin(&spend, call, self->name, length, limit, result))
        return;
    gen_http_post(self->http, body, length, call->budget != NULL, call->stop, &answer);
    gen_secrets_redact_body(&self->secrets, &answer.body);
    read_answer(self, &answer, result);
    gen_spend_end(&spend, result, may_have_cost(&answer));
    result->changed = learns_limit(self, &answer, call->max_tokens > 0, parts);
    gen_text_free(&answer.body);
}

static void attempt(void *user, const gen_call *call, unsigned number, gen_chat_result *result)
{
    (void)number;
    const request *r = user;
    openai *self = r->self;
    gen_openai_body parts = {
        .model = self->name, .extra = self->extra, .limits_completion = atomic_load(&self->limits_completion)};
    char *body = gen_openai_request(&parts, r->messages, r->count, call);
    if (body == NULL) {
        gen_chat_result_fail(result, "ValueError", "The request could not be written: out of memory, or not UTF-8");
        return;
    }
    post(self, &parts, body, call, result);
    free(body);
}

static void complete(gen_chat_model *model, const gen_message *messages, size_t count, const gen_call *call,
                     gen_chat_result *result)
{
    openai *self = (openai *)model;
    request r = {.self = self, .messages = messages, .count = count};
    gen_retry_run(&self->retry, call, attempt, &r, result);
}

static void destroy(gen_chat_model *model)
{
    openai *self = (openai *)model;
    gen_http_free(self->http);
    gen_secrets_free(&self->secrets);
    free(self->extra);
    free(self->name);
    free(self->url);
    free(self);
}

/* The values of all headers that were given are secrets. */
static bool keep_secrets(openai *self, const gen_http_options *http)
{
    bool ok = http->api_key == NULL || gen_secrets_add(&self->secrets, http->api_key);
    for (size_t i = 0; ok && i < GEN_MAX_HEADERS && http->headers[i] != NULL; i++) {
        const char *value = strchr(http->headers[i], ':');
        ok = value == NULL || gen_secrets_add(&self->secrets, value + 1 + strspn(value + 1, " "));
    }
    return ok;
}

gen_chat_model *gen_openai_new(const gen_openai_options *options)
{
    openai *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    gen_http_options http = options->http;
    http.max_answer = MAX_ANSWER;
    self->model = (gen_chat_model){.complete = complete, .destroy = destroy};
    self->retry = options->retry;
    self->url = strdup(http.url);
    self->name = strdup(options->model);
    self->extra = options->extra != NULL ? strdup(options->extra) : NULL;
    self->http = gen_http_new(&http);
    bool ok = self->http != NULL && self->url != NULL && self->name != NULL &&
              (self->extra != NULL || options->extra == NULL) && keep_secrets(self, &http);
    if (ok)
        return &self->model;
    destroy(&self->model);
    return NULL;
}
