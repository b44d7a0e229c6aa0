#include "proxy/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/usage_json.h"

void afmon_proxy_facts_text(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text != NULL && text[0] != '\0')
        snprintf(out, size, "%s", text);
}

/* ---- Usage ------------------------------------------------------------------------------------------------------- */

static void take_usage(struct afmon_proxy_answer *answer, const json_t *json)
{
    afmon_usage found;
    if (!afmon_usage_find(&afmon_usage_json, json, &found))
        return;
    afmon_usage_update(&answer->usage, &found);
    answer->has_usage = true;
}

/* ---- Tokens of a stream ------------------------------------------------------------------------------------------ */

static bool is_said(const json_t *value)
{
    return json_string_length(value) > 0 || json_array_size(value) > 0 || json_object_size(value) > 0;
}

static bool any_said(const json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_said(json_object_get(object, keys[i])))
            return true;
    return false;
}

/* Gemini's and Ollama's. */
static bool has_token_of_others(const json_t *json, enum afmon_proxy_shape shape)
{
    static const char *const of_message[] = {"content", "thinking", "tool_calls"};
    static const char *const of_text[] = {"response", "thinking"};
    const json_t *candidates = json_object_get(json, "candidates");
    for (size_t i = 0; i < json_array_size(candidates) && shape == AFMON_PROXY_GEMINI; i++)
        if (is_said(json_object_get(json_object_get(json_array_get(candidates, i), "content"), "parts")))
            return true;
    return shape == AFMON_PROXY_OLLAMA_CALL &&
           (any_said(json_object_get(json, "message"), of_message, sizeof of_message / sizeof of_message[0]) ||
            any_said(json, of_text, sizeof of_text / sizeof of_text[0]));
}

static bool has_token(const json_t *json, const char *type)
{
    static const char *const of_chat[] = {"content",       "reasoning_content", "reasoning", "tool_calls",
                                          "function_call", "refusal",           "audio"};
    static const char *const of_text[] = {"text"};
    const json_t *choices = json_object_get(json, "choices");
    size_t length = strlen(type);
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *choice = json_array_get(choices, i);
        if (any_said(json_object_get(choice, "delta"), of_chat, sizeof of_chat / sizeof of_chat[0]) ||
            any_said(choice, of_text, 1))
            return true;
    }
    return strcmp(type, "content_block_delta") == 0 ||
           (strncmp(type, "response.", 9) == 0 && length > 6 && strcmp(type + length - 6, ".delta") == 0);
}

static void take_token(struct afmon_proxy_answer *answer, const json_t *json, const char *type)
{
    if (!answer->streamed || !(has_token(json, type) || has_token_of_others(json, answer->shape)))
        return;
    answer->first_ns = answer->first_ns != 0 ? answer->first_ns : answer->now_ns;
    answer->last_ns = answer->now_ns;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static void take_finish(struct afmon_proxy_answer *answer, const json_t *json)
{
    char before = answer->finish[0];
    const json_t *choice = json_array_get(json_object_get(json, "choices"), 0);
    const json_t *response = json_object_get(json, "response");
    response = response != NULL ? response : json;
    afmon_proxy_facts_text(answer->finish, sizeof answer->finish, choice, "finish_reason");
    afmon_proxy_facts_text(answer->finish, sizeof answer->finish, json, "stop_reason");
    afmon_proxy_facts_text(answer->finish, sizeof answer->finish, json_object_get(json, "delta"), "stop_reason");
    if (answer->shape == AFMON_PROXY_RESPONSES) {
        const char *status = json_string_value(json_object_get(response, "status"));
        if (status != NULL && (strcmp(status, "completed") == 0 || strcmp(status, "incomplete") == 0))
            snprintf(answer->finish, sizeof answer->finish, "%s", status);
        afmon_proxy_facts_text(answer->finish, sizeof answer->finish, json_object_get(response, "incomplete_details"),
                               "reason");
    }
    if (answer->shape == AFMON_PROXY_GEMINI) {
        const json_t *candidate = json_array_get(json_object_get(json, "candidates"), 0);
        afmon_proxy_facts_text(answer->finish, sizeof answer->finish, json_object_get(json, "promptFeedback"),
                               "blockReason");
        afmon_proxy_facts_text(answer->finish, sizeof answer->finish, candidate, "finishReason");
    } else if (answer->shape == AFMON_PROXY_OLLAMA_CALL) {
        afmon_proxy_facts_text(answer->finish, sizeof answer->finish, json, "done_reason");
    }
    answer->finished = answer->finished || (before == '\0' && answer->finish[0] != '\0');
}

static void take_end(struct afmon_proxy_answer *answer, const json_t *json, const char *type)
{
    static const char *const ends[] = {"message_stop", "response.completed", "response.incomplete", "response.failed"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        answer->ended = answer->ended || strcmp(type, ends[i]) == 0;
    if (answer->shape == AFMON_PROXY_OLLAMA_CALL)
        answer->ended = answer->ended || json_is_true(json_object_get(json, "done"));
}

static void take_error(struct afmon_proxy_answer *answer, const json_t *json)
{
    const json_t *error = json_object_get(json, "error");
    if (error == NULL || json_is_null(error))
        error = json_object_get(json_object_get(json, "response"), "error");
    if (json_is_string(error))
        snprintf(answer->error, sizeof answer->error, "%s", json_string_value(error));
    afmon_proxy_facts_text(answer->error, sizeof answer->error, error, "message");
    afmon_proxy_facts_text(answer->error_type, sizeof answer->error_type, error, "status"); /* Google's */
    afmon_proxy_facts_text(answer->error_type, sizeof answer->error_type, error, "type");
    answer->failed = answer->failed || json_is_object(error) || json_is_string(error);
    if (answer->error[0] == '\0' && json_object_get(json, "choices") == NULL) {
        afmon_proxy_facts_text(answer->error, sizeof answer->error, json, "detail"); /* FastAPI's and others' */
        afmon_proxy_facts_text(answer->error, sizeof answer->error, json, "message");
    }
}

void afmon_proxy_facts_take(struct afmon_proxy_answer *answer, const json_t *json)
{
    const char *type = json_string_value(json_object_get(json, "type"));
    type = type != NULL ? type : "";
    afmon_proxy_facts_text(answer->model, sizeof answer->model, json, "modelVersion");
    afmon_proxy_facts_text(answer->model, sizeof answer->model, json, "model");
    afmon_proxy_facts_text(answer->model, sizeof answer->model, json_object_get(json, "message"), "model");
    afmon_proxy_facts_text(answer->model, sizeof answer->model, json_object_get(json, "response"), "model");
    take_usage(answer, json);
    take_token(answer, json, type);
    take_finish(answer, json);
    take_end(answer, json, type);
    take_error(answer, json);
}
