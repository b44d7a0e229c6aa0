#include "model/log_line.h"

#include <string.h>

#include "base/text.h"
#include "store/reader_text.h"

#define TIME_LENGTH 23 /* "2026-11-23 09:20:35,123" */
#define SECOND_LENGTH 19
#define SCRATCH_LIMIT ((size_t)16 << 20)
#define BEGIN " - {\"message\": \""
#define LEVEL ", \"level\": \""

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool afmon_log_time(struct afmon_log_scratch *scratch, const char *line, size_t length, int64_t *time_ns)
{
    if (length < TIME_LENGTH || line[SECOND_LENGTH] != ',' || !digit(line[20]) || !digit(line[21]) || !digit(line[22]))
        return false;
    if (!scratch->known || memcmp(scratch->second, line, SECOND_LENGTH) != 0) {
        if (!afmon_parse_timestamp(line, SECOND_LENGTH, &scratch->second_ns))
            return false;
        memcpy(scratch->second, line, SECOND_LENGTH);
        scratch->known = true;
    }
    int64_t milliseconds = (line[20] - '0') * 100 + (line[21] - '0') * 10 + (line[22] - '0');
    if (scratch->second_ns > INT64_MAX - 1000000000)
        return false;
    *time_ns = scratch->second_ns + milliseconds * 1000000;
    return true;
}

const char *afmon_log_message(const char *line, size_t length, size_t *message_length)
{
    size_t begin = TIME_LENGTH + sizeof BEGIN - 1;
    bool escaped = false;
    if (length < begin || memcmp(line + TIME_LENGTH, BEGIN, sizeof BEGIN - 1) != 0)
        return NULL;
    const char *close = afmon_json_string_end(line + begin, line + length, &escaped);
    if (close == NULL)
        return NULL;
    *message_length = (size_t)(close - line) - begin;
    return line + begin;
}

/* What ends a line in our form: `, "level": "info"}`. Returns where it begins. */
static const char *level_of(const char *from, const char *end, afmon_level *level)
{
    for (int i = AFMON_INFO; i <= AFMON_ERROR; i++) {
        const char *name = afmon_level_name((afmon_level)i);
        size_t tail = sizeof LEVEL - 1 + strlen(name) + 2;
        const char *at = end - tail;
        if ((size_t)(end - from) >= tail && memcmp(at, LEVEL, sizeof LEVEL - 1) == 0 &&
            memcmp(at + sizeof LEVEL - 1, name, strlen(name)) == 0 && end[-2] == '"' && end[-1] == '}') {
            *level = (afmon_level)i;
            return at;
        }
    }
    return NULL;
}

static bool begins_with(const char *text, size_t length, const char *begin)
{
    return length >= strlen(begin) && memcmp(text, begin, strlen(begin)) == 0;
}

static bool message_is(const afmon_live_log_line *parts, const char *text)
{
    return parts->message_length == strlen(text) && memcmp(parts->message, text, parts->message_length) == 0;
}

/* A generation or evaluation that went well; what a session says of itself for readers. */
static bool is_routine(const afmon_live_log_line *parts)
{
    if (parts->level == AFMON_INFO && (message_is(parts, "Run record") || message_is(parts, "Run end")))
        return true;
    if (parts->level != AFMON_INFO || !(begins_with(parts->message, parts->message_length, "Generation metrics") ||
                                        begins_with(parts->message, parts->message_length, "Evaluation metrics")))
        return false;
    size_t looked_at = parts->data_length < 512 ? parts->data_length : 512;
    return looked_at == 0 || memmem(parts->data, looked_at, "\"success\": false", 16) == NULL;
}

/* Cut at AFMON_LOG_TEXT, or a little before, so that no character is cut. */
static size_t cut(const char *text, size_t length)
{
    if (length <= AFMON_LOG_TEXT)
        return length;
    length = AFMON_LOG_TEXT;
    while (length > AFMON_LOG_TEXT - 4 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

static void take_foreign(const char *line, size_t length, bool timed, afmon_live_log_line *parts)
{
    size_t skipped = timed && length >= TIME_LENGTH + 3 ? TIME_LENGTH + 3 : 0;
    parts->message = line + skipped;
    parts->message_length = cut(line + skipped, length - skipped);
    if (memmem(line, length, "ERROR", 5) != NULL || memmem(line, length, "\"level\": \"error\"", 16) != NULL)
        parts->level = AFMON_ERROR;
    else if (memmem(line, length, "WARNING", 7) != NULL || memmem(line, length, "\"level\": \"warning\"", 18) != NULL)
        parts->level = AFMON_WARNING;
}

void afmon_log_parse(struct afmon_log_scratch *scratch, const char *line, size_t length, int64_t time_ns,
                     afmon_live_log_line *parts)
{
    size_t message_length = 0;
    *parts = (afmon_live_log_line){.timestamp_ns = time_ns, .data = ""};
    bool timed = afmon_log_time(scratch, line, length, &parts->timestamp_ns);
    const char *message = timed ? afmon_log_message(line, length, &message_length) : NULL;
    const char *level = message != NULL ? level_of(message + message_length, line + length, &parts->level) : NULL;
    if (level == NULL) {
        take_foreign(line, length, timed, parts);
        return;
    }
    if (scratch->message.limit == 0)
        afmon_buffer_init(&scratch->message, SCRATCH_LIMIT);
    afmon_buffer_clear(&scratch->message);
    afmon_json_unescape(&scratch->message, message, message_length);
    bool unescaped = !scratch->message.failed && scratch->message.length > 0;
    parts->message = unescaped ? scratch->message.data : message;
    parts->message_length = unescaped ? scratch->message.length : message_length;
    const char *data = message + message_length + 1;
    if (data < level)
        data += (size_t)(level - data) >= 2 ? 2 : 0; /* the ", " */
    parts->data = data;
    parts->data_length = data < level ? (size_t)(level - data) : 0;
    parts->routine = is_routine(parts);
    parts->message_length = cut(parts->message, parts->message_length);
    parts->data_length = cut(parts->data, parts->data_length);
}

static const char *value_end(const char *value, const char *end)
{
    bool escaped = false;
    if (value < end && *value == '"')
        return afmon_json_string_end(value + 1, end, &escaped);
    const char *at = value;
    while (at < end && *at != ',' && *at != '}')
        at++;
    return at;
}

const char *afmon_log_member(const char *data, size_t length, const char *key, size_t *value_length)
{
    const char *end = data + length;
    size_t key_length = strlen(key);
    for (const char *at = data; at != NULL && at < end;) {
        const char *found = memmem(at, (size_t)(end - at), key, key_length);
        if (found == NULL)
            return NULL;
        at = found + key_length;
        if (found == data || found[-1] != '"' || end - at < 3 || memcmp(at, "\": ", 3) != 0 ||
            (found - 1 != data && (found - data < 3 || memcmp(found - 3, ", \"", 3) != 0)))
            continue;
        const char *value = at + 3;
        const char *stop = value_end(value, end);
        if (stop == NULL)
            return NULL;
        bool text = value < end && *value == '"';
        *value_length = (size_t)(stop - value) - (text ? 1 : 0);
        return value + (text ? 1 : 0);
    }
    return NULL;
}

void afmon_log_scratch_free(struct afmon_log_scratch *scratch)
{
    afmon_buffer_free(&scratch->message);
}
