#include "model/about.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "model/log_line.h"
#include "model/model_internal.h"
#include "store/reader_text.h"

#define RULES ", \"rules\": "
#define RAW_MAX ((size_t)64 << 10) /* more is no record of ours */

/* ---- Of the records ---- */

static bool is_later(const struct afmon_run_word *word, int64_t started_ns, uint64_t serial)
{
    return word->raw == NULL || started_ns > word->started_ns ||
           (started_ns == word->started_ns && serial > word->serial);
}

static bool keep(struct afmon_run_word *word, const char *raw, size_t length, int64_t started_ns, uint64_t serial)
{
    if (raw == NULL || length == 0 || length > RAW_MAX || !is_later(word, started_ns, serial))
        return true;
    char *copy = malloc(length);
    if (copy == NULL)
        return false;
    memcpy(copy, raw, length);
    free(word->raw);
    *word = (struct afmon_run_word){.raw = copy, .length = length, .started_ns = started_ns, .serial = serial};
    return true;
}

/* The text of a member; NULL: it is null, or no text. */
static const char *text_in(const char *data, size_t length, const char *key, size_t *text_length)
{
    const char *text = afmon_log_member(data, length, key, text_length);
    return text != NULL && text > data && text[-1] == '"' ? text : NULL;
}

/* Past the text that begins at `at`, with its quotes; NULL: there is none. */
static const char *past_text(const char *at, const char *end)
{
    bool escaped = false;
    const char *close = at < end && *at == '"' ? afmon_json_string_end(at + 1, end, &escaped) : NULL;
    return close != NULL ? close + 1 : NULL;
}

static const char *past(const char *at, const char *end, const char *text)
{
    size_t length = strlen(text);
    return at != NULL && (size_t)(end - at) >= length && memcmp(at, text, length) == 0 ? at + length : NULL;
}

/* The next pair of a tags object, and what is behind it; NULL: there is none. key and value get their raw texts. */
static const char *next_tag(const char *at, const char *end, struct afmon_run_word *key, struct afmon_run_word *value)
{
    const char *key_end = past_text(at, end);
    const char *begin = past(key_end, end, ": ");
    const char *value_end = begin != NULL ? past_text(begin, end) : NULL;
    if (value_end == NULL)
        return NULL;
    *key = (struct afmon_run_word){.raw = (char *)(uintptr_t)at + 1, .length = (size_t)(key_end - at) - 2};
    *value = (struct afmon_run_word){.raw = (char *)(uintptr_t)begin + 1, .length = (size_t)(value_end - begin) - 2};
    const char *next = past(value_end, end, ", ");
    return next != NULL ? next : value_end;
}

/* The object of tags as it stands in the data; NULL: there is none. */
static const char *tags_in(const char *data, size_t length, size_t *tags_length)
{
    static const char key[] = ", \"tags\": {";
    const char *end = data + length;
    const char *found = memmem(data, length, key, sizeof key - 1);
    struct afmon_run_word words[2];
    if (found == NULL)
        return NULL;
    const char *begin = found + sizeof key - 1;
    const char *at = begin;
    for (const char *next; (next = next_tag(at, end, &words[0], &words[1])) != NULL;)
        at = next;
    *tags_length = (size_t)(at - begin);
    return at < end && *at == '}' ? begin : NULL;
}

bool afmon_run_about_take(struct afmon_run_about *about, const char *data, size_t length, int64_t started_ns,
                          uint64_t serial)
{
    size_t size = 0;
    const char *rules = memmem(data, length, RULES, sizeof RULES - 1); /* whose members have names, too */
    size_t before = rules != NULL ? (size_t)(rules - data) : length;
    const char *name = text_in(data, before, "name", &size);
    bool kept = keep(&about->name, name, size, started_ns, serial);
    const char *note = text_in(data, before, "note", &size);
    kept = kept && keep(&about->note, note, size, started_ns, serial);
    const char *tags = tags_in(data, length, &size);
    return kept && keep(&about->tags, tags, size, started_ns, serial);
}

size_t afmon_run_about_bytes(const struct afmon_run_about *about)
{
    return about->name.length + about->note.length + about->tags.length;
}

void afmon_run_about_free(struct afmon_run_about *about)
{
    free(about->name.raw);
    free(about->note.raw);
    free(about->tags.raw);
    *about = (struct afmon_run_about){0};
}

/* ---- Into the summary ---- */

/* Records of others may say more than ours; at most so much of it is shown. */
static const char *read_word(const struct afmon_model_reading *reading, const struct afmon_run_word *word, size_t most)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, RAW_MAX);
    if (word->raw != NULL)
        afmon_json_unescape(&text, word->raw, word->length);
    reading->pool->failed |= text.failed;
    size_t length = text.failed ? 0 : afmon_json_cut(text.data, text.length, most);
    const char *nul = length > 0 ? memchr(text.data, '\0', length) : NULL;
    const char *copy =
        afmon_pool_text(reading->pool, length > 0 ? text.data : "", nul != NULL ? (size_t)(nul - text.data) : length);
    afmon_buffer_free(&text);
    return copy;
}

static void read_tags(const struct afmon_model_reading *reading, const struct afmon_run_word *raw)
{
    afmon_tag *tags = afmon_pool_array(reading->pool, AFMON_TAGS_MAX, sizeof *tags);
    size_t count = 0;
    const char *end = raw->raw + raw->length;
    struct afmon_run_word key;
    struct afmon_run_word value;
    for (const char *at = raw->raw; tags != NULL && count < AFMON_TAGS_MAX; count++) {
        at = next_tag(at, end, &key, &value);
        if (at == NULL)
            break;
        tags[count] =
            (afmon_tag){read_word(reading, &key, AFMON_TAG_KEY_MAX), read_word(reading, &value, AFMON_TAG_VALUE_MAX)};
    }
    reading->summary->tags = tags;
    reading->summary->tag_count = count;
}

void afmon_read_about(const struct afmon_model_reading *reading)
{
    static const struct afmon_run_about nothing;
    const struct afmon_run_about *about = reading->facts->log != NULL ? &reading->facts->log->about : &nothing;
    reading->summary->name = read_word(reading, &about->name, AFMON_RUN_NAME_MAX);
    reading->summary->note = read_word(reading, &about->note, AFMON_RUN_NOTE_MAX);
    if (about->tags.raw != NULL)
        read_tags(reading, &about->tags);
}
