/* Kinds of items as words; the command has this file, too. */
#include <string.h>

#include "base/words.h"

struct afmon_words afmon_words_kinds(const char *kind)
{
    struct afmon_words words;
    kind = kind[0] != '\0' ? kind : "item";
    size_t length = strnlen(kind, sizeof words.text - 2);
    while (length > 1 && ((unsigned char)kind[length] & 0xC0) == 0x80) /* it is cut at a character's end */
        length--;
    memcpy(words.text, kind, length);
    if (words.text[length - 1] != 's')
        words.text[length++] = 's';
    words.text[length] = '\0';
    return words;
}

struct afmon_words afmon_words_kinds_title(const char *kind)
{
    struct afmon_words words = afmon_words_kinds(kind);
    if (words.text[0] >= 'a' && words.text[0] <= 'z')
        words.text[0] = (char)(words.text[0] - 'a' + 'A');
    return words;
}
