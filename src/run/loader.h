/* Metrics files into a store. */
#ifndef AFMON_RUN_LOADER_H
#define AFMON_RUN_LOADER_H

#include "run/problems.h"
#include "store/source.h"
#include "store/store.h"

struct afmon_loader; /* opaque; one thread, which owns the store meanwhile */

struct afmon_loader *afmon_loader_new(struct afmon_store *store); /* NULL: no memory */
void afmon_loader_free(struct afmon_loader *loader);              /* before the store is released */

struct afmon_load {
    struct afmon_source source;
    const char *label;  /* how problems name the file */
    bool tolerate_torn; /* another process may be writing its last line */
    struct afmon_problems *problems;
    struct afmon_problems *warnings;             /* of the file's times */
    int (*progress)(void *user, uint64_t bytes); /* of this file; non-zero: AFMON_E_CANCELLED; may be NULL */
    void *user;
};

/* Appends the samples of a file to the store, in the file's order. */
afmon_status afmon_load_file(struct afmon_loader *loader, const struct afmon_load *load, afmon_error *error);

/* Appends the sample of one line, without its newline. *sample: what was appended, until the next call. AFMON_E_FORMAT:
 * it is none; AFMON_E_NO_MEMORY. It is in the store when afmon_load_settle returns, at the latest. */
afmon_status afmon_load_line(struct afmon_loader *loader, const char *line, size_t length,
                             const struct afmon_store_sample **sample);
void afmon_load_settle(struct afmon_loader *loader);

#endif
