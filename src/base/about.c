#include "base/about.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 64 /* bytes of a text in a message */

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static bool is_bad_text(const char *what, const char *value, size_t most, char *text, size_t size)
{
    if (value[0] == '\0')
        (void)snprintf(text, size, "%s is empty: give a text, or leave it out", what);
    else if (strlen(value) > most)
        (void)snprintf(text, size, "%s has %zu bytes: give at most %zu", what, strlen(value), most);
    else if (has_control(value))
        (void)snprintf(text, size, "%s has a line break or another control character: give one line of text", what);
    else
        return false;
    return true;
}

bool afmon_about_bad_name(const char *name, char *text, size_t size)
{
    return name != NULL && is_bad_text("name", name, AFMON_RUN_NAME_MAX, text, size);
}

bool afmon_about_bad_note(const char *note, char *text, size_t size)
{
    return note != NULL && is_bad_text("note", note, AFMON_RUN_NOTE_MAX, text, size);
}

/* "name" and "note" are what they say, and afmon's own marks begin with its name. */
static bool is_reserved(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "note") == 0 || strncmp(key, "afmon", 5) == 0;
}

static bool is_bad_key(const char *key, char *text, size_t size)
{
    char what[SHOWN + 16];
    (void)snprintf(what, sizeof what, "tag '%.*s'", SHOWN, key);
    if (key[0] == '\0')
        (void)snprintf(text, size, "a tag has no key: give KEY=VALUE");
    else if (strlen(key) > AFMON_TAG_KEY_MAX)
        (void)snprintf(text, size, "%s: its key has %zu bytes: give at most %d", what, strlen(key), AFMON_TAG_KEY_MAX);
    else if (has_control(key) || strpbrk(key, " =\"") != NULL)
        (void)snprintf(text, size, "%s: a key has no spaces, quotes, = and control characters", what);
    else if (is_reserved(key))
        (void)snprintf(text, size,
                       "%s: that key is reserved (name, note, and what begins with afmon): give it another one", what);
    else
        return false;
    return true;
}

static bool is_given_twice(const afmon_tag *tags, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(tags[i].key, tags[at].key) == 0)
            return true;
    return false;
}

static bool is_bad_tag(const afmon_tag *tags, size_t at, char *text, size_t size)
{
    const afmon_tag *tag = &tags[at];
    char what[SHOWN + 16];
    if (tag->key == NULL || tag->value == NULL) {
        (void)snprintf(text, size, "tag %zu is no pair of texts", at + 1);
        return true;
    }
    if (is_bad_key(tag->key, text, size))
        return true;
    (void)snprintf(what, sizeof what, "tag '%.*s'", SHOWN, tag->key);
    if (is_bad_text(what, tag->value, AFMON_TAG_VALUE_MAX, text, size))
        return true;
    if (!is_given_twice(tags, at))
        return false;
    (void)snprintf(text, size, "%s is given twice: give each key once", what);
    return true;
}

bool afmon_about_bad_tags(const afmon_tag *tags, size_t count, char *text, size_t size)
{
    if (count > AFMON_TAGS_MAX)
        (void)snprintf(text, size, "there are %zu tags: give at most %d", count, AFMON_TAGS_MAX);
    for (size_t i = 0; count <= AFMON_TAGS_MAX && i < count; i++)
        if (is_bad_tag(tags, i, text, size))
            return true;
    return count > AFMON_TAGS_MAX;
}
