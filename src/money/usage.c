/* The usage of an answer, whoever gave it: the names of each count, and what the counts leave out. */
#include <math.h>
#include <string.h>

#include <afmon/afmon.h>

#include "base/number.h"

#define COUNT_MAX 1e15 /* what is more counts no tokens */
#define TICKS_OF_A_DOLLAR 1e10

/* ---- Looking ---- */

/* What stands at "outer.inner"; an empty path is the value itself. NULL: nothing. */
static const void *at_path(const afmon_usage_reader *reader, const void *value, const char *path)
{
    char name[64];
    while (value != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        if (length >= sizeof name)
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        value = reader->member(reader->user, value, name);
        path += length + (path[length] == '.');
    }
    return value;
}

/* A number, or a text that is one; 0 or more. */
static afmon_number amount_at(const afmon_usage_reader *reader, const void *object, const char *path)
{
    double number = -1;
    const char *text = NULL;
    const void *value = at_path(reader, object, path);
    afmon_usage_kind kind = value == NULL ? AFMON_USAGE_OTHER : reader->look(reader->user, value, &number, &text);
    bool is_number =
        kind == AFMON_USAGE_NUMBER || (kind == AFMON_USAGE_TEXT && afmon_parse_double(text, strlen(text), &number));
    return is_number && number >= 0 && number <= COUNT_MAX ? AFMON_GIVEN(number) : (afmon_number){0};
}

static bool is_true_at(const afmon_usage_reader *reader, const void *object, const char *path)
{
    double number;
    const char *text;
    const void *value = at_path(reader, object, path);
    return value != NULL && reader->look(reader->user, value, &number, &text) == AFMON_USAGE_TRUE;
}

/* The first of several that is told. NULL ends the names. */
static afmon_number first_of(const afmon_usage_reader *reader, const void *object, const char *const *names)
{
    afmon_number found = {0};
    for (; *names != NULL && !found.given; names++)
        found = amount_at(reader, object, *names);
    return found;
}

static double value_of(afmon_number number)
{
    return number.given ? number.value : 0;
}

/* ---- The names ---- */

/* Providers of one style name their counts alike, and leave the same out of them. */
struct style {
    const char *const *prompt;
    const char *const *completion;
    bool cache_beside;     /* the prompt's leave out what a cache had, and what was written to one */
    bool reasoning_beside; /* the completion's leave out reasoning */
};

/* Each list ends with NULL. Those of Python objects are here, too: they spell Google's names with underscores. */
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct style styles[] = {
    /* OpenAI, and nearly all who follow it */
    {NAMES("prompt_tokens"), NAMES("completion_tokens"), false, false},
    /* Anthropic; OpenAI's Responses, LangChain and others, whose details are in objects of their own */
    {NAMES("input_tokens"), NAMES("output_tokens"), true, false},
    /* Google; the last one of a live session */
    {NAMES("promptTokenCount", "prompt_token_count"),
     NAMES("candidatesTokenCount", "candidates_token_count", "responseTokenCount", "response_token_count"), false,
     true},
    /* Amazon: Converse, and the metrics of an invoked model */
    {NAMES("inputTokens", "inputTokenCount"), NAMES("outputTokens", "outputTokenCount"), true, false},
    /* Cohere: what is billed is what counts; the others have its own words around the prompt, too */
    {NAMES("billed_units.input_tokens", "tokens.input_tokens"),
     NAMES("billed_units.output_tokens", "tokens.output_tokens"), false, false},
    /* Ollama */
    {NAMES("prompt_eval_count"), NAMES("eval_count"), false, false},
};
#define STYLES (sizeof styles / sizeof styles[0])

static const char *const total_names[] = {"total_tokens", "totalTokenCount", "total_token_count", "totalTokens", NULL};
/* Those at the object's own level, of a style that has the cache beside the prompt. */
static const char *const cache_read_names[] = {"cache_read_input_tokens", "cacheReadInputTokens",
                                               "cacheReadInputTokenCount", NULL};
static const char *const cache_write_names[] = {"cache_creation_input_tokens", "cacheWriteInputTokens",
                                                "cacheWriteInputTokenCount", NULL};
/* Those that are part of the prompt's whatever the style. */
static const char *const cached_part_names[] = {"prompt_tokens_details.cached_tokens",
                                                "input_tokens_details.cached_tokens",
                                                "input_token_details.cache_read",
                                                "prompt_cache_hit_tokens",
                                                "cachedContentTokenCount",
                                                "cached_content_token_count",
                                                "cached_tokens",
                                                "num_cached_tokens",
                                                NULL};
static const char *const written_part_names[] = {"prompt_tokens_details.cache_write_tokens",
                                                 "prompt_tokens_details.cache_creation_tokens",
                                                 "prompt_tokens_details.cache_creation_input_tokens",
                                                 "input_tokens_details.cache_write_tokens",
                                                 "input_tokens_details.cache_creation_tokens",
                                                 "input_token_details.cache_creation",
                                                 NULL};
static const char *const reasoning_names[] = {"completion_tokens_details.reasoning_tokens",
                                              "output_tokens_details.reasoning_tokens",
                                              "output_token_details.reasoning",
                                              "reasoning_tokens",
                                              "thoughtsTokenCount",
                                              "thoughts_token_count",
                                              NULL};
/* What tools said to the model: Google's alone, never in its prompt's. */
static const char *const tool_names[] = {"toolUsePromptTokenCount", "tool_use_prompt_token_count", NULL};

/* ---- What the counts leave out ---- */

enum { CACHE = 1, REASONING = 2, TOOL = 4, ALL_PARTS = 7 };

struct parts {
    double of[3]; /* cache, reasoning, tool */
};

static double sum_of(const struct parts *parts, unsigned which)
{
    double sum = 0;
    for (size_t i = 0; i < 3; i++)
        sum += (which & 1U << i) != 0 ? parts->of[i] : 0;
    return sum;
}

/* Which parts stand beside prompt and completion, when these are so much less than the total: what the style says where
 * that fits, else whatever does. ALL_PARTS + 1: nothing does. */
static unsigned told_by_total(const struct parts *parts, double missing, unsigned usual)
{
    static const unsigned order[] = {
        0, REASONING, TOOL, CACHE, REASONING | TOOL, CACHE | REASONING, CACHE | TOOL, ALL_PARTS};
    if (sum_of(parts, usual) == missing)
        return usual;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (sum_of(parts, order[i]) == missing)
            return order[i];
    return ALL_PARTS + 1;
}

/* No part is larger than what it is a part of. */
static unsigned too_large_for_parts(const struct parts *parts, const afmon_usage *usage)
{
    return (parts->of[0] > usage->prompt.value ? CACHE : 0U) |
           (parts->of[1] > usage->completion.value ? REASONING : 0U);
}

static void add_beside(afmon_usage *usage, const struct parts *parts, unsigned which)
{
    if (usage->prompt.given)
        usage->prompt.value += sum_of(parts, which & (CACHE | TOOL));
    if (usage->completion.given)
        usage->completion.value += sum_of(parts, which & REASONING);
}

/* Makes prompt and completion whole. */
static void complete(afmon_usage *usage, double tool, unsigned usual)
{
    const struct parts parts = {
        {value_of(usage->cached) + value_of(usage->cache_write), value_of(usage->reasoning), tool}};
    unsigned beside = usual;
    if (usage->prompt.given && usage->completion.given) {
        unsigned large = too_large_for_parts(&parts, usage);
        double missing = usage->total.given ? usage->total.value - usage->prompt.value - usage->completion.value : -1;
        unsigned told = missing >= 0 ? told_by_total(&parts, missing, usual | large) : ALL_PARTS + 1;
        beside = (told <= ALL_PARTS ? told : usual) | large;
        /* Thoughts that are in the total alone. */
        if (told > ALL_PARTS && missing > 0 && !usage->reasoning.given && usual == 0)
            usage->completion.value += missing;
    }
    add_beside(usage, &parts, beside);
}

/* ---- One object ---- */

static const struct style *take_style(const afmon_usage_reader *reader, const void *object, afmon_usage *usage)
{
    for (size_t i = 0; i < STYLES; i++) {
        usage->prompt = first_of(reader, object, styles[i].prompt);
        usage->completion = first_of(reader, object, styles[i].completion);
        if (usage->prompt.given || usage->completion.given)
            return &styles[i];
    }
    return NULL;
}

/* Returns whether cached or written ones stand where a style may have them beside the prompt's. */
static bool take_cache(const afmon_usage_reader *reader, const void *object, afmon_usage *usage)
{
    afmon_number read = first_of(reader, object, cache_read_names);
    afmon_number written = first_of(reader, object, cache_write_names);
    afmon_number read_part = first_of(reader, object, cached_part_names);
    afmon_number written_part = first_of(reader, object, written_part_names);
    usage->cached = read_part.given ? read_part : read;
    usage->cache_write = written_part.given ? written_part : written;
    return !read_part.given && !written_part.given;
}

/* With a key of one's own OpenRouter asks for its share alone: the provider's is beside it. */
static afmon_number cost_of(const afmon_usage_reader *reader, const void *object)
{
    static const char *const names[] = {"cost", "cost.total_cost", NULL};
    afmon_number cost = first_of(reader, object, names);
    afmon_number ticks = amount_at(reader, object, "cost_in_usd_ticks");
    if (cost.given && is_true_at(reader, object, "is_byok"))
        cost.value += value_of(amount_at(reader, object, "cost_details.upstream_inference_cost"));
    return cost.given || !ticks.given ? cost : AFMON_GIVEN(ticks.value / TICKS_OF_A_DOLLAR);
}

bool afmon_usage_read(const afmon_usage_reader *reader, const void *object, afmon_usage *usage)
{
    *usage = (afmon_usage){0};
    if (object == NULL)
        return false;
    const struct style *style = take_style(reader, object, usage);
    usage->total = first_of(reader, object, total_names);
    usage->cost_usd = cost_of(reader, object);
    if (style == NULL && !usage->total.given) {
        *usage = (afmon_usage){0};
        return false;
    }
    bool cache_beside = take_cache(reader, object, usage) && style != NULL && style->cache_beside;
    bool reasoning_beside = style != NULL && style->reasoning_beside;
    usage->reasoning = first_of(reader, object, reasoning_names);
    /* An answer that was cut off in its thoughts has these alone. */
    if (reasoning_beside && !usage->completion.given && usage->reasoning.given)
        usage->completion = AFMON_GIVEN(0);
    afmon_number tool = first_of(reader, object, tool_names);
    complete(usage, value_of(tool), (cache_beside ? CACHE : 0U) | (reasoning_beside ? REASONING | TOOL : 0U));
    return true;
}

/* ---- A whole answer ---- */

bool afmon_usage_find(const afmon_usage_reader *reader, const void *answer, afmon_usage *usage)
{
    static const char *const places[] = {
        "usage",
        "usageMetadata",
        "usage_metadata",
        "x_groq.usage",
        "choices.0.usage",
        "message.usage",  /* Anthropic's first event */
        "response.usage", /* the last one of OpenAI's Responses */
        "response.usageMetadata",
        "delta.usage",    /* Cohere's last one */
        "metadata.usage", /* Amazon's */
        "amazon-bedrock-invocationMetrics",
        "meta", /* Cohere's first interface */
        "",     /* Ollama's own */
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (afmon_usage_read(reader, at_path(reader, answer, places[i]), usage))
            return true;
    return false;
}

static void replace(afmon_number *number, afmon_number later)
{
    if (later.given)
        *number = later;
}

void afmon_usage_update(afmon_usage *usage, const afmon_usage *later)
{
    replace(&usage->prompt, later->prompt);
    replace(&usage->completion, later->completion);
    replace(&usage->total, later->total);
    replace(&usage->cached, later->cached);
    replace(&usage->cache_write, later->cache_write);
    replace(&usage->reasoning, later->reasoning);
    replace(&usage->cost_usd, later->cost_usd);
}

afmon_number afmon_usage_total(const afmon_usage *usage)
{
    if (usage->total.given || !usage->prompt.given || !usage->completion.given)
        return usage->total;
    return AFMON_GIVEN(usage->prompt.value + usage->completion.value);
}
