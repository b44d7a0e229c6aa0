/* Lines of the log as they are shown. */
#include <stdlib.h>
#include <string.h>

#include "cli/watch.h"

/* A member's text in JSON, as it stands there. */
static size_t member(const afmon_live_log_line *line, const char *key, const char **text)
{
    const char *end = line->data + line->data_length;
    const char *at = memmem(line->data, line->data_length, key, strlen(key));
    if (at == NULL)
        return 0;
    *text = at + strlen(key);
    at = *text;
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    return (size_t)(at - *text);
}

static bool is_tracked(const afmon_live_log_line *line, const char *message)
{
    return line->message_length == strlen(message) && memcmp(line->message, message, line->message_length) == 0;
}

enum { SHOWN = 600 };

/* What is worth reading of a call that failed. */
static int put_failure(char *out, size_t size, const char *what, const afmon_live_log_line *line)
{
    const char *type = "", *error = "no error given", *operation = "";
    size_t type_length = member(line, "\"error_type\": \"", &type);
    size_t error_length = member(line, "\"error\": \"", &error);
    size_t operation_length = member(line, "\"operation\": \"", &operation);
    if (error_length == 0)
        error_length = strlen(error);
    error_length = error_length < SHOWN / 2 ? error_length : SHOWN / 2;
    type_length = type_length < 100 ? type_length : 100;
    operation_length = operation_length < 100 ? operation_length : 100;
    if (operation_length == 0) {
        operation = what;
        operation_length = strlen(what);
    }
    return snprintf(out, size, "%.*s failed: %.*s%s%.*s", (int)operation_length, operation, (int)type_length, type,
                    type_length > 0 ? ": " : "", (int)error_length, error);
}

/* Its message says it all. */
static bool is_alert(const afmon_live_log_line *line)
{
    static const char *const begins[] = {"Alert: ", "Alert resolved: "};
    for (size_t i = 0; i < 2; i++)
        if (line->message_length > strlen(begins[i]) && memcmp(line->message, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

/* Behind the string that begins at `at`, or at the end. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\' && end - at > 1 ? 1 : 0;
    return at < end ? at + 1 : end;
}

/* Behind the value, with all that is in it. */
static const char *value_end(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end && (depth > 0 || *at != ',')) {
        depth += *at == '{' || *at == '[';
        depth -= depth > 0 && (*at == '}' || *at == ']');
        at = *at == '"' ? string_end(at, end) : at + 1;
    }
    return at;
}

/* Members of an object as key=value, so many bytes of them. */
static size_t put_members(char *out, size_t size, const char *data, size_t length)
{
    const char *end = data + length;
    size_t used = 0;
    for (const char *at = data; at < end && used < size;) {
        const char *key_end = *at == '"' ? string_end(at, end) : at;
        const char *value = key_end < end && *key_end == ':' ? key_end + 1 : at;
        while (value < end && *value == ' ')
            value++;
        const char *stop = value_end(value, end);
        int key_length = value > at && key_end - at >= 2 ? (int)(key_end - at - 2) : 0;
        int written = snprintf(out + used, size - used, "%s%.*s%s%.*s", used > 0 ? " " : "", key_length, at + 1,
                               key_length > 0 ? "=" : "", (int)(stop - value), value);
        used += written < 0 ? 0 : (size_t)written < size - used ? (size_t)written : size - used - 1;
        if (written < 0 || stop == at)
            break;
        at = stop;
        while (at < end && (*at == ',' || *at == ' '))
            at++;
    }
    return used;
}

static size_t put_line(char *out, size_t size, const afmon_live_log_line *line)
{
    if (!line->routine && is_tracked(line, "Generation metrics"))
        return (size_t)put_failure(out, size, "generation", line);
    if (!line->routine && is_tracked(line, "Evaluation metrics"))
        return (size_t)put_failure(out, size, "evaluation", line);
    size_t used = line->message_length < SHOWN ? line->message_length : SHOWN;
    memcpy(out, line->message, used);
    if (line->data_length == 0 || is_alert(line))
        return used;
    memcpy(out + used, "  ", 2);
    used += 2;
    used += put_members(out + used, SHOWN, line->data, line->data_length);
    return used;
}

int watch_take_line(void *user, const afmon_live_log_line *line)
{
    watch_figures *f = user;
    char raw[2 * SHOWN + 4];
    char *text = cli_safe(raw, put_line(raw, sizeof raw, line));
    if (text == NULL || f->log_count == WATCH_LOG) {
        free(text);
        return 1;
    }
    f->log[f->log_count++] = (watch_line){.timestamp_ns = line->timestamp_ns, .level = line->level, .text = text};
    return 0;
}
