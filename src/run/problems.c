#include "run/problems.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make_text(const char *file, uint64_t line, const char *why)
{
    size_t size = strlen(file) + strlen(why) + 32;
    char *text = malloc(size);
    if (text != NULL)
        (void)snprintf(text, size, "%s:%" PRIu64 ": %s", file, line, why);
    return text;
}

/* Takes over the text; NULL counts all the same. */
static void keep(struct afmon_problems *problems, char *text)
{
    if (text != NULL && problems->texts == NULL)
        problems->texts = calloc(AFMON_PROBLEMS_KEPT, sizeof *problems->texts);
    if (text != NULL && problems->texts != NULL)
        problems->texts[problems->kept++] = text;
    else
        free(text);
}

void afmon_problems_add(struct afmon_problems *problems, const char *file, uint64_t line, const char *why)
{
    problems->count++;
    if (problems->kept < AFMON_PROBLEMS_KEPT)
        keep(problems, make_text(file, line, why));
}

void afmon_problems_note(struct afmon_problems *problems, const char *what)
{
    problems->count++;
    if (problems->kept < AFMON_PROBLEMS_KEPT)
        keep(problems, strdup(what));
}

void afmon_problems_free(struct afmon_problems *problems)
{
    for (size_t i = 0; i < problems->kept; i++)
        free(problems->texts[i]);
    free(problems->texts);
    *problems = (struct afmon_problems){0};
}
