#include "items/data_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json_check.h"
#include "base/status.h"
#include "store/reader_text.h"

#define PIECE ((size_t)256 << 10)
#define SEED 0x64617461 /* the same in every process, as of items (model/items.c) */

struct place {
    uint64_t hash; /* of what names the item; first */
    int64_t offset;
    size_t length;
};

afmon_status afmon_data_set_open(struct afmon_data_set *set, const char *path, afmon_error *error)
{
    struct stat facts;
    *set = (struct afmon_data_set){.places.entry_size = sizeof(struct place), .path = strdup(path)};
    if (set->path == NULL)
        return afmon_fail_memory(error);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int failure = fd < 0 || fstat(fd, &facts) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (failure != 0)
        return afmon_fail(error, AFMON_E_NO_DATA, "the data set %s cannot be read: %s", path, strerror(failure));
    if (!S_ISREG(facts.st_mode))
        return afmon_fail(error, AFMON_E_NO_DATA, "the data set %s is not a regular file", path);
    const struct afmon_source source = {.path = set->path, .end = facts.st_size};
    afmon_back_init(&set->back, &source, PIECE);
    return AFMON_OK;
}

void afmon_data_set_free(struct afmon_data_set *set)
{
    afmon_back_free(&set->back);
    afmon_slots_free(&set->places);
    free(set->path);
    free(set->line);
    *set = (struct afmon_data_set){0};
}

/* ---- What names the item of a line ---- */

enum naming { NO_NAME, BY_ID, BY_INDEX };

/* `id` and `item_id` are those of an item of any kind; `index` is that of a conversation, as `afmon generate` has it.
 */
static uint64_t hash_of(enum naming naming, const char *text, size_t length)
{
    return afmon_hash(SEED + (uint64_t)naming, text, length) | 1;
}

static bool is(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static enum naming naming_of(const char *key, size_t length)
{
    if (is(key, length, "index"))
        return BY_INDEX;
    return is(key, length, "id") || is(key, length, "item_id") ? BY_ID : NO_NAME;
}

struct walk {
    struct afmon_data_set *set;
    int64_t offset;
    size_t length;
    unsigned depth;
    bool in_metadata;      /* depth 2, in the object that "metadata" names */
    bool metadata_is_next; /* its value follows */
    enum naming naming;    /* of the value that follows */
    bool ok;
};

/* Lines are met from the last to the first: of several the last one stays. */
static void note(struct walk *walk, const char *value, size_t length)
{
    uint64_t hash = hash_of(walk->naming, value, length);
    bool there = walk->depth == 1 || (walk->depth == 2 && walk->in_metadata);
    if (walk->naming == NO_NAME || !there || afmon_slots_find(&walk->set->places, hash) != NULL)
        return;
    struct place *place = afmon_slots_put(&walk->set->places, hash);
    walk->ok &= place != NULL;
    if (place != NULL)
        *place = (struct place){hash, walk->offset, walk->length};
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* at: behind the opening quote. Returns what follows; NULL: the line is no JSON. */
static const char *take_string(struct walk *walk, const char *at, const char *end)
{
    bool escaped = false;
    const char *close = afmon_json_string_end(at, end, &escaped);
    if (close == NULL)
        return NULL;
    const char *next = skip_blanks(close + 1, end);
    if (next == end || *next != ':') {
        if (!escaped)
            note(walk, at, (size_t)(close - at));
        walk->naming = NO_NAME;
        return next;
    }
    walk->naming = naming_of(at, (size_t)(close - at));
    walk->metadata_is_next = walk->depth == 1 && is(at, (size_t)(close - at), "metadata");
    return next + 1;
}

static const char *take_number(struct walk *walk, const char *at, const char *end)
{
    const char *from = at;
    while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ')
        at++;
    note(walk, from, (size_t)(at - from));
    walk->naming = NO_NAME;
    return at;
}

static void take_bracket(struct walk *walk, char bracket)
{
    bool opens = bracket == '{' || bracket == '[';
    if (opens && walk->depth == 1)
        walk->in_metadata = walk->metadata_is_next && bracket == '{';
    walk->depth += opens ? 1U : 0U;
    walk->depth -= !opens && walk->depth > 0 ? 1U : 0U;
    walk->naming = NO_NAME;
    walk->metadata_is_next = false;
}

/* False: no memory. A line that is no JSON object names nothing from there on. */
static bool take_line(struct afmon_data_set *set, const char *line, size_t length, int64_t offset)
{
    struct walk walk = {.set = set, .offset = offset, .length = length, .ok = true};
    const char *end = line + length;
    for (const char *at = line; at != NULL && at < end && walk.ok;) {
        if (*at == '"') {
            at = take_string(&walk, at + 1, end);
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            at = take_number(&walk, at, end);
        } else {
            if (strchr("{}[]", *at) != NULL && *at != '\0')
                take_bracket(&walk, *at);
            at++;
        }
    }
    return walk.ok;
}

/* ---- Finding ---- */

/* Where the line that was given last begins in the file. */
static int64_t offset_of(const struct afmon_back *back, const char *line)
{
    return back->at + (line - (back->data + back->begin));
}

static const struct place *place_of(const struct afmon_data_set *set, const char *kind, const char *id)
{
    size_t length = strlen(id);
    const struct place *place = afmon_slots_find(&set->places, hash_of(BY_ID, id, length));
    if (place == NULL && strcmp(kind, "conversation") == 0)
        place = afmon_slots_find(&set->places, hash_of(BY_INDEX, id, length));
    return place;
}

/* Reads on until the item's line was met, or all of it. */
static afmon_status look(struct afmon_data_set *set, const char *kind, const char *id, const struct place **place,
                         afmon_error *error)
{
    const char *line;
    size_t length = 0;
    while ((*place = place_of(set, kind, id)) == NULL && !set->all) {
        afmon_status status = afmon_back_next(&set->back, &line, &length, error);
        if (status != AFMON_OK)
            return status;
        set->all = line == NULL;
        if (line != NULL && !take_line(set, line, length, offset_of(&set->back, line)))
            return afmon_fail_memory(error);
    }
    return AFMON_OK;
}

/* *line stays NULL where the file is another one by now. */
static afmon_status read_line(struct afmon_data_set *set, const struct place *place, afmon_error *error)
{
    free(set->line);
    set->line = malloc(place->length + 1);
    if (set->line == NULL)
        return afmon_fail_memory(error);
    int fd = open(set->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int failure = fd < 0 ? errno : afmon_read_at(fd, set->line, place->length, place->offset);
    if (fd >= 0)
        close(fd);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot read the data set %s", set->path);
}

afmon_status afmon_data_set_find(struct afmon_data_set *set, const char *kind, const char *id, const char **line,
                                 size_t *length, afmon_error *error)
{
    const struct place *place;
    *line = NULL;
    *length = 0;
    afmon_status status = look(set, kind, id, &place, error);
    if (status != AFMON_OK || place == NULL)
        return status;
    status = read_line(set, place, error);
    if (status == AFMON_OK && afmon_json_valid(set->line, place->length)) {
        *line = set->line;
        *length = place->length;
    }
    return status;
}
