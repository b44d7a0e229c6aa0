/* What is said to an OpenAI-compatible server. */
#include "openai.h"

#include <string.h>

#include <jansson.h>

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

/* Puts the members of more over those of the request; a null takes a member away. */
static bool add_more(json_t *request, json_t *more)
{
    const char *key;
    json_t *value;
    bool ok = true;
    json_object_foreach(more, key, value)
    {
        if (json_is_null(value))
            json_object_del(request, key);
        else
            ok = ok && json_object_set(request, key, value) == 0;
    }
    return ok;
}

char *gen_openai_request(const gen_openai_body *body, const gen_message *messages, size_t count, const gen_call *call)
{
    json_t *request = json_object();
    json_t *more = body->extra != NULL ? json_loads(body->extra, 0, NULL) : NULL;
    bool ok = request != NULL && (more != NULL || body->extra == NULL) &&
              json_object_set_new(request, "model", json_string(body->model)) == 0 &&
              json_object_set_new(request, "messages", message_list(messages, count)) == 0;
    if (ok && call->temperature.given)
        ok = json_object_set_new(request, "temperature", json_real(call->temperature.value)) == 0;
    if (ok && call->max_tokens > 0)
        ok = json_object_set_new(request, body->limits_completion ? "max_completion_tokens" : "max_tokens",
                                 json_integer(call->max_tokens)) == 0;
    if (ok && call->seed.given)
        ok = json_object_set_new(request, "seed", json_integer((json_int_t)call->seed.value)) == 0;
    ok = ok && add_more(request, more);
    char *text = ok ? json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(more);
    json_decref(request);
    return text;
}

const char *gen_openai_extra_problem(const char *extra)
{
    json_t *more = json_loads(extra, JSON_REJECT_DUPLICATES, NULL);
    const char *problem = NULL;
    if (!json_is_object(more))
        problem = "give a JSON object, such as '{\"top_p\": 0.9}'";
    else if (json_object_get(more, "messages") != NULL || json_object_get(more, "model") != NULL)
        problem = "messages and model are made by afmon; leave them out";
    else if (json_is_true(json_object_get(more, "stream")))
        problem = "answers are read whole; leave out \"stream\"";
    else if (json_number_value(json_object_get(more, "n")) > 1)
        problem = "one answer a call is used; leave out \"n\"";
    json_decref(more);
    return problem;
}

double gen_openai_answer_limit(const char *body)
{
    static const char *const names[] = {"max_tokens", "max_completion_tokens"};
    json_t *request = json_loads(body, 0, NULL);
    double limit = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double value = json_number_value(json_object_get(request, names[i]));
        limit = value > limit ? value : limit;
    }
    json_decref(request);
    return limit;
}
