/* What a misspelt word may have been meant to be. */
#ifndef AFMON_BASE_SUGGEST_H
#define AFMON_BASE_SUGGEST_H

#include <stddef.h>

/* The word that is nearest to a given one, or begins with it; NULL where none is near. Any thread. */
const char *afmon_suggest(const char *word, const char *const *words, size_t count);

#endif
