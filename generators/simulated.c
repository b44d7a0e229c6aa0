#include "simulated.h"

#include <stdlib.h>
#include <string.h>

#include "conversation.h"
#include "grammar.h"
#include "random.h"
#include "spend.h"
#include "text.h"

typedef struct simulated {
    gen_chat_model model; /* first, so that a gen_chat_model * can be turned back */
    gen_simulated_options options;
    gen_retry_policy retry;
    char *name;
} simulated;

/* How often an attempt meets what, and how much slower answers come. */
typedef struct weather {
    double rate_limit;
    double server_error;
    double timeout;
    double slowness;
} weather;

static const weather fair = {.rate_limit = 0.015, .server_error = 0.004, .timeout = 0.0005, .slowness = 1};
static const weather storm = {.rate_limit = 0.34, .server_error = 0.58, .timeout = 0.02, .slowness = 4};

enum { BYTES_PER_TOKEN = 4, TOKENS_PER_MESSAGE = 4, ANSWER_TOKENS_MAX = 4096 };

typedef struct prompt {
    const gen_message *messages;
    size_t count;
    simulated *self;
} prompt;

gen_simulated_options gen_simulated_defaults(void)
{
    return (gen_simulated_options){.model = "simulated",
                                   .time_scale = 1,
                                   .first_token_s = 0.35,
                                   .tokens_per_s = 70,
                                   .timeout_s = 60,
                                   .max_retries = 2};
}

/* ---- Text and tokens --------------------------------------------------------------------------------------------- */

static double tokens_of(size_t bytes)
{
    return (double)((bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN);
}

static double prompt_tokens(const prompt *p)
{
    double tokens = 0;
    for (size_t i = 0; i < p->count; i++)
        tokens += tokens_of(strlen(p->messages[i].content)) + TOKENS_PER_MESSAGE;
    return tokens;
}

static void write_text(gen_text *out, gen_random *random, const prompt *p, const gen_call *call)
{
    if (strcmp(call->operation, GEN_OPERATION_PROMPT) == 0)
        gen_grammar_correspondent_prompt(out, call->topic);
    else if (strcmp(call->operation, GEN_OPERATION_ANSWER) == 0)
        gen_grammar_answer(out, random, call->topic);
    else if (p->count > 2)
        gen_grammar_follow_up(out, random, call->topic);
    else
        gen_grammar_question(out, random, call->topic);
}

/* Cuts a text to about `tokens`, at the end of a word. */
static void cut(gen_text *text, double tokens)
{
    size_t length = (size_t)tokens * BYTES_PER_TOKEN;
    if (length >= text->length)
        return;
    while (length > 1 && text->data[length] != ' ')
        length--;
    text->data[length] = '\0';
    text->length = length;
}

static const char *finish(gen_text *text, gen_random *random, const gen_call *call)
{
    bool answer = strcmp(call->operation, GEN_OPERATION_ANSWER) == 0;
    double chance = gen_random_unit(random);
    if (answer && chance < 0.004) {
        gen_text_clear(text);
        gen_text_puts(text, "I am not able to help with that part of the question.");
        return "content_filter";
    }
    double limit = call->max_tokens > 0 ? call->max_tokens : ANSWER_TOKENS_MAX;
    if (answer && chance < 0.025 && tokens_of(text->length) * 0.6 < limit)
        limit = tokens_of(text->length) * 0.6;
    if (tokens_of(text->length) <= limit)
        return "stop";
    cut(text, limit);
    return "length";
}

/* ---- One attempt ------------------------------------------------------------------------------------------------- */

static void fail(gen_chat_result *result, int status, const char *type, const char *text, double duration_s)
{
    gen_chat_result_fail(result, type, "%s", text);
    result->http_status = status;
    result->retryable = true;
    result->duration_s = duration_s;
}

/* True where the attempt fails, as the weather and the dice have it. */
static bool fails(const weather *w, const simulated *self, gen_random *random, gen_chat_result *result)
{
    double dice = gen_random_unit(random);
    double quick = gen_random_lognormal(random, 0.08, 0.4);
    if ((dice -= w->rate_limit) < 0) {
        fail(result, 429, "RateLimitError", "Error code: 429 - Rate limit reached for requests per minute", quick);
        result->retry_after_s = 0.5 + 1.5 * gen_random_unit(random);
    } else if ((dice -= w->server_error) < 0) {
        fail(result, 503, "InternalServerError", "Error code: 503 - The server is overloaded", 5 * quick);
    } else if ((dice -= w->timeout) < 0) {
        fail(result, 0, "APITimeoutError", "Request timed out.", self->options.timeout_s);
    } else {
        return false;
    }
    return true;
}

static void answer(const prompt *p, const gen_call *call, const weather *w, gen_random *random, gen_chat_result *result)
{
    const gen_simulated_options *o = &p->self->options;
    gen_text text = {0};
    write_text(&text, random, p, call);
    const char *reason = finish(&text, random, call);
    double completion = tokens_of(text.length), asked = prompt_tokens(p);
    result->text = gen_text_take(&text);
    if (result->text == NULL) {
        gen_chat_result_fail(result, "MemoryError", "out of memory");
        return;
    }
    gen_copy(result->finish_reason, sizeof result->finish_reason, reason);
    result->usage.prompt = AFMON_GIVEN(asked);
    result->usage.completion = AFMON_GIVEN(completion);
    result->usage.total = AFMON_GIVEN(asked + completion);
    result->duration_s = w->slowness * (gen_random_lognormal(random, o->first_token_s, 0.5) +
                                        completion / gen_random_lognormal(random, o->tokens_per_s, 0.3));
    if (result->duration_s > o->timeout_s)
        fail(result, 0, "APITimeoutError", "Request timed out.", o->timeout_s);
}

static size_t bytes_of(const prompt *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->count; i++)
        bytes += strlen(p->messages[i].content);
    return bytes;
}

static void attempt(void *user, const gen_call *call, unsigned number, gen_chat_result *result)
{
    const prompt *p = user;
    gen_spend spend;
    if (!gen_spend_begin(&spend, call, p->self->name, bytes_of(p),
                         call->max_tokens > 0 ? call->max_tokens : ANSWER_TOKENS_MAX, result))
        return;
    const gen_simulated_options *o = &p->self->options;
    gen_random random = gen_random_at(o->seed, call->conversation, ((uint64_t)call->step << 32) + number);
    bool incident = call->conversation >= o->incident_from && call->conversation < o->incident_until;
    const weather *w = incident ? &storm : &fair;
    if (!fails(w, p->self, &random, result))
        answer(p, call, w, &random, result);
    gen_copy(result->model_name, sizeof result->model_name, p->self->name);
    if (!gen_stop_sleep(call->stop, result->duration_s / o->time_scale, GEN_ABANDON)) {
        gen_chat_result_clear(result);
        result->outcome = GEN_STOPPED;
    }
    gen_spend_end(&spend, result, result->http_status == 0);
}

static void complete(gen_chat_model *model, const gen_message *messages, size_t count, const gen_call *call,
                     gen_chat_result *result)
{
    simulated *self = (simulated *)model;
    prompt p = {.messages = messages, .count = count, .self = self};
    gen_retry_run(&self->retry, call, attempt, &p, result);
}

static void destroy(gen_chat_model *model)
{
    simulated *self = (simulated *)model;
    free(self->name);
    free(self);
}

gen_chat_model *gen_simulated_new(const gen_simulated_options *options)
{
    simulated *self = calloc(1, sizeof *self);
    char *name = strdup(options->model);
    if (self == NULL || name == NULL) {
        free(self);
        free(name);
        return NULL;
    }
    self->model = (gen_chat_model){.complete = complete, .destroy = destroy};
    self->options = *options;
    self->options.model = name;
    self->name = name;
    self->retry = gen_retry_defaults(options->max_retries);
    self->retry.time_scale = options->time_scale;
    self->retry.jitter_seed = options->seed;
    return &self->model;
}
