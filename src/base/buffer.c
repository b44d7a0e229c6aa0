#include "base/buffer.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256

void afmon_buffer_init(struct afmon_buffer *buffer, size_t limit)
{
    *buffer = (struct afmon_buffer){.limit = limit};
}

void afmon_buffer_free(struct afmon_buffer *buffer)
{
    free(buffer->data);
    afmon_buffer_init(buffer, buffer->limit);
}

void afmon_buffer_clear(struct afmon_buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

/* The next capacity that holds needed bytes (at most the limit): doubled, so that n additions cost O(n). */
static size_t grown_capacity(const struct afmon_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > buffer->limit / 2 ? buffer->limit : buffer->capacity * 2;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity < needed)
        capacity = needed;
    return capacity < buffer->limit ? capacity : buffer->limit;
}

bool afmon_buffer_reserve_slow(struct afmon_buffer *buffer, size_t extra)
{
    if (buffer->failed)
        return false;
    if (extra > buffer->limit - buffer->length || extra > PTRDIFF_MAX - buffer->length) {
        buffer->failed = true;
        return false;
    }
    size_t capacity = grown_capacity(buffer, buffer->length + extra);
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void afmon_buffer_add_text(struct afmon_buffer *buffer, const char *text)
{
    afmon_buffer_add(buffer, text, strlen(text));
}

void afmon_buffer_add_char(struct afmon_buffer *buffer, char c)
{
    afmon_buffer_add(buffer, &c, 1);
}
