#include "reasoning.h"

#include <stdbool.h>
#include <string.h>

typedef struct marks {
    const char *open;
    const char *close;
    const char *before_close; /* the reasoning ends here already; NULL */
} marks;

static const marks known[] = {
    {"<think>", "</think>", NULL},
    {"<thinking>", "</thinking>", NULL},
    {"<thought>", "</thought>", NULL},
    {"<reasoning>", "</reasoning>", NULL},
    {"<seed:think>", "</seed:think>", NULL},
    {"<|begin_of_thought|>", "<|end_of_thought|>", NULL},
    {"[THINK]", "[/THINK]", NULL},
    {"<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "<|end|>"},
};

enum { KNOWN = sizeof known / sizeof known[0] };
static const char blanks[] = " \t\r\n";

void gen_reasoning_add(gen_text *reasoning, const char *text, size_t length)
{
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
        length--;
    for (; length > 0 && strchr(blanks, *text) != NULL; text++)
        length--;
    if (length == 0)
        return;
    if (reasoning->length > 0)
        gen_text_puts(reasoning, "\n\n");
    gen_text_append(reasoning, text, length);
}

/* Keeps what begins at `rest`. */
static void keep_from(char *text, const char *rest)
{
    rest += strspn(rest, blanks);
    memmove(text, rest, strlen(rest) + 1);
}

/* Takes one block that begins the text. False: none does. */
static bool take_block(char *text, gen_text *reasoning)
{
    for (size_t i = 0; i < KNOWN; i++) {
        const marks *m = &known[i];
        if (strncmp(text, m->open, strlen(m->open)) != 0)
            continue;
        const char *begin = text + strlen(m->open);
        const char *end = strstr(begin, m->close);
        const char *inner = m->before_close != NULL ? strstr(begin, m->before_close) : NULL;
        size_t whole = end != NULL ? (size_t)(end - begin) : strlen(begin);
        size_t length = inner != NULL && inner < begin + whole ? (size_t)(inner - begin) : whole;
        gen_reasoning_add(reasoning, begin, length);
        keep_from(text, end != NULL ? end + strlen(m->close) : begin + strlen(begin));
        return true;
    }
    return false;
}

/* Where the prompt's template has written the opening mark, only the closing one is in the answer, at the end of a line
 * or its beginning. Within a line it is more likely something that the answer talks about. */
static void take_unopened(char *text, gen_text *reasoning)
{
    const marks *m = &known[0];
    const char *end = strstr(text, m->close);
    const char *open = strstr(text, m->open);
    if (end == NULL || (open != NULL && open < end))
        return;
    char after = end[strlen(m->close)];
    if (end > text && end[-1] != '\n' && after != '\n' && after != '\r' && after != '\0')
        return;
    gen_reasoning_add(reasoning, text, (size_t)(end - text));
    keep_from(text, end + strlen(m->close));
}

void gen_reasoning_part(char *text, gen_text *reasoning)
{
    keep_from(text, text);
    take_unopened(text, reasoning);
    while (take_block(text, reasoning))
        continue;
}

/* ---- Members ----------------------------------------------------------------------------------------------------- */

static void add_string(gen_text *reasoning, const json_t *string)
{
    if (json_is_string(string))
        gen_reasoning_add(reasoning, json_string_value(string), json_string_length(string));
}

/* [{"text": ...}, {"thinking": ...}, {"summary": ...}] */
static void add_details(gen_text *reasoning, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *part = json_array_get(list, i);
        add_string(reasoning, json_object_get(part, "text"));
        add_string(reasoning, json_object_get(part, "thinking"));
        add_string(reasoning, json_object_get(part, "summary"));
    }
}

void gen_reasoning_members(const json_t *message, gen_text *reasoning)
{
    static const char *const texts[] = {"reasoning_content", "reasoning", "thinking"};
    static const char *const lists[] = {"reasoning_details", "thinking_blocks"};
    size_t before = reasoning->length;
    /* Servers that have several say the same in each. */
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && reasoning->length == before; i++)
        add_string(reasoning, json_object_get(message, texts[i]));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && reasoning->length == before; i++)
        add_details(reasoning, json_object_get(message, lists[i]));
}
