#include "catalog/lines.h"

#include <string.h>

#include "base/number.h"
#include "catalog/fields.h"

#define TIME_KEY "\"timestamp\": \""
#define LINE_END "\"}\n"
/* What a line holds beside its prefix and metadata, at most: ", ", the key of the time and the end. */
#define LINE_REST (AFMON_NUMBER_SIZE + 2 + sizeof TIME_KEY + AFMON_TIMESTAMP_SIZE + sizeof LINE_END)

void afmon_line_prefix(struct afmon_buffer *buffer, const char *name, size_t length)
{
    size_t start = buffer->length;
    afmon_buffer_add_text(buffer, "{\"metric\": ");
    afmon_buffer_add_json_string(buffer, name, length);
    afmon_buffer_add_text(buffer, ", \"value\": ");
    if (buffer->failed)
        buffer->length = start;
}

static char *put(char *out, const char *data, size_t length)
{
    memcpy(out, data, length);
    return out + length;
}

void afmon_line_sample(struct afmon_buffer *buffer, const char *prefix, size_t prefix_length, double value,
                       const char *metadata, size_t metadata_length, struct afmon_timestamp_cache *cache,
                       int64_t wall_ns)
{
    size_t texts;
    if (__builtin_add_overflow(prefix_length, metadata_length, &texts) || texts > SIZE_MAX - LINE_REST) {
        buffer->failed = true;
        return;
    }
    if (!afmon_buffer_reserve(buffer, texts + LINE_REST))
        return;
    char *out = put(afmon_buffer_end(buffer), prefix, prefix_length);
    out += afmon_format_double(out, value);
    out = put(out, ", ", 2);
    if (metadata_length > 0)
        out = put(out, metadata, metadata_length);
    out = put(out, TIME_KEY, sizeof TIME_KEY - 1);
    out += afmon_format_timestamp_cached(cache, out, wall_ns);
    out = put(out, LINE_END, sizeof LINE_END - 1);
    buffer->length = (size_t)(out - buffer->data);
}

void afmon_line_log(struct afmon_buffer *buffer, const char *message, size_t message_length, afmon_level level,
                    const void *packed, size_t packed_length, int64_t wall_ns)
{
    size_t start = buffer->length;
    if (afmon_buffer_reserve(buffer, AFMON_TIMESTAMP_SIZE))
        buffer->length += afmon_format_log_time(afmon_buffer_end(buffer), wall_ns);
    afmon_buffer_add_text(buffer, " - {\"message\": ");
    afmon_buffer_add_json_string(buffer, message, message_length);
    afmon_buffer_add_text(buffer, ", ");
    afmon_fields_render(buffer, packed, packed_length, AFMON_LINE_LOG);
    afmon_buffer_add_text(buffer, "\"level\": \"");
    afmon_buffer_add_text(buffer, afmon_level_name(level));
    afmon_buffer_add_text(buffer, LINE_END);
    if (buffer->failed)
        buffer->length = start;
}
