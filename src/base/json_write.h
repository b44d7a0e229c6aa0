/* JSON, member by member, into a buffer. */
#ifndef AFMON_BASE_JSON_WRITE_H
#define AFMON_BASE_JSON_WRITE_H

#include <afmon/afmon.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct afmon_json {
    struct afmon_buffer *out;
    bool comma; /* something stands before, in the same object or array */
};

/* key NULL: an element of an array. */
void afmon_json_open(struct afmon_json *json, const char *key, char bracket); /* '{' or '[' */
void afmon_json_close(struct afmon_json *json, char bracket);
void afmon_json_text(struct afmon_json *json, const char *key, const char *text, size_t length);
/* The same, cut at 200 bytes as the names of a summary: runs invent names. */
void afmon_json_name(struct afmon_json *json, const char *key, const char *text, size_t length);
/* Length of text cut at `most` bytes, where a character ends. */
size_t afmon_json_cut(const char *text, size_t length, size_t most);
void afmon_json_string(struct afmon_json *json, const char *key, const char *text); /* NULL: null */
void afmon_json_int(struct afmon_json *json, const char *key, int64_t value);
void afmon_json_count(struct afmon_json *json, const char *key, uint64_t value);
void afmon_json_bool(struct afmon_json *json, const char *key, bool value);
void afmon_json_number(struct afmon_json *json, const char *key, double value);  /* not finite: null */
void afmon_json_rounded(struct afmon_json *json, const char *key, double value); /* to six digits; as number */
void afmon_json_time(struct afmon_json *json, const char *key, int64_t ns);      /* milliseconds; 0: null */
void afmon_json_timestamp(struct afmon_json *json, const char *key, int64_t ns); /* as in files (base/text.h) */
/* The same; null where it is not given. */
void afmon_json_timestamp_given(struct afmon_json *json, const char *key, int64_t ns, bool given);
void afmon_json_status(struct afmon_json *json, const char *key, int status); /* of HTTP; 0: null */
void afmon_json_null(struct afmon_json *json, const char *key);
void afmon_json_raw(struct afmon_json *json, const char *key, const char *text); /* JSON itself; NULL: null */

/* Gives what was written to a function, all at once, and frees it. AFMON_E_NO_MEMORY where there was none for it,
 * AFMON_E_CANCELLED where the function says so. */
afmon_status afmon_json_give(struct afmon_buffer *text, afmon_write_fn write, void *user);

#endif
