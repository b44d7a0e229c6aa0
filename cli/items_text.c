/* The text of an item, as its line of the data set has it. */
#include <stdlib.h>
#include <string.h>

#include "cli/items.h"

enum { INDENT = 4 };

/* Line by line, so that the text's own line breaks stay, and nothing else in it moves the cursor. */
static bool print_lines(const cli_screen *screen, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        char *safe = cli_safe(text, (size_t)(stop - text));
        if (safe == NULL)
            return false;
        fprintf(screen->out, "%*s", INDENT, "");
        cli_wrap(screen->out, safe, INDENT, INDENT, screen->width);
        fputc('\n', screen->out);
        free(safe);
        text = stop + 1;
    }
    return true;
}

static bool print_part(const cli_screen *screen, const json_t *message, const char *key, const char *label)
{
    const json_t *text = json_object_get(message, key);
    if (!json_is_string(text))
        return true;
    char *safe = cli_safe(label, strlen(label));
    if (safe == NULL)
        return false;
    cli_put(screen, CLI_BOLD, safe);
    fputc('\n', screen->out);
    free(safe);
    return print_lines(screen, json_string_value(text), json_string_length(text));
}

static bool print_turns(const cli_screen *screen, const json_t *turns)
{
    size_t i;
    const json_t *message;
    json_array_foreach(turns, i, message)
    {
        const char *role = json_string_value(json_object_get(message, "role"));
        if (!print_part(screen, message, "reasoning_content", "reasoning") ||
            !print_part(screen, message, "content", role != NULL ? role : "(no role)"))
            return false;
    }
    return true;
}

static bool print_line(const cli_screen *screen, const json_t *line)
{
    char *text = json_dumps(line, JSON_INDENT(2) | JSON_ENCODE_ANY);
    bool ok = text != NULL && print_lines(screen, text, strlen(text));
    free(text);
    return ok;
}

bool items_print_text(const cli_screen *screen, const afmon_found_item *item)
{
    json_error_t where;
    if (item->text == NULL) {
        cli_put(screen, CLI_DIM, "The data set does not have it.");
        fputs("\n\n", screen->out);
        return true;
    }
    json_t *line = json_loadb(item->text, item->text_length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
    const json_t *turns = json_object_get(line, "conversations");
    bool ok = line != NULL && (json_is_array(turns) ? print_turns(screen, turns) : print_line(screen, line));
    json_decref(line);
    fputc('\n', screen->out);
    if (!ok)
        cli_error("out of memory");
    return ok;
}
