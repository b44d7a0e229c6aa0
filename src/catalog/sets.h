/* Interned metadata sets: equal metadata is kept once, with its JSON text rendered once.
 *
 * Threads: afmon_sets_intern, _sweep and _free are called by one thread at a time (the owner: a monitor's own thread,
 * or a reader). A reference may be given back from any thread. A set that nobody refers to stays findable until a
 * sweep. */
#ifndef AFMON_CATALOG_SETS_H
#define AFMON_CATALOG_SETS_H

#include <stdatomic.h>
#include <stdint.h>

#include "catalog/fields.h"

struct afmon_set {
    _Atomic uint32_t references;
    uint32_t hash;
    struct afmon_set *next; /* in its hash chain */
    const char *json;       /* `"key": value, ` ... with the trailing separator; empty for no metadata. Not NUL ended.
                               NULL: the set is long, and is rendered when it is written (afmon_sets_take) */
    const void *packed;     /* packed fields (catalog/fields.h), duplicates removed, keys unescaped */
    const char *model;      /* value of "model_name" where that is a string, else NULL; points into packed */
    uint32_t json_length;
    uint32_t packed_length;
    uint32_t model_length;
    uint32_t size; /* bytes of memory in all */
    bool bare;     /* it has the mark of bare samples (catalog/bare.h) */
};

struct afmon_sets; /* opaque */

struct afmon_sets *afmon_sets_new(void); /* NULL: no memory */

/* Frees every set, referred to or not; no call on any of them may be under way. NULL is fine. */
void afmon_sets_free(struct afmon_sets *sets);

/* The set with these packed fields, made where there is none; reference counted up by one. NULL: no memory (or
 * larger than 4 GiB). Equal bytes give the same set. The empty set is one, too. Bytes from the first that is no field
 * on are not in it. */
struct afmon_set *afmon_sets_intern(struct afmon_sets *sets, const void *packed, size_t length);

/* The same with the fields in a buffer; of a long set its memory is taken over, and the buffer is empty then: the text
 * of a whole conversation is in memory once. */
struct afmon_set *afmon_sets_take(struct afmon_sets *sets, struct afmon_buffer *packed);

void afmon_set_hold(struct afmon_set *set);    /* one more reference; any thread that has one */
void afmon_set_release(struct afmon_set *set); /* any thread */

/* Frees sets that nobody refers to, where their bytes may be more than half of all (else returns at once). Returns the
 * bytes freed. */
size_t afmon_sets_sweep(struct afmon_sets *sets);
size_t afmon_sets_bytes(const struct afmon_sets *sets);

#endif
