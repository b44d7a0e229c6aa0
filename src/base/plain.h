/* Plain text: bytes that stand for themselves wherever we write or read them, which nearly all are. */
#ifndef AFMON_BASE_PLAIN_H
#define AFMON_BASE_PLAIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AFMON_EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bit of each of eight bytes that is not plain. A sum or difference may carry into the next byte, but only from
 * a byte that is not plain itself: the first of them is exact. */
static inline uint64_t afmon_not_plain(uint64_t word)
{
    uint64_t quotes = word ^ AFMON_EVERY_BYTE('"');
    uint64_t backslashes = word ^ AFMON_EVERY_BYTE('\\');
    uint64_t flags = word                                   /* 0x80 and above */
                     | (word + AFMON_EVERY_BYTE(1))         /* DEL */
                     | (word - AFMON_EVERY_BYTE(0x20))      /* control characters */
                     | (quotes - AFMON_EVERY_BYTE(1))       /* zero where there is a quote */
                     | (backslashes - AFMON_EVERY_BYTE(1)); /* and likewise */
    return flags & AFMON_EVERY_BYTE(0x80);
}

/* One to seven bytes, and blanks for those that lack. */
static inline uint64_t afmon_load_few(const char *text, size_t length)
{
    uint64_t word = (unsigned char)text[0];
    uint32_t begin;
    uint32_t end;
    if (length >= sizeof begin) {
        memcpy(&begin, text, sizeof begin);
        memcpy(&end, text + length - sizeof end, sizeof end);
        word = begin | (uint64_t)end << 8 * (length - sizeof end);
    } else {
        word |= (uint64_t)(unsigned char)text[length / 2] << 8 * (length / 2);
        word |= (uint64_t)(unsigned char)text[length - 1] << 8 * (length - 1);
    }
    return word | AFMON_EVERY_BYTE(' ') << 8 * length;
}

/* How many bytes text begins with that are plain: U+0020 to U+007E but '"' and '\\'. */
static inline size_t afmon_plain_run(const char *text, size_t length)
{
    size_t at = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t flags;
    for (; length - at >= sizeof flags; at += sizeof flags) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        flags = afmon_not_plain(word);
        if (flags != 0)
            return at + (size_t)__builtin_ctzll(flags) / 8;
    }
    if (at == length)
        return length;
    flags = afmon_not_plain(afmon_load_few(text + at, length - at));
    return flags != 0 ? at + (size_t)__builtin_ctzll(flags) / 8 : length;
#else
    while (at < length && text[at] >= 0x20 && text[at] < 0x7F && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
#endif
}

#endif
