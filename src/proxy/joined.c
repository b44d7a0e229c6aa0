#include "proxy/joined.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 16 * 1024 * 1024 };

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

static struct afmon_proxy_part *part_of(struct afmon_proxy_joined *joined, json_int_t choice, json_int_t index,
                                        enum afmon_proxy_part_kind kind)
{
    for (size_t i = joined->count; i > 0; i--) {
        struct afmon_proxy_part *part = &joined->parts[i - 1];
        if (part->choice == choice && part->index == index && part->kind == kind)
            return part;
    }
    if (joined->parts == NULL)
        joined->parts = calloc(AFMON_PROXY_PARTS_MAX, sizeof *joined->parts);
    if (joined->parts == NULL || joined->count == AFMON_PROXY_PARTS_MAX) {
        joined->failed = true;
        return NULL;
    }
    struct afmon_proxy_part *part = &joined->parts[joined->count++];
    *part = (struct afmon_proxy_part){.choice = choice, .index = index, .kind = kind};
    afmon_buffer_init(&part->text, TEXT_MAX);
    return part;
}

static void add(struct afmon_proxy_joined *joined, struct afmon_proxy_part *part, const json_t *text)
{
    if (part == NULL || !json_is_string(text))
        return;
    afmon_buffer_add(&part->text, json_string_value(text), json_string_length(text));
    joined->failed = joined->failed || part->text.failed;
}

/* Adds to the part where there is any text at all: a reader of "content" should not find one that never came. */
static void add_to(struct afmon_proxy_joined *joined, json_int_t choice, enum afmon_proxy_part_kind kind,
                   const json_t *text)
{
    if (json_string_length(text) > 0)
        add(joined, part_of(joined, choice, 0, kind), text);
}

static void name(struct afmon_proxy_joined *joined, struct afmon_proxy_part *part, const json_t *id, const json_t *word)
{
    if (part == NULL)
        return;
    if (part->id == NULL && json_is_string(id))
        joined->failed |= (part->id = strdup(json_string_value(id))) == NULL;
    if (part->name == NULL && json_is_string(word))
        joined->failed |= (part->name = strdup(json_string_value(word))) == NULL;
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

static void take_tools(struct afmon_proxy_joined *joined, json_int_t choice, const json_t *tools)
{
    for (size_t i = 0; i < json_array_size(tools); i++) {
        const json_t *tool = json_array_get(tools, i), *function = json_object_get(tool, "function");
        const json_t *index = json_object_get(tool, "index");
        struct afmon_proxy_part *part = part_of(
            joined, choice, json_is_integer(index) ? json_integer_value(index) : (json_int_t)i, AFMON_PROXY_PART_TOOL);
        name(joined, part, json_object_get(tool, "id"), json_object_get(function, "name"));
        add(joined, part, json_object_get(function, "arguments"));
    }
}

static void take_choices(struct afmon_proxy_joined *joined, const json_t *choices)
{
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *choice = json_array_get(choices, i), *delta = json_object_get(choice, "delta");
        json_int_t index = json_integer_value(json_object_get(choice, "index"));
        const json_t *reasoning = json_object_get(delta, "reasoning_content");
        add_to(joined, index, AFMON_PROXY_PART_TEXT, json_object_get(choice, "text"));
        add_to(joined, index, AFMON_PROXY_PART_TEXT, json_object_get(delta, "content"));
        add_to(joined, index, AFMON_PROXY_PART_REASONING,
               reasoning != NULL ? reasoning : json_object_get(delta, "reasoning"));
        take_tools(joined, index, json_object_get(delta, "tool_calls"));
    }
}

/* Of Anthropic's messages. */
static void take_block(struct afmon_proxy_joined *joined, const json_t *event)
{
    json_int_t index = json_integer_value(json_object_get(event, "index"));
    const json_t *block = json_object_get(event, "content_block"), *delta = json_object_get(event, "delta");
    const char *type = json_string_value(json_object_get(block, "type"));
    if (type != NULL && strcmp(type, "tool_use") == 0)
        name(joined, part_of(joined, index, 0, AFMON_PROXY_PART_TOOL), json_object_get(block, "id"),
             json_object_get(block, "name"));
    add_to(joined, index, AFMON_PROXY_PART_TEXT, json_object_get(delta, "text"));
    add_to(joined, index, AFMON_PROXY_PART_REASONING, json_object_get(delta, "thinking"));
    if (json_is_string(json_object_get(delta, "partial_json")))
        add(joined, part_of(joined, index, 0, AFMON_PROXY_PART_TOOL), json_object_get(delta, "partial_json"));
}

void afmon_proxy_joined_take(struct afmon_proxy_joined *joined, const json_t *event)
{
    json_t *response = json_object_get(event, "response");
    if (joined->shape == AFMON_PROXY_MESSAGES)
        take_block(joined, event);
    else if (joined->shape != AFMON_PROXY_RESPONSES)
        take_choices(joined, json_object_get(event, "choices"));
    else if (json_array_size(json_object_get(response, "output")) > 0) { /* its last events have all of it */
        json_decref(joined->whole);
        joined->whole = json_incref(response);
    }
}

size_t afmon_proxy_joined_bytes(const struct afmon_proxy_joined *joined)
{
    size_t bytes = 0;
    for (size_t i = 0; i < joined->count; i++)
        bytes += joined->parts[i].text.length;
    return bytes;
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

static json_t *text_of(const struct afmon_proxy_part *part)
{
    return json_stringn(part->text.length > 0 ? part->text.data : "", part->text.length);
}

static json_t *tool_of(const struct afmon_proxy_part *part)
{
    return json_pack("{s:s*, s:s, s:{s:s*, s:o}}", "id", part->id, "type", "function", "function", "name", part->name,
                     "arguments", text_of(part));
}

/* What `choice` said, as a message; NULL: nothing. */
static json_t *message_of(struct afmon_proxy_joined *joined, json_int_t choice)
{
    json_t *message = json_pack("{s:s, s:n}", "role", "assistant", "content"), *tools = json_array();
    for (size_t i = 0; i < joined->count; i++) {
        const struct afmon_proxy_part *part = &joined->parts[i];
        if (part->choice != choice)
            continue;
        if (part->kind == AFMON_PROXY_PART_TOOL)
            joined->failed |= 0 != json_array_append_new(tools, tool_of(part));
        else
            joined->failed |=
                0 != json_object_set_new(message, part->kind == AFMON_PROXY_PART_TEXT ? "content" : "reasoning_content",
                                         text_of(part));
    }
    if (json_array_size(tools) > 0)
        joined->failed |= 0 != json_object_set(message, "tool_calls", tools);
    json_decref(tools);
    return message;
}

static json_t *choices_of(struct afmon_proxy_joined *joined, const char *finish)
{
    json_t *choices = json_array();
    for (size_t i = 0; i < joined->count; i++) {
        const struct afmon_proxy_part *part = &joined->parts[i];
        bool met = false;
        for (size_t k = 0; k < i; k++)
            met = met || joined->parts[k].choice == part->choice;
        if (met)
            continue;
        const char *key = joined->shape == AFMON_PROXY_COMPLETIONS ? "text" : "message";
        json_t *said = joined->shape == AFMON_PROXY_COMPLETIONS ? text_of(part) : message_of(joined, part->choice);
        joined->failed |= 0 != json_array_append_new(choices, json_pack("{s:I, s:o, s:s*}", "index", part->choice, key,
                                                                        said, "finish_reason", finish));
    }
    return choices;
}

static json_t *block_of(const struct afmon_proxy_part *part)
{
    if (part->kind == AFMON_PROXY_PART_TEXT)
        return json_pack("{s:s, s:o}", "type", "text", "text", text_of(part));
    if (part->kind == AFMON_PROXY_PART_REASONING)
        return json_pack("{s:s, s:o}", "type", "thinking", "thinking", text_of(part));
    json_t *input = json_loadb(part->text.data, part->text.length, 0, NULL);
    return json_pack("{s:s, s:s*, s:s*, s:o}", "type", "tool_use", "id", part->id, "name", part->name, "input",
                     input != NULL ? input : json_object());
}

static json_t *blocks_of(struct afmon_proxy_joined *joined)
{
    json_t *blocks = json_array();
    for (size_t i = 0; i < joined->count; i++)
        joined->failed |= 0 != json_array_append_new(blocks, block_of(&joined->parts[i]));
    return blocks;
}

json_t *afmon_proxy_joined_answer(struct afmon_proxy_joined *joined, const char *model, const char *finish)
{
    if (joined->failed)
        return NULL;
    if (joined->shape == AFMON_PROXY_RESPONSES)
        return json_incref(joined->whole);
    json_t *answer = NULL;
    finish = finish[0] != '\0' ? finish : NULL;
    if (joined->shape == AFMON_PROXY_MESSAGES)
        answer = json_pack("{s:s, s:s, s:s, s:o, s:s*}", "type", "message", "role", "assistant", "model", model,
                           "content", blocks_of(joined), "stop_reason", finish);
    else
        answer = json_pack("{s:s, s:o}", "model", model, "choices", choices_of(joined, finish));
    if (!joined->failed)
        return answer;
    json_decref(answer); /* something of it is missing */
    return NULL;
}

void afmon_proxy_joined_free(struct afmon_proxy_joined *joined)
{
    for (size_t i = 0; i < joined->count; i++) {
        afmon_buffer_free(&joined->parts[i].text);
        free(joined->parts[i].id);
        free(joined->parts[i].name);
    }
    free(joined->parts);
    json_decref(joined->whole);
    *joined = (struct afmon_proxy_joined){.shape = joined->shape};
}
