/* What is said to an OpenAI-compatible server, and what it says back. */
#include "openai.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "text.h"

/* ---- The request ------------------------------------------------------------------------------------------------- */

static json_t *message_list(const gen_message *messages, size_t count)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        json_t *message =
            json_pack("{s:s, s:s}", "role", gen_role_name(messages[i].role), "content", messages[i].content);
        ok = message != NULL && json_array_append_new(list, message) == 0;
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

char *gen_openai_request(const char *model, const gen_message *messages, size_t count, const gen_call *call)
{
    json_t *request = json_object();
    bool ok = request != NULL && json_object_set_new(request, "model", json_string(model)) == 0 &&
              json_object_set_new(request, "messages", message_list(messages, count)) == 0;
    if (ok && call->temperature.given)
        ok = json_object_set_new(request, "temperature", json_real(call->temperature.value)) == 0;
    if (ok && call->max_tokens > 0)
        ok = json_object_set_new(request, "max_tokens", json_integer(call->max_tokens)) == 0;
    if (ok && call->seed.given)
        ok = json_object_set_new(request, "seed", json_integer((json_int_t)call->seed.value)) == 0;
    char *text = ok ? json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(request);
    return text;
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

const char *gen_openai_error_type(int status)
{
    switch (status) {
    case 400:
        return "BadRequestError";
    case 401:
        return "AuthenticationError";
    case 403:
        return "PermissionDeniedError";
    case 404:
        return "NotFoundError";
    case 408:
        return "APITimeoutError";
    case 409:
        return "ConflictError";
    case 422:
        return "UnprocessableEntityError";
    case 429:
        return "RateLimitError";
    default:
        return status >= 500 ? "InternalServerError" : "APIStatusError";
    }
}

static bool retryable(int status)
{
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

/* The text of an error body: {"error": {"message": ...}}, {"error": ...}, {"message": ...} or {"detail": ...}. NULL:
 * none. */
static const char *error_message(const json_t *body)
{
    const json_t *error = json_object_get(body, "error");
    if (json_is_string(error))
        return json_string_value(error);
    const char *text = json_string_value(json_object_get(error, "message"));
    if (text == NULL)
        text = json_string_value(json_object_get(body, "message"));
    return text != NULL ? text : json_string_value(json_object_get(body, "detail"));
}

/* One line out of a body that is no JSON (a proxy's page): its first bytes, white space as single spaces. */
static void excerpt(char *out, size_t size, const char *body, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length && n + 1 < size; i++) {
        unsigned char c = (unsigned char)body[i];
        if (c > ' ')
            out[n++] = (char)c;
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    out[n] = '\0';
}

static void refused(int status, const json_t *json, const char *body, size_t length, gen_chat_result *result)
{
    char other[160];
    const char *message = error_message(json);
    if (status >= 300 && status < 400) {
        message = "the server redirects, which is not followed; give the final address as --base-url";
    } else if (message == NULL) {
        excerpt(other, sizeof other, body, length);
        message = other[0] != '\0' ? other : "no text";
    }
    gen_chat_result_fail(result, gen_openai_error_type(status), "Error code: %d - %s", status, message);
    result->http_status = status;
    result->retryable = retryable(status);
}

static void malformed(gen_chat_result *result, const char *what)
{
    gen_chat_result_fail(result, "APIResponseValidationError", "The answer is not a chat completion: %s", what);
}

static afmon_number token_count(const json_t *usage, const char *key)
{
    const json_t *value = json_object_get(usage, key);
    double number = json_is_number(value) ? json_number_value(value) : -1;
    return number >= 0 && isfinite(number) ? AFMON_GIVEN(number) : (afmon_number){0};
}

static void take_usage(const json_t *usage, gen_chat_result *result)
{
    result->prompt_tokens = token_count(usage, "prompt_tokens");
    result->completion_tokens = token_count(usage, "completion_tokens");
    result->total_tokens = token_count(usage, "total_tokens");
    if (!result->total_tokens.given && result->prompt_tokens.given && result->completion_tokens.given)
        result->total_tokens = AFMON_GIVEN(result->prompt_tokens.value + result->completion_tokens.value);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A copy without white space around it, and without the NUL bytes that JSON may hold and C text may not. */
static char *copy_text(const json_t *string)
{
    const char *from = json_string_value(string);
    size_t length = json_string_length(string);
    while (length > 0 && is_space(from[length - 1]))
        length--;
    for (; length > 0 && is_space(*from); from++)
        length--;
    char *copy = malloc(length + 1), *to = copy;
    for (size_t i = 0; copy != NULL && i < length; i++)
        if (from[i] != '\0')
            *to++ = from[i];
    if (copy != NULL)
        *to = '\0';
    return copy;
}

static bool is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

static void take_completion(const json_t *json, gen_chat_result *result)
{
    const json_t *choice = json_array_get(json_object_get(json, "choices"), 0);
    if (!json_is_object(choice)) {
        malformed(result, json_is_object(json) ? "it has no choices" : "it is not JSON");
        return;
    }
    const char *model = json_string_value(json_object_get(json, "model"));
    const char *finish = json_string_value(json_object_get(choice, "finish_reason"));
    gen_copy(result->model_name, sizeof result->model_name, model != NULL ? model : "");
    gen_copy(result->finish_reason, sizeof result->finish_reason, finish != NULL ? finish : "");
    take_usage(json_object_get(json, "usage"), result);
    const json_t *content = json_object_get(json_object_get(choice, "message"), "content");
    if (is_blank(json_string_value(content))) {
        malformed(result, finish != NULL && strcmp(finish, "length") == 0
                              ? "no text before the token limit; raise --max-tokens"
                              : "its message has no text");
        return;
    }
    result->text = copy_text(content);
    if (result->text == NULL)
        gen_chat_result_fail(result, "MemoryError", "out of memory");
}

void gen_openai_response(int status, const char *body, size_t length, gen_chat_result *result)
{
    json_error_t where;
    json_t *json = json_loadb(body, length, JSON_ALLOW_NUL, &where);
    const char *error = error_message(json);
    if (status < 200 || status > 299) {
        refused(status, json, body, length, result);
    } else if (error != NULL && json_object_get(json, "choices") == NULL) {
        gen_chat_result_fail(result, "APIError", "%s", error);
        result->http_status = status;
    } else {
        take_completion(json, result);
        result->http_status = result->outcome == GEN_DONE ? 0 : status;
    }
    json_decref(json);
}

/* ---- Secrets ----------------------------------------------------------------------------------------------------- */

enum { SHORTEST_SECRET = 8 };
static const char mark[] = "[key]";

/* Returns the length that is left. The mark is shorter than any secret. */
static size_t redact(char *text, size_t length, const char *key)
{
    size_t key_length = strlen(key), mark_length = sizeof mark - 1;
    char *end = text + length, *at = text;
    while ((at = memmem(at, (size_t)(end - at), key, key_length)) != NULL) {
        memcpy(at, mark, mark_length);
        at += mark_length;
        char *rest = at + key_length - mark_length;
        memmove(at, rest, (size_t)(end - rest));
        end -= key_length - mark_length;
    }
    *end = '\0';
    return (size_t)(end - text);
}

static bool is_secret(const char *api_key)
{
    return api_key != NULL && strlen(api_key) >= SHORTEST_SECRET;
}

void gen_openai_redact(gen_chat_result *result, const char *api_key)
{
    if (!is_secret(api_key))
        return;
    char *texts[] = {result->error, result->error_type, result->model_name, result->finish_reason, result->text};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] != NULL)
            redact(texts[i], strlen(texts[i]), api_key);
}

void gen_openai_redact_body(gen_text *body, const char *api_key)
{
    if (is_secret(api_key) && body->data != NULL)
        body->length = redact(body->data, body->length, api_key);
}
