#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

static bool byte_is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

/* The same of eight bytes at once. A sum or difference may carry into the next byte, but only from a byte that is not
 * plain itself, so the answer for the whole word is exact. */
static bool word_is_plain(uint64_t word)
{
    uint64_t quotes = word ^ EVERY_BYTE('"');
    uint64_t backslashes = word ^ EVERY_BYTE('\\');
    uint64_t not_plain = word                             /* 0x80 and above */
                         | (word + EVERY_BYTE(1))         /* DEL */
                         | (word - EVERY_BYTE(0x20))      /* control characters */
                         | (quotes - EVERY_BYTE(1))       /* zero where there is a quote */
                         | (backslashes - EVERY_BYTE(1)); /* and likewise */
    return AFMON_WORD_IS_ASCII(not_plain);
}

/* Length of what text begins with that stands in a JSON string as it is: plain ASCII and well-formed UTF-8. */
static size_t plain_run(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        uint64_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (word_is_plain(word)) {
                at += sizeof word;
                continue;
            }
        }
        bool fits = byte_is_plain((unsigned char)text[at]);
        size_t part = 1;
        if (!fits && (unsigned char)text[at] >= 0x80)
            part = afmon_utf8_part(text + at, length - at, &fits);
        if (!fits)
            break;
        at += part;
    }
    return at;
}

static void add_escape(struct afmon_buffer *buffer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    const char *names = "\"\"\\\\\bb\ff\nn\rr\tt"; /* each byte, then the letter of its short form */
    for (; *names != '\0'; names += 2) {
        if ((unsigned char)names[0] == byte) {
            escape[1] = names[1];
            afmon_buffer_add(buffer, escape, 2);
            return;
        }
    }
    afmon_buffer_add(buffer, escape, sizeof escape);
}

/* Adds what stands for the byte or part that ended a plain run; returns how much of text that was. */
static size_t add_in_place_of(struct afmon_buffer *buffer, const char *text, size_t length)
{
    if ((unsigned char)text[0] < 0x80) {
        add_escape(buffer, (unsigned char)text[0]);
        return 1;
    }
    bool well_formed;
    afmon_buffer_add(buffer, AFMON_REPLACEMENT, AFMON_REPLACEMENT_LENGTH);
    return afmon_utf8_part(text, length, &well_formed);
}

void afmon_buffer_add_json_string(struct afmon_buffer *buffer, const char *text, size_t length)
{
    size_t start = buffer->length;
    if (!afmon_buffer_reserve(buffer, length + 2)) /* nothing is ever written shorter than it was */
        return;
    afmon_buffer_add_char(buffer, '"');
    while (length > 0 && !buffer->failed) {
        size_t run = plain_run(text, length);
        afmon_buffer_add(buffer, text, run);
        if (run < length)
            run += add_in_place_of(buffer, text + run, length - run);
        text += run;
        length -= run;
    }
    afmon_buffer_add_char(buffer, '"');
    if (buffer->failed)
        buffer->length = start;
}
