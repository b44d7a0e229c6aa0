/* Counts, for the command, too, which has a copy of this. */
#include "base/digits.h"
#include "base/words.h"

struct afmon_words afmon_words_count(uint64_t count)
{
    char digits[AFMON_DIGITS_SIZE];
    struct afmon_words words;
    size_t length = afmon_write_digits(digits, count);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            words.text[used++] = ',';
        words.text[used++] = digits[i];
    }
    words.text[used] = '\0';
    return words;
}
