#include "store/reader_text.h"

#include <stdint.h>

#include "base/plain.h"
#include "base/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int afmon_json_hex4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

bool afmon_json_is_pair(const char *at, const char *end)
{
    int low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? afmon_json_hex4(at + 8, end) : -1;
    return low >= 0xDC00 && low <= 0xDFFF;
}

/* at: the backslash of "\u". Returns what follows the escape, or the pair of them; NULL where it is none. */
static inline const char *skip_unicode_escape(const char *at, const char *end, bool with_halves)
{
    int unit = afmon_json_hex4(at + 2, end);
    if (unit < 0)
        return NULL;
    if (unit < 0xD800 || unit > 0xDFFF)
        return at + 6;
    if (unit < 0xDC00 && afmon_json_is_pair(at, end))
        return at + 12;
    return with_halves ? at + 6 : NULL;
}

/* at: the backslash. */
static inline const char *skip_escape(const char *at, const char *end, bool with_halves)
{
    if (end - at < 2)
        return NULL;
    if (at[1] == 'u')
        return skip_unicode_escape(at, end, with_halves);
    return at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL ? at + 2 : NULL;
}

/* Goes on from *at to the closing quote, or to what makes it no string; true: that is the quote. */
static inline bool find_end(const char **at, const char *end, bool *escaped, bool with_halves)
{
    while ((*at += afmon_plain_run(*at, (size_t)(end - *at))) < end) {
        unsigned char byte = (unsigned char)**at;
        if (byte == '"')
            return true;
        if (byte < 0x20)
            return false;
        bool well_formed = true;
        const char *next = *at + 1;
        if (byte >= 0x80)
            next = *at + afmon_utf8_part(*at, (size_t)(end - *at), &well_formed);
        else if (byte == '\\')
            next = skip_escape(*at, end, with_halves);
        if (!well_formed || next == NULL)
            return false;
        *escaped |= byte == '\\';
        *at = next;
    }
    return false;
}

const char *afmon_json_string_end(const char *at, const char *end, bool *escaped)
{
    return find_end(&at, end, escaped, false) ? at : NULL;
}

bool afmon_json_find_end(const char **at, const char *end)
{
    bool escaped = false;
    return find_end(at, end, &escaped, true);
}

static void add_character(struct afmon_buffer *buffer, uint32_t code)
{
    unsigned char bytes[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1; code >>= 6)
        bytes[i] = (unsigned char)(0x80 | (code & 0x3F));
    bytes[0] = (unsigned char)(lead[length] | code);
    afmon_buffer_add(buffer, bytes, length);
}

size_t afmon_json_escape_length(const char *at, const char *end)
{
    if (at[1] != 'u')
        return 2;
    int unit = afmon_json_hex4(at + 2, end);
    return unit >= 0xD800 && unit <= 0xDBFF && afmon_json_is_pair(at, end) ? 12 : 6;
}

/* at: the backslash of an escape of that length. */
static void add_escaped(struct afmon_buffer *buffer, const char *at, const char *end, size_t length)
{
    static const char names[] = "b\bf\fn\nr\rt\t";
    if (length == 2) {
        const char *name = names;
        while (*name != '\0' && *name != at[1])
            name += 2;
        afmon_buffer_add_char(buffer, *name != '\0' ? name[1] : at[1]);
        return;
    }
    uint32_t code = (uint32_t)afmon_json_hex4(at + 2, end);
    if (length == 12)
        code = 0x10000 + ((code - 0xD800) << 10) + ((uint32_t)afmon_json_hex4(at + 8, end) - 0xDC00);
    else if (code >= 0xD800 && code <= 0xDFFF)
        code = 0xFFFD;
    add_character(buffer, code);
}

void afmon_json_unescape(struct afmon_buffer *buffer, const char *raw, size_t length)
{
    const char *end = raw + length;
    while (raw < end) {
        const char *escape = memchr(raw, '\\', (size_t)(end - raw));
        if (escape == NULL)
            escape = end;
        afmon_buffer_add(buffer, raw, (size_t)(escape - raw));
        raw = escape;
        if (escape < end) {
            size_t part = afmon_json_escape_length(escape, end);
            add_escaped(buffer, escape, end, part);
            raw += part;
        }
    }
}
