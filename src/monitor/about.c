#include "monitor/about.h"

#include <stdlib.h>
#include <string.h>

#include "base/about.h"
#include "base/status.h"
#include "base/text.h"

afmon_status afmon_about_check(const afmon_options *options, afmon_error *error)
{
    char text[400];
    if (options->tags == NULL && options->tag_count > 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "tag_count is %zu, but there are no tags", options->tag_count);
    if (afmon_about_bad_name(options->name, text, sizeof text) ||
        afmon_about_bad_note(options->note, text, sizeof text) ||
        afmon_about_bad_tags(options->tags, options->tag_count, text, sizeof text))
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s", text);
    return AFMON_OK;
}

static bool copy_text(const char **copy, const char *text)
{
    *copy = text != NULL ? strdup(text) : NULL;
    return *copy != NULL || text == NULL;
}

bool afmon_about_copy(afmon_options *own, const afmon_options *options)
{
    afmon_tag *tags = calloc(options->tag_count + 1, sizeof *tags);
    if (tags == NULL)
        return false;
    own->tags = tags;
    own->tag_count = options->tag_count;
    bool copied = copy_text(&own->name, options->name) && copy_text(&own->note, options->note);
    for (size_t i = 0; copied && i < options->tag_count; i++)
        copied = copy_text(&tags[i].key, options->tags[i].key) && copy_text(&tags[i].value, options->tags[i].value);
    return copied;
}

static void free_text(const char *text)
{
    free((char *)(uintptr_t)text);
}

void afmon_about_free(afmon_options *own)
{
    free_text(own->name);
    free_text(own->note);
    for (size_t i = 0; i < own->tag_count; i++) {
        free_text(own->tags[i].key);
        free_text(own->tags[i].value);
    }
    free((afmon_tag *)(uintptr_t)own->tags);
}

void afmon_about_write_tags(const afmon_options *options, struct afmon_buffer *out)
{
    afmon_buffer_add_char(out, '{');
    for (size_t i = 0; i < options->tag_count; i++) {
        afmon_buffer_add_text(out, i > 0 ? ", " : "");
        afmon_buffer_add_json_string(out, options->tags[i].key, strlen(options->tags[i].key));
        afmon_buffer_add_text(out, ": ");
        afmon_buffer_add_json_string(out, options->tags[i].value, strlen(options->tags[i].value));
    }
    afmon_buffer_add_char(out, '}');
}
