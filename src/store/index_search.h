/* Finding order statistics of a part of an index's values together with values beside it. */
#ifndef AFMON_STORE_INDEX_SEARCH_H
#define AFMON_STORE_INDEX_SEARCH_H

#include <afmon/afmon.h>

#include "store/index.h"
#include "store/shared_sketch.h"

/* What is searched: all of this together. */
struct afmon_search_source {
    const struct afmon_index *index;           /* NULL: none */
    const struct afmon_checkpoint *checkpoint; /* values added since then; NULL: all values of the index */
    const uint64_t *keys;                      /* further keys */
    size_t key_count;
    const struct afmon_shared_sketch *sketch; /* NULL: none */
};

struct afmon_search; /* opaque */

/* A search can be begun again and again; it keeps its memory. NULL: no memory. */
struct afmon_search *afmon_search_new(void);
void afmon_search_free(struct afmon_search *search); /* NULL is fine */
size_t afmon_search_bytes(const struct afmon_search *search);

/* Takes some microseconds. The source must stay as it is while pairs are asked for. False: no memory. */
bool afmon_search_begin(struct afmon_search *search, const struct afmon_search_source *source);

uint64_t afmon_search_count(const struct afmon_search *search);

/* The keys at rank (from 0; below the count) and rank + 1, or the last one twice. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_search_pair(struct afmon_search *search, uint64_t rank, uint64_t pair[2]);

#endif
