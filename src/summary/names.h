/* Names that a run invents, numbered 0, 1, 2 ... as they are met: at most AFMON_NAMES_MOST of them, so that memory is
 * bounded; all further ones are one and the same, AFMON_NAMES_OTHER. */
#ifndef AFMON_SUMMARY_NAMES_H
#define AFMON_SUMMARY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_NAMES_MOST 1000
#define AFMON_NAMES_OTHER AFMON_NAMES_MOST
#define AFMON_NAME_SHOWN 200 /* bytes that are kept of a name */

/* A name may have two parts, and belong to one of several kinds. */
struct afmon_name {
    const char *first;
    size_t first_length;
    const char *second;
    size_t second_length;
    unsigned kind;
};

/* As it is shown: UTF-8 without NUL, NUL ended, cut. */
struct afmon_kept_name {
    uint64_t hash[2]; /* of the whole name; 128 bits, seeded: that two names share one is not to be expected */
    unsigned kind;
    char *first;
    char *second;
};

struct afmon_names {
    struct afmon_kept_name *kept;
    uint32_t count;
    uint32_t capacity;
    uint16_t *slots; /* numbers + 1, by hash; at most half in use */
    uint32_t slot_count;
    uint64_t seed;
    bool other; /* asked for more than there is room for */
};

void afmon_names_init(struct afmon_names *names);

/* The number of a name. Where memory is short it is AFMON_NAMES_OTHER, too, and *lost is set. */
uint32_t afmon_names_number(struct afmon_names *names, const struct afmon_name *name, bool *lost);

void afmon_names_free(struct afmon_names *names);

#endif
