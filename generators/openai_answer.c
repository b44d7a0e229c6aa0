/* What an OpenAI-compatible server says back. */
#include "openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "api_error.h"
#include "base/api_error.h"
#include "lenient.h"
#include "reasoning.h"
#include "text.h"
#include "usage.h"

enum { QUOTED = 160 };

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

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
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

bool gen_openai_is_page(const char *body, size_t length)
{
    size_t at = 0;
    while (at < length && strchr(" \t\r\n\xef\xbb\xbf", body[at]) != NULL && body[at] != '\0')
        at++;
    return at < length && body[at] == '<';
}

static void fail_with(gen_chat_result *result, int status, const char *where, const gen_api_error *error,
                      const char *words)
{
    gen_chat_result_fail(result, afmon_api_error_name(status), "Error code: %d%s - %s%s%s", status, where, words,
                         error->raw != NULL ? ": " : "", error->raw != NULL ? error->raw : "");
    result->http_status = status;
    result->lasting = gen_api_error_lasting(status);
    if (error->lasting > result->lasting)
        result->lasting = error->lasting;
    result->retryable = gen_api_error_retryable(status) && result->lasting != GEN_FINAL;
    result->retry_after_s = error->retry_after_s;
}

/* What the server says about a status that is no success. */
static void refused(int status, const json_t *json, const char *body, size_t length, gen_chat_result *result)
{
    char other[QUOTED], page[QUOTED + 80];
    gen_api_error error;
    gen_api_error_find(json, &error);
    const char *words = error.message;
    if (words == NULL) {
        excerpt(other, sizeof other, body, length);
        words = other[0] != '\0' ? other : "no text";
    }
    if (gen_openai_is_page(body, length)) {
        snprintf(page, sizeof page, "%s (a web page: a proxy or gateway answers, not the model's server)", words);
        words = page;
    }
    fail_with(result, status, "", &error, words);
    if (status == 407)
        gen_chat_result_fail(result, "PermissionDeniedError", "Error code: 407 - the proxy wants a login: %s", words);
}

/* An error in a 200. false: there is none. */
static bool failed_inside(const json_t *json, gen_chat_result *result)
{
    gen_api_error error;
    if (!gen_api_error_find(json, &error))
        return false;
    const char *words = error.message != NULL ? error.message : "no text";
    if (error.status != 0) {
        fail_with(result, error.status, " (in an answer with status 200)", &error, words);
        return true;
    }
    gen_chat_result_fail(result, "APIError", "%s%s%s", words, error.raw != NULL ? ": " : "",
                         error.raw != NULL ? error.raw : "");
    result->http_status = 200;
    result->lasting = error.lasting;
    return true;
}

static void malformed(gen_chat_result *result, const char *what)
{
    gen_chat_result_fail(result, "APIResponseValidationError", "The answer is not a chat completion: %s", what);
    result->http_status = 200;
}

static void unreadable(gen_chat_result *result, const char *problem, const char *body, size_t length)
{
    char quoted[QUOTED];
    excerpt(quoted, sizeof quoted, body, length);
    if (quoted[0] == '\0')
        malformed(result, "it is empty");
    else
        gen_chat_result_fail(result, "APIResponseValidationError",
                             "The answer is not a chat completion: it is not JSON (%s); it begins: %s", problem,
                             quoted);
    result->http_status = 200;
    result->lasting = gen_openai_is_page(body, length) ? GEN_LASTING : GEN_PASSING;
}

/* ---- The message ------------------------------------------------------------------------------------------------- */

typedef struct spoken {
    gen_text text;
    gen_text reasoning;
    const char *refusal; /* NULL: none */
} spoken;

static void take_string(gen_text *out, const json_t *string)
{
    if (json_is_string(string))
        gen_text_append(out, json_string_value(string), json_string_length(string));
}

/* {"thinking": "..."}, {"thinking": [{"text": ...}]}, {"reasoning": ...}, {"text": ...} of a part of reasoning. */
static void take_thought(spoken *s, const json_t *part)
{
    static const char *const members[] = {"thinking", "reasoning", "text"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const json_t *thought = json_object_get(part, members[i]);
        if (json_is_string(thought))
            gen_reasoning_add(&s->reasoning, json_string_value(thought), json_string_length(thought));
        for (size_t k = 0; k < json_array_size(thought); k++) {
            const json_t *text = json_object_get(json_array_get(thought, k), "text");
            if (json_is_string(text))
                gen_reasoning_add(&s->reasoning, json_string_value(text), json_string_length(text));
        }
    }
}

static void take_part(spoken *s, const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    if (json_is_string(part))
        take_string(&s->text, part);
    else if (type != NULL && (strstr(type, "thinking") != NULL || strstr(type, "reasoning") != NULL))
        take_thought(s, part);
    else if (type != NULL && strcmp(type, "refusal") == 0)
        s->refusal = json_string_value(json_object_get(part, "refusal"));
    else
        take_string(&s->text, json_object_get(part, "text"));
}

static void take_content(spoken *s, const json_t *content)
{
    if (!json_is_array(content))
        take_part(s, content);
    for (size_t i = 0; i < json_array_size(content); i++)
        take_part(s, json_array_get(content, i));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(gen_text *text)
{
    while (text->length > 0 && is_space(text->data[text->length - 1]))
        text->data[--text->length] = '\0';
}

static spoken listen(const json_t *choice)
{
    spoken s = {0};
    const json_t *message = json_object_get(choice, "message");
    const char *refusal = json_string_value(json_object_get(message, "refusal"));
    s.refusal = refusal != NULL && refusal[0] != '\0' ? refusal : NULL;
    take_content(&s, json_object_get(message, "content"));
    if (message == NULL)
        take_string(&s.text, json_object_get(choice, "text"));
    gen_reasoning_members(message, &s.reasoning);
    gen_text_puts(&s.text, "");
    if (gen_text_ok(&s.text)) {
        gen_reasoning_part(s.text.data, &s.reasoning);
        s.text.length = strlen(s.text.data);
        trim(&s.text);
    }
    return s;
}

/* ---- Why there is no text ---------------------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_filtered(const char *finish)
{
    static const char *const words[] = {"content_filter", "safety", "prohibited_content", "blocklist", "recitation"};
    return is_one_of(finish, words, sizeof words / sizeof words[0]);
}

static bool is_cut(const char *finish)
{
    static const char *const words[] = {"length", "max_tokens", "model_length"};
    return is_one_of(finish, words, sizeof words / sizeof words[0]);
}

/* The name of the tool that the model calls. NULL: it calls none. */
static const char *called_tool(const json_t *message)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    const json_t *function = json_object_get(message, "function_call");
    if (json_array_size(calls) > 0)
        function = json_object_get(json_array_get(calls, 0), "function");
    if (!json_is_object(function))
        return json_array_size(calls) > 0 ? "without a name" : NULL;
    const char *name = json_string_value(json_object_get(function, "name"));
    return name != NULL ? name : "without a name";
}

static void say_filtered(const json_t *choice, gen_chat_result *result)
{
    char what[120] = "";
    const char *category;
    json_t *found;
    json_t *categories = json_object_get(choice, "content_filter_results");
    json_object_foreach(categories, category, found) if (json_is_true(json_object_get(found, "filtered")))
    {
        size_t used = strlen(what);
        snprintf(what + used, sizeof what - used, "%s%s", used > 0 ? ", " : ": ", category);
    }
    gen_chat_result_fail(result, "ContentFilterFinishReasonError", "The provider's filter withheld the answer%s", what);
}

static void say_silent(const json_t *choice, const spoken *s, gen_chat_result *result)
{
    const json_t *message = json_object_get(choice, "message");
    const char *tool = called_tool(message);
    if (s->refusal != NULL)
        gen_chat_result_fail(result, "RefusalError", "The model refused: %s", s->refusal);
    else if (is_filtered(result->finish_reason))
        say_filtered(choice, result);
    else if (tool != NULL)
        gen_chat_result_fail(result, "ToolCallError", "The model calls a tool, %s, in place of an answer", tool);
    else if (is_cut(result->finish_reason))
        gen_chat_result_fail(result, "LengthFinishReasonError", "%s; raise --max-tokens",
                             s->reasoning.length > 0 ? "The token limit ended the answer within its reasoning"
                                                     : "No text before the token limit");
    else
        malformed(result, s->reasoning.length > 0 ? "it is nothing but reasoning" : "its message has no text");
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

static void take_text(const json_t *choice, gen_chat_result *result)
{
    spoken s = listen(choice);
    bool ok = gen_text_ok(&s.text) && gen_text_ok(&s.reasoning);
    if (!ok) {
        gen_chat_result_fail(result, "MemoryError", "out of memory");
    } else if (s.text.length == 0) {
        say_silent(choice, &s, result);
    } else {
        result->text = gen_text_take(&s.text);
        result->reasoning = s.reasoning.length > 0 ? gen_text_take(&s.reasoning) : NULL;
    }
    gen_text_free(&s.text);
    gen_text_free(&s.reasoning);
}

static void take_facts(const json_t *json, const json_t *choice, gen_chat_result *result)
{
    const char *model = json_string_value(json_object_get(json, "model"));
    const char *finish = json_string_value(json_object_get(choice, "finish_reason"));
    gen_copy(result->model_name, sizeof result->model_name, model != NULL ? model : "");
    gen_copy(result->finish_reason, sizeof result->finish_reason, finish != NULL ? finish : "");
    result->usage = gen_usage_read(json);
}

/* An answer that an error cut off, as routers have it. What there is of its text is no answer. */
static bool is_broken(const json_t *json, const json_t *choice, const char *finish)
{
    const json_t *error = json_object_get(choice, "error");
    return json_object_size(error) > 0 || json_string_length(error) > 0 ||
           (strcmp(finish, "error") == 0 && json_object_size(json_object_get(json, "error")) > 0);
}

static void take_completion(const json_t *json, gen_chat_result *result)
{
    const json_t *choice = json_array_get(json_object_get(json, "choices"), 0);
    take_facts(json, choice, result);
    if (json_is_object(choice) && !is_broken(json, choice, result->finish_reason))
        take_text(choice, result);
    if (result->text != NULL)
        return;
    bool told = result->outcome == GEN_FAILED && strcmp(result->error_type, "APIResponseValidationError") != 0;
    if (!told && !failed_inside(json, result) && result->outcome != GEN_FAILED)
        malformed(result, json_is_object(json) ? "it has no choices" : "it is no JSON object");
}

void gen_openai_response(int status, const char *body, size_t length, gen_chat_result *result)
{
    char problem[200] = "";
    json_t *json = gen_lenient_json(body, length, problem, sizeof problem);
    if (status < 200 || status > 299)
        refused(status, json, body, length, result);
    else if (json == NULL)
        unreadable(result, problem, body, length);
    else
        take_completion(json, result);
    json_decref(json);
}
