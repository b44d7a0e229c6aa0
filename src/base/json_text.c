#include "base/plain.h"
#include "base/text.h"
#include "base/utf8.h"

/* Length of what text begins with that stands in a JSON string as it is: plain ASCII and well-formed UTF-8. */
static size_t plain_run(const char *text, size_t length)
{
    size_t at = 0;
    while ((at += afmon_plain_run(text + at, length - at)) < length) {
        bool well_formed = false;
        size_t part = 0;
        if ((unsigned char)text[at] >= 0x80)
            part = afmon_utf8_part(text + at, length - at, &well_formed);
        if (!well_formed)
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

void afmon_buffer_add_json_body(struct afmon_buffer *buffer, const char *text, size_t length)
{
    while (length > 0 && !buffer->failed) {
        size_t run = plain_run(text, length);
        afmon_buffer_add(buffer, text, run);
        if (run < length)
            run += add_in_place_of(buffer, text + run, length - run);
        text += run;
        length -= run;
    }
}

void afmon_buffer_add_json_string(struct afmon_buffer *buffer, const char *text, size_t length)
{
    size_t start = buffer->length;
    if (!afmon_buffer_reserve(buffer, length + 2)) /* nothing is ever written shorter than it was */
        return;
    afmon_buffer_add_char(buffer, '"');
    afmon_buffer_add_json_body(buffer, text, length);
    afmon_buffer_add_char(buffer, '"');
    if (buffer->failed)
        buffer->length = start;
}
