/* What is said of a run beside its figures: what people call it, which is searched, and what is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "model/model.h"
#include "serve/serve.h"

#define ABOUT_MAX ((size_t)1 << 20)
#define WORD_MAX 200

/* A copy of its own, without the buffer's room; NULL: no memory. */
static char *text_of(struct afmon_buffer *text)
{
    afmon_buffer_add_char(text, '\0');
    char *copy = text->failed ? NULL : strdup(text->data);
    afmon_buffer_free(text);
    return copy;
}

static void add_line(struct afmon_buffer *text, const char *key, const char *value)
{
    afmon_buffer_add_text(text, key);
    afmon_buffer_add_text(text, value);
    afmon_buffer_add_char(text, '\n');
}

bool afmon_serve_about_make(struct afmon_serve_about *about, const char *folder_name, const afmon_run_summary *summary)
{
    struct afmon_buffer json;
    struct afmon_buffer text;
    struct afmon_json writer = {.out = &json};
    afmon_buffer_init(&json, ABOUT_MAX);
    afmon_buffer_init(&text, ABOUT_MAX);
    afmon_summary_about_json(summary, &writer, NULL);
    add_line(&text, folder_name, "");
    add_line(&text, summary->name, "");
    add_line(&text, summary->note, "");
    for (size_t i = 0; i < summary->tag_count; i++) {
        afmon_buffer_add_text(&text, summary->tags[i].key);
        add_line(&text, "=", summary->tags[i].value);
    }
    *about = (struct afmon_serve_about){.json = text_of(&json), .text = text_of(&text)};
    if (about->json != NULL && about->text != NULL)
        return true;
    afmon_serve_about_free(about);
    return false;
}

void afmon_serve_about_free(struct afmon_serve_about *about)
{
    free(about->json);
    free(about->text);
    *about = (struct afmon_serve_about){0};
}

bool afmon_serve_about_has(const struct afmon_served_run *run, const char *text)
{
    const char *known = run->about.text != NULL ? run->about.text : run->name;
    char word[WORD_MAX + 1];
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        if (length > WORD_MAX)
            return false;
        memcpy(word, text, length);
        word[length] = '\0';
        if (strcasestr(known, word) == NULL)
            return false;
        text += length;
    }
    return true;
}

const char *afmon_serve_problem(const struct afmon_served_run *run)
{
    return run->problem[0] != '\0' ? run->problem : run->look.refused[0] != '\0' ? run->look.refused : NULL;
}
