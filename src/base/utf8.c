#include "base/utf8.h"

#include <string.h>

#include "base/text.h"

/* What may follow a lead byte (Unicode, table 3-7): its range for the second byte; further ones are 80 to BF. */
struct sequence {
    unsigned char length; /* 0: no lead byte */
    unsigned char second_low;
    unsigned char second_high;
};

static struct sequence sequence_of(unsigned char lead)
{
    if (lead < 0x80)
        return (struct sequence){1, 0, 0};
    if (lead < 0xC2 || lead > 0xF4)
        return (struct sequence){0, 0, 0};
    if (lead < 0xE0)
        return (struct sequence){2, 0x80, 0xBF};
    if (lead < 0xF0)
        return (struct sequence){3, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF};
    return (struct sequence){4, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF};
}

size_t afmon_utf8_part(const char *text, size_t length, bool *well_formed)
{
    struct sequence sequence = sequence_of((unsigned char)text[0]);
    unsigned char low = sequence.second_low;
    unsigned char high = sequence.second_high;
    size_t taken = 1;
    while (taken < sequence.length && taken < length) {
        unsigned char byte = (unsigned char)text[taken];
        if (byte < low || byte > high)
            break;
        low = 0x80;
        high = 0xBF;
        taken++;
    }
    *well_formed = taken == sequence.length;
    return taken;
}

uint32_t afmon_utf8_character(const char *text, size_t length, size_t *size)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    bool well_formed;
    size_t part = afmon_utf8_part(text, length, &well_formed);
    *size = well_formed ? part : 1;
    if (!well_formed)
        return AFMON_NO_CHARACTER;
    uint32_t character = (unsigned char)text[0] & masks[part];
    for (size_t i = 1; i < part; i++)
        character = character << 6 | ((unsigned char)text[i] & 0x3F);
    return character;
}

bool afmon_character_is_hidden(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xFFF9 && c <= 0xFFFB);
    bool direction = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E);
    bool line_end = c == 0x2028 || c == 0x2029;
    bool no_width = c == 0x200B || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
    return control || direction || line_end || no_width;
}

/* Length of the well-formed UTF-8 that text begins with. */
static size_t well_formed_run(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        uint64_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (AFMON_WORD_IS_ASCII(word)) {
                at += sizeof word;
                continue;
            }
        }
        bool well_formed;
        size_t part = afmon_utf8_part(text + at, length - at, &well_formed);
        if (!well_formed)
            break;
        at += part;
    }
    return at;
}

bool afmon_utf8_valid(const char *text, size_t length)
{
    return well_formed_run(text, length) == length;
}

void afmon_buffer_add_utf8(struct afmon_buffer *buffer, const char *text, size_t length)
{
    size_t start = buffer->length;
    while (length > 0 && !buffer->failed) {
        size_t run = well_formed_run(text, length);
        afmon_buffer_add(buffer, text, run);
        if (run < length) {
            bool well_formed;
            run += afmon_utf8_part(text + run, length - run, &well_formed);
            afmon_buffer_add(buffer, AFMON_REPLACEMENT, AFMON_REPLACEMENT_LENGTH);
        }
        text += run;
        length -= run;
    }
    if (buffer->failed)
        buffer->length = start;
}

void afmon_utf8_copy(char *out, size_t size, const char *text, size_t length)
{
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    if (length > 0)
        memcpy(out, text, length);
    out[length] = '\0';
}
