/* From the metadata text of a line to its set, so that metadata that comes again is neither parsed nor packed again. */
#ifndef AFMON_RUN_SET_CACHE_H
#define AFMON_RUN_SET_CACHE_H

#include "catalog/sets.h"

/* Texts that do not come again (feedback) must not fill memory: at either bound the cache begins anew. */
#define AFMON_SET_CACHE_ENTRIES 16384
#define AFMON_SET_CACHE_BYTES ((size_t)8 << 20)

struct afmon_set_cache; /* opaque; one thread */

struct afmon_set_cache *afmon_set_cache_new(void);        /* NULL: no memory */
void afmon_set_cache_free(struct afmon_set_cache *cache); /* before the table of sets */

/* The set of that text with one more reference, or NULL. *hash is what afmon_set_cache_put wants. */
struct afmon_set *afmon_set_cache_find(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t *hash);

/* Remembers a text (copied) and its set (held). Does nothing where memory is short: the text is parsed again. */
void afmon_set_cache_put(struct afmon_set_cache *cache, const char *text, size_t length, uint64_t hash,
                         struct afmon_set *set);

#endif
