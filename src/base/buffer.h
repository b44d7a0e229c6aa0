/* A byte buffer that grows up to a cap fixed at its birth. A failed addition (no memory, cap) marks the buffer as
 * failed and leaves its content as it was; further additions do nothing. So a caller may add many times and look once.
 */
#ifndef AFMON_BASE_BUFFER_H
#define AFMON_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct afmon_buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t limit;
    bool failed;
};

/* An empty buffer that may hold at most limit bytes. Allocates nothing yet. */
void afmon_buffer_init(struct afmon_buffer *buffer, size_t limit);
void afmon_buffer_free(struct afmon_buffer *buffer);  /* back to the state after init */
void afmon_buffer_clear(struct afmon_buffer *buffer); /* empty and not failed, memory kept */

/* Makes room for extra more bytes; false (and failed) where that cannot be. After it, afmon_buffer_end may be written
 * to, up to extra bytes, and length advanced. */
bool afmon_buffer_reserve_slow(struct afmon_buffer *buffer, size_t extra);
static inline bool afmon_buffer_reserve(struct afmon_buffer *buffer, size_t extra)
{
    if (!buffer->failed && buffer->capacity - buffer->length >= extra)
        return true;
    return afmon_buffer_reserve_slow(buffer, extra);
}
static inline char *afmon_buffer_end(struct afmon_buffer *buffer)
{
    return buffer->data + buffer->length;
}

static inline void afmon_buffer_add(struct afmon_buffer *buffer, const void *data, size_t length)
{
    if (length > 0 && afmon_buffer_reserve(buffer, length)) {
        memcpy(afmon_buffer_end(buffer), data, length);
        buffer->length += length;
    }
}
void afmon_buffer_add_text(struct afmon_buffer *buffer, const char *text); /* a C string, without its NUL */
void afmon_buffer_add_char(struct afmon_buffer *buffer, char c);

#endif
