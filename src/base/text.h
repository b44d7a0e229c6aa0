/* JSON text and time stamps, written into buffers. */
#ifndef AFMON_BASE_TEXT_H
#define AFMON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Adds a JSON string (RFC 8259) with its quotes. '"', '\\' and control characters (U+0000 to U+001F; also DEL) are
 * escaped, with the short forms \b \f \n \r \t where there is one and \u00XX else; all other UTF-8 stays as it is; each
 * maximal ill-formed part (Unicode 3.9, "maximal subpart") becomes one U+FFFD. */
void afmon_buffer_add_json_string(struct afmon_buffer *buffer, const char *text, size_t length);

/* The same without the quotes: a string may be added in parts that end no character. */
void afmon_buffer_add_json_body(struct afmon_buffer *buffer, const char *text, size_t length);

/* True where text is well-formed UTF-8. */
bool afmon_utf8_valid(const char *text, size_t length);

#define AFMON_TIMESTAMP_SIZE 48

/* "2026-11-23T09:20:35.000123+00:00" (ISO 8601, UTC, microseconds always, nanoseconds cut off towards the past);
 * returns the length, no NUL. An int64_t reaches from 1677 to 2262, so years have four digits. Any thread. */
size_t afmon_format_timestamp(char *out, int64_t wall_ns);

/* The same with the text of the last second kept between calls; a zeroed struct to begin with. One thread at a time for
 * each cache. */
struct afmon_timestamp_cache {
    int64_t second;
    bool filled;
    char text[20]; /* "2026-11-23T09:20:35." */
};
size_t afmon_format_timestamp_cached(struct afmon_timestamp_cache *cache, char *out, int64_t wall_ns);

/* "2026-11-23 09:20:35,123" in local time (Python logging's asctime); returns the length, no NUL. Any thread, and in a
 * forked child. */
size_t afmon_format_log_time(char *out, int64_t wall_ns);

/* Reads an ISO 8601 date and time, the forms that Python's datetime.isoformat and str() write and RFC 3339: 'T' or a
 * space, no fraction or one of 1 to 9 digits, offset "+HH:MM", "+HHMM", "+HH:MM:SS", "Z" or none. Without an offset it
 * is local time, where clocks show it twice the first, in a gap as the clocks before it would have gone on (as Python).
 * Second 60 is the next minute's first. False where it is none, or not within an int64_t. Any thread. */
bool afmon_parse_timestamp(const char *text, size_t length, int64_t *wall_ns);

/* The same; *again_ns: local clocks show the time again so much later. 0: they do not, or the offset is given. */
bool afmon_parse_time(const char *text, size_t length, int64_t *wall_ns, int64_t *again_ns);

#endif
