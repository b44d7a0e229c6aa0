#include "usage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { MAX_NAMES = 6 };

/* A count in a member, as a number or as a text of digits. */
static afmon_number count_in(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    double number = json_is_number(value) ? json_number_value(value) : -1;
    const char *text = json_string_value(value);
    if (text != NULL && text[0] >= '0' && text[0] <= '9') {
        char *end;
        number = strtod(text, &end);
        number = *end == '\0' ? number : -1;
    }
    return number >= 0 && isfinite(number) ? AFMON_GIVEN(number) : (afmon_number){0};
}

/* The first of several members that holds a count. "a.b": b of the object in a. */
static afmon_number first_of(const json_t *usage, const char *const names[MAX_NAMES])
{
    afmon_number found = {0};
    for (size_t i = 0; i < MAX_NAMES && names[i] != NULL && !found.given; i++) {
        char outer[40];
        const char *dot = strchr(names[i], '.');
        if (dot == NULL) {
            found = count_in(usage, names[i]);
        } else {
            gen_copy(outer, sizeof outer, names[i]);
            outer[dot - names[i]] = '\0';
            found = count_in(json_object_get(usage, outer), dot + 1);
        }
    }
    return found;
}

/* OpenAI's names first, in the spelling of each of its interfaces; then those of others. */
static const char *const prompt_names[MAX_NAMES] = {"prompt_tokens", "input_tokens", "promptTokenCount",
                                                    "prompt_eval_count", "inputTokens"};
static const char *const completion_names[MAX_NAMES] = {"completion_tokens", "output_tokens", "candidatesTokenCount",
                                                        "eval_count", "outputTokens"};
static const char *const total_names[MAX_NAMES] = {"total_tokens", "totalTokenCount", "totalTokens"};
static const char *const cached_names[MAX_NAMES] = {"prompt_tokens_details.cached_tokens",
                                                    "input_tokens_details.cached_tokens",
                                                    "prompt_cache_hit_tokens",
                                                    "cache_read_input_tokens",
                                                    "cachedContentTokenCount",
                                                    "cached_tokens"};
static const char *const cache_write_names[MAX_NAMES] = {
    "prompt_tokens_details.cache_write_tokens", "prompt_tokens_details.cache_creation_tokens",
    "input_tokens_details.cache_write_tokens", "cache_creation_input_tokens"};
static const char *const reasoning_names[MAX_NAMES] = {"completion_tokens_details.reasoning_tokens",
                                                       "output_tokens_details.reasoning_tokens", "reasoning_tokens",
                                                       "thoughtsTokenCount"};

static double value_of(afmon_number number)
{
    return number.given ? number.value : 0;
}

/* Anthropic's input_tokens are those that no cache had. Where a server has translated them, prompt_tokens are all. */
static void add_cached_prompt(const json_t *usage, gen_usage *u)
{
    bool parts = json_object_get(usage, "prompt_tokens") == NULL && u->prompt.given;
    if (!parts)
        return;
    u->prompt.value += value_of(count_in(usage, "cache_read_input_tokens"));
    u->prompt.value += value_of(count_in(usage, "cache_creation_input_tokens"));
}

/* Some count reasoning beside the completion, which their own total shows. */
static void add_reasoning(gen_usage *u)
{
    if (!u->reasoning.given || !u->completion.given || !u->prompt.given || !u->total.given || u->reasoning.value <= 0)
        return;
    if (u->total.value == u->prompt.value + u->completion.value + u->reasoning.value)
        u->completion.value += u->reasoning.value;
}

static gen_usage read_object(const json_t *usage)
{
    gen_usage u = {
        .prompt = first_of(usage, prompt_names),
        .completion = first_of(usage, completion_names),
        .total = first_of(usage, total_names),
        .cached = first_of(usage, cached_names),
        .cache_write = first_of(usage, cache_write_names),
        .reasoning = first_of(usage, reasoning_names),
    };
    add_cached_prompt(usage, &u);
    add_reasoning(&u);
    if (!u.total.given && u.prompt.given && u.completion.given)
        u.total = AFMON_GIVEN(u.prompt.value + u.completion.value);
    return u;
}

gen_usage gen_usage_read(const json_t *answer)
{
    const json_t *choice = json_array_get(json_object_get(answer, "choices"), 0);
    const json_t *places[] = {
        json_object_get(answer, "usage"),          json_object_get(answer, "usageMetadata"),
        json_object_get(answer, "usage_metadata"), json_object_get(json_object_get(answer, "x_groq"), "usage"),
        json_object_get(choice, "usage"),          answer, /* Ollama's own interface */
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        gen_usage u = read_object(places[i]);
        if (u.prompt.given || u.completion.given || u.total.given)
            return u;
    }
    return (gen_usage){0};
}
