#include "export/names.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/utf8.h"

const struct afmon_name_rules afmon_sheet_names = {
    .forbidden = "[]:*?/\\", .reserved = "History", .limit = 31, .units = afmon_units_utf16, .trim_quotes = true};

/* What FAT, NTFS or a path does not take. 255 bytes is what most file systems allow for a whole name. */
const struct afmon_name_rules afmon_file_names = {.forbidden = "/\\:*?\"<>|", .limit = 160, .units = afmon_units_bytes};

static void replace_forbidden(char *text, size_t length, const struct afmon_name_rules *rules)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f || (c < 0x80 && strchr(rules->forbidden, c) != NULL))
            text[i] = '_';
    }
}

/* Allowed, with `suffix` at its end; not yet unlike the others. */
static char *make_name(const struct afmon_raw_name *raw, const struct afmon_name_rules *rules, const char *suffix)
{
    struct afmon_buffer clean;
    afmon_buffer_init(&clean, SIZE_MAX / 2);
    afmon_buffer_add_utf8(&clean, raw->text, raw->length);
    if (clean.length == 0)
        afmon_buffer_add_char(&clean, '_');
    if (clean.failed) {
        afmon_buffer_free(&clean);
        return NULL;
    }
    clean.length = afmon_text_fitting(clean.data, clean.length, rules->units, rules->limit - strlen(suffix));
    replace_forbidden(clean.data, clean.length, rules);
    if (rules->trim_quotes && clean.data[0] == '\'')
        clean.data[0] = '_';
    afmon_buffer_add_text(&clean, suffix);
    if (!clean.failed && rules->trim_quotes && clean.data[clean.length - 1] == '\'')
        clean.data[clean.length - 1] = '_';
    char *name = clean.failed ? NULL : strndup(clean.data, clean.length);
    if (name != NULL && rules->reserved != NULL && strcasecmp(name, rules->reserved) == 0) {
        free(name);
        name = make_name(raw, rules, "_");
    }
    afmon_buffer_free(&clean);
    return name;
}

struct ordered {
    const char *name;
    size_t index;
};

static int by_name(const void *a, const void *b)
{
    const struct ordered *x = a;
    const struct ordered *y = b;
    int order = strcasecmp(x->name, y->name);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

struct naming {
    const struct afmon_raw_name *raw;
    size_t count;
    const struct afmon_name_rules *rules;
    char **names;
    unsigned *tries; /* by name: the number that was put behind it last, 0 for none */
    struct ordered *order;
};

static bool rename_one(struct naming *naming, size_t index)
{
    char suffix[24];
    unsigned number = naming->tries[index] == 0 ? 2 : naming->tries[index] + 1;
    naming->tries[index] = number;
    snprintf(suffix, sizeof suffix, "~%u", number);
    char *name = make_name(&naming->raw[index], naming->rules, suffix);
    free(naming->names[index]);
    naming->names[index] = name;
    return name != NULL;
}

/* Of names that are alike, all but the first get a number. Returns how many; SIZE_MAX: no memory. */
static size_t part_equals(struct naming *naming)
{
    size_t renamed = 0;
    for (size_t i = 0; i < naming->count; i++)
        naming->order[i] = (struct ordered){naming->names[i], i};
    qsort(naming->order, naming->count, sizeof *naming->order, by_name);
    unsigned rank = 0;
    for (size_t i = 1; i < naming->count; i++) {
        /* Names that are renamed are freed: what is compared is the first of those that are alike. */
        size_t first = i - 1 - rank;
        if (strcasecmp(naming->order[first].name, naming->order[i].name) != 0) {
            rank = 0;
            continue;
        }
        size_t index = naming->order[i].index;
        unsigned least = 1 + rank++; /* so that the n-th gets ~n at once */
        if (naming->tries[index] < least)
            naming->tries[index] = least;
        naming->order[i].name = naming->order[first].name;
        if (!rename_one(naming, index))
            return SIZE_MAX;
        renamed++;
    }
    return renamed;
}

static bool name_all(struct naming *naming)
{
    for (size_t i = 0; i < naming->count; i++) {
        naming->names[i] = make_name(&naming->raw[i], naming->rules, "");
        if (naming->names[i] == NULL)
            return false;
    }
    size_t renamed;
    do
        renamed = part_equals(naming);
    while (renamed > 0 && renamed != SIZE_MAX);
    return renamed == 0;
}

char **afmon_safe_names(const struct afmon_raw_name *raw, size_t count, const struct afmon_name_rules *rules)
{
    struct naming naming = {.raw = raw, .count = count, .rules = rules};
    naming.names = calloc(count + 1, sizeof *naming.names);
    naming.tries = calloc(count + 1, sizeof *naming.tries);
    naming.order = calloc(count + 1, sizeof *naming.order);
    bool done = naming.names != NULL && naming.tries != NULL && naming.order != NULL && name_all(&naming);
    free(naming.tries);
    free(naming.order);
    if (done)
        return naming.names;
    afmon_free_names(naming.names, naming.names == NULL ? 0 : count);
    return NULL;
}

void afmon_free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
