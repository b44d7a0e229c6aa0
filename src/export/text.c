#include "export/text.h"

#include <string.h>

#include "base/utf8.h"

/* Most texts are names of models and metrics: plain ASCII, to be taken as they are. */
static bool is_plain(const char *text, size_t length)
{
    unsigned char all = 0;
    bool nul = false;
    for (size_t i = 0; i < length; i++) {
        all |= (unsigned char)text[i];
        nul |= text[i] == '\0';
    }
    return all < 0x80 && !nul;
}

void afmon_buffer_add_clean(struct afmon_buffer *buffer, const char *text, size_t length)
{
    if (is_plain(text, length)) {
        afmon_buffer_add(buffer, text, length);
        return;
    }
    while (length > 0) {
        const char *nul = memchr(text, '\0', length);
        size_t part = nul == NULL ? length : (size_t)(nul - text);
        afmon_buffer_add_utf8(buffer, text, part);
        if (nul != NULL) {
            afmon_buffer_add_text(buffer, "\xef\xbf\xbd");
            part++;
        }
        text += part;
        length -= part;
    }
}

size_t afmon_units_bytes(size_t bytes)
{
    return bytes;
}

size_t afmon_units_utf16(size_t bytes)
{
    return bytes == 4 ? 2 : 1; /* an ill-formed part has three bytes at most */
}

size_t afmon_text_fitting(const char *text, size_t length, afmon_text_units units, size_t limit)
{
    size_t at = 0;
    for (size_t used = 0; at < length;) {
        bool well_formed;
        size_t part = afmon_utf8_part(text + at, length - at, &well_formed);
        used += units(part);
        if (used > limit)
            break;
        at += part;
    }
    return at;
}
