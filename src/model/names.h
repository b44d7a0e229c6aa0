/* Things that a run names, at most AFMON_NAMES_MAX of a kind, whatever the run invents: those that come first in order
 * of their names are kept, all others are one, "(other)". So what is kept depends on which names there are, and not on
 * the order in which they were met: a run may be read from its end.
 *
 * A name that another one pushes out is merged into "(other)". It comes after all that are kept, now and later, so what
 * is kept has lost nothing. */
#ifndef AFMON_MODEL_NAMES_H
#define AFMON_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"

#define AFMON_NAMES_MAX 1000
#define AFMON_NAME_SHOWN_MAX 200 /* bytes that are kept of a name's part */

/* A name may have two parts, and belong to one of several kinds: smaller ones come first. */
struct afmon_name {
    const char *first;
    size_t first_length;
    const char *second;
    size_t second_length;
    unsigned kind;
};

/* As it is shown: UTF-8 without NUL, NUL ended, cut. */
struct afmon_named {
    char *first;
    char *second;
    unsigned kind;
    uint64_t hash[2]; /* of the whole name: names that look alike where they are cut are told apart */
    void *item;
};

/* What is kept for each name. */
struct afmon_names_kind {
    size_t item_size; /* zeroed for a new name */
    void (*merge)(void *user, void *into, void *from);
    void (*free)(void *user, void *item); /* what it holds */
};

struct afmon_names {
    const struct afmon_names_kind *of;
    void *user;
    struct afmon_named *kept;
    uint32_t count;
    uint32_t capacity;
    struct afmon_table table;
    uint32_t last;  /* of the kept ones: that which comes last in order; where count is AFMON_NAMES_MAX */
    uint64_t moved; /* how often names were pushed out: items given before may be gone */
    void *other;    /* NULL: there is none */
};

void afmon_names_init(struct afmon_names *names, const struct afmon_names_kind *of, void *user);

/* The item of a name, made where there is none. NULL: no memory. */
void *afmon_names_item(struct afmon_names *names, const struct afmon_name *name);

/* A name as it is shown (struct afmon_named); freed by the caller. NULL: no memory. */
char *afmon_name_shown(const char *text, size_t length);

/* How many there are, "(other)" included as the last one; and one of them. */
size_t afmon_names_count(const struct afmon_names *names);
struct afmon_named afmon_names_at(const struct afmon_names *names, size_t index);

/* About what they take, without what items point to. */
size_t afmon_names_bytes(const struct afmon_names *names);

void afmon_names_free(struct afmon_names *names);

#endif
