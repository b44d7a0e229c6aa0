#include "base/suggest.h"

#include <string.h>

#define MOST 40 /* longer words have no suggestions */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance of words of at most MOST bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t row[MOST + 1];
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(change, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}

const char *afmon_suggest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(word);
    size_t best_distance = 2 + length / 4; /* from there on it is another word */
    if (length == 0 || length > MOST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > MOST)
            continue;
        size_t far = strncmp(word, words[i], length) == 0 ? 0 : distance(word, words[i]);
        if (far < best_distance) {
            best = words[i];
            best_distance = far;
        }
    }
    return best;
}
