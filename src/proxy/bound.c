#include "proxy/bound.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/tokens.h"

enum { DEPTH_MAX = 16, COPIES_MAX = 100000 };

static bool is_one_of(const char *text, const char *const *names)
{
    while (*names != NULL && strcmp(text, *names) != 0)
        names++;
    return *names != NULL;
}

static bool is_given(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value != NULL && !json_is_null(value) && !json_is_false(value);
}

/* ---- The prompt -------------------------------------------------------------------------------------------------- */

static bool is_text(const json_t *value, int depth);

/* A message, or a part of one. Pictures, files and the like have tokens that their bytes do not bound. */
static bool object_is_text(const json_t *object, int depth)
{
    static const char *const texts[] = {"text",
                                        "input_text",
                                        "output_text",
                                        "refusal",
                                        "message",
                                        "thinking",
                                        "redacted_thinking",
                                        "reasoning",
                                        "tool_use",
                                        "tool_result",
                                        "function_call",
                                        "function_call_output",
                                        "custom_tool_call",
                                        "custom_tool_call_output",
                                        NULL};
    const char *type = json_string_value(json_object_get(object, "type"));
    bool known = type != NULL ? is_one_of(type, texts) : is_given(object, "role");
    return known && !is_given(object, "audio") && is_text(json_object_get(object, "content"), depth) &&
           is_text(json_object_get(object, "output"), depth);
}

/* Is all that the server reads of it in its bytes? */
static bool is_text(const json_t *value, int depth)
{
    if (json_is_object(value))
        return depth < DEPTH_MAX && object_is_text(value, depth + 1);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (depth >= DEPTH_MAX || !is_text(json_array_get(value, i), depth + 1))
            return false;
    return true;
}

/* Tools that the program runs are described in the request; those that the server runs add what they find. */
static bool tools_are_own(const json_t *tools)
{
    static const char *const own[] = {"function", "custom", NULL};
    for (size_t i = 0; i < json_array_size(tools); i++) {
        const char *type = json_string_value(json_object_get(json_array_get(tools, i), "type"));
        if (type != NULL && !is_one_of(type, own))
            return false;
    }
    return true;
}

static const char *judge_prompt(const json_t *asked, enum afmon_proxy_shape shape)
{
    static const char *const elsewhere[] = {"previous_response_id",
                                            "conversation",
                                            "mcp_servers",
                                            "container",
                                            "data_sources",
                                            "web_search_options",
                                            "plugins",
                                            "models",
                                            "fallbacks",
                                            "prediction",
                                            "documents",
                                            NULL};
    static const char *const prompts[] = {"messages", "input", "system", NULL};
    for (size_t i = 0; elsewhere[i] != NULL; i++)
        if (is_given(asked, elsewhere[i]))
            return "it names more than is in the request, such as an earlier answer, a search or other models";
    if (shape == AFMON_PROXY_RESPONSES && is_given(asked, "prompt"))
        return "its prompt is kept by the server";
    for (size_t i = 0; prompts[i] != NULL; i++)
        if (!is_text(json_object_get(asked, prompts[i]), 0))
            return "there is more than text in it, and its bytes do not bound the tokens of pictures, sound and files";
    return tools_are_own(json_object_get(asked, "tools")) ? NULL : "the server runs tools of its own for it";
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

/* A whole number of at least 1. Not given: `standard`. 0: it is none. */
static double count_of(const json_t *asked, const char *key, double standard)
{
    const json_t *value = json_object_get(asked, key);
    if (value == NULL || json_is_null(value))
        return standard;
    return json_is_integer(value) && json_integer_value(value) >= 1 ? (double)json_integer_value(value) : 0;
}

/* A request for completions may hold many prompts, each of which is answered: texts, or lists of tokens. */
static double prompts_in(const json_t *prompt)
{
    return json_is_array(prompt) && !json_is_number(json_array_get(prompt, 0)) ? (double)json_array_size(prompt) : 1;
}

/* How many answers are made. 0: it cannot be said. */
static double answers_in(const json_t *asked, enum afmon_proxy_shape shape)
{
    double n = count_of(asked, "n", 1), best_of = count_of(asked, "best_of", 1);
    double each = n > 0 && best_of > 0 ? (n > best_of ? n : best_of) : 0;
    return shape == AFMON_PROXY_COMPLETIONS ? each * prompts_in(json_object_get(asked, "prompt")) : each;
}

/* The longest answer. 0: nothing bounds it. */
static double longest_answer(const json_t *asked, enum afmon_proxy_shape shape)
{
    double limit, other;
    switch (shape) {
    case AFMON_PROXY_CHAT: /* servers differ in which of the two they heed */
        limit = count_of(asked, "max_tokens", -1);
        other = count_of(asked, "max_completion_tokens", -1);
        return limit == 0 || other == 0 ? 0 : limit > other ? limit : other;
    case AFMON_PROXY_COMPLETIONS:
    case AFMON_PROXY_MESSAGES:
        return count_of(asked, "max_tokens", 0);
    case AFMON_PROXY_RESPONSES:
        return count_of(asked, "max_output_tokens", 0);
    case AFMON_PROXY_EMBEDDINGS:
        return 1; /* there is none; a bound of nothing is no bound */
    default:
        return 0;
    }
}

/* ---- Both -------------------------------------------------------------------------------------------------------- */

static const char *judge(struct afmon_proxy_bound *bound, enum afmon_proxy_shape shape, const json_t *asked)
{
    const char *model = json_string_value(json_object_get(asked, "model"));
    if (model == NULL || model[0] == '\0' || strlen(model) >= sizeof bound->model)
        return "it names no model";
    snprintf(bound->model, sizeof bound->model, "%s", model);
    double longest = longest_answer(asked, shape), answers = answers_in(asked, shape);
    if (!(longest > 0))
        return shape == AFMON_PROXY_RESPONSES ? "nothing bounds its answer; give max_output_tokens"
                                              : "nothing bounds its answer; give max_tokens (or max_completion_tokens, "
                                                "where the server wants that)";
    if (!(answers > 0) || answers > COPIES_MAX)
        return "it cannot be said how many answers it asks for";
    bound->completion_tokens = longest * answers;
    return judge_prompt(asked, shape);
}

/* A member that is given twice is read in two ways by two servers. */
const char *afmon_proxy_bound_read(struct afmon_proxy_bound *bound, enum afmon_proxy_shape shape, const char *body,
                                   size_t length)
{
    json_t *asked = json_loadb(body, length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    *bound = (struct afmon_proxy_bound){.prompt_tokens = (double)length + AFMON_TOKENS_ADDED};
    const char *why = json_is_object(asked) ? judge(bound, shape, asked) : "its body is no JSON object, or not plain";
    json_decref(asked);
    return why;
}
