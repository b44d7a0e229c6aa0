#include "base/suggest.h"

#include <string.h>

#define MOST 40 /* longer words have no suggestions */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, with a swap of neighbours as one step. Words are of at most MOST bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][MOST + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_before[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
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
