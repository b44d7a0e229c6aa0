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

/* at: after "\u". Returns what follows the escape, or the pair of them; NULL where it is none. */
static const char *skip_unicode_escape(const char *at, const char *end)
{
    int unit = afmon_json_hex4(at, end);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return NULL;
    at += 4;
    if (unit < 0xD800 || unit > 0xDBFF)
        return at;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return NULL;
    int low = afmon_json_hex4(at + 2, end);
    return low >= 0xDC00 && low <= 0xDFFF ? at + 6 : NULL;
}

/* at: the backslash. */
static const char *skip_escape(const char *at, const char *end)
{
    if (end - at < 2)
        return NULL;
    if (at[1] == 'u')
        return skip_unicode_escape(at + 2, end);
    return at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL ? at + 2 : NULL;
}

const char *afmon_json_string_end(const char *at, const char *end, bool *escaped)
{
    while (at != NULL && (at += afmon_plain_run(at, (size_t)(end - at))) < end) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"')
            return at;
        if (byte < 0x20)
            return NULL;
        bool well_formed = true;
        size_t part = 1;
        if (byte >= 0x80)
            part = afmon_utf8_part(at, (size_t)(end - at), &well_formed);
        if (!well_formed)
            return NULL;
        *escaped |= byte == '\\';
        at = byte == '\\' ? skip_escape(at, end) : at + part;
    }
    return NULL;
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

/* at: the backslash of an escape that has been checked. Returns what follows. */
static const char *add_escaped(struct afmon_buffer *buffer, const char *at, const char *end)
{
    static const char names[] = "b\bf\fn\nr\rt\t";
    if (at[1] != 'u') {
        const char *name = names;
        while (*name != '\0' && *name != at[1])
            name += 2;
        afmon_buffer_add_char(buffer, *name != '\0' ? name[1] : at[1]);
        return at + 2;
    }
    uint32_t code = (uint32_t)afmon_json_hex4(at + 2, end);
    if (code < 0xD800 || code > 0xDBFF) {
        add_character(buffer, code);
        return at + 6;
    }
    uint32_t low = (uint32_t)afmon_json_hex4(at + 8, end);
    add_character(buffer, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
    return at + 12;
}

void afmon_json_unescape(struct afmon_buffer *buffer, const char *raw, size_t length)
{
    const char *end = raw + length;
    while (raw < end) {
        const char *escape = memchr(raw, '\\', (size_t)(end - raw));
        if (escape == NULL)
            escape = end;
        afmon_buffer_add(buffer, raw, (size_t)(escape - raw));
        raw = escape < end ? add_escaped(buffer, escape, end) : end;
    }
}
