/* A search from the inside: index_search.c counts what there is to search, index_descend.c goes down the tree. */
#ifndef AFMON_STORE_INDEX_SEARCH_INTERNAL_H
#define AFMON_STORE_INDEX_SEARCH_INTERNAL_H

#include "store/index_internal.h"
#include "store/index_search.h"

/* A leading part of keys (13 bits), and how many values begin with it. */
struct afmon_search_root {
    uint32_t leading;
    uint64_t count;
};

/* Keys that were collected on the way down, and equal ones as weights. */
struct afmon_candidates {
    uint64_t *keys;
    size_t count;
    size_t capacity;
    struct afmon_weight *weights;
    size_t weight_count;
    size_t weight_capacity;
};

/* Its memory is kept from one search to the next. */
struct afmon_search {
    struct afmon_search_source source;
    uint32_t *own;    /* by slot: values of its own list that are searched */
    uint32_t *totals; /* by slot: those, and its children's */
    size_t slot_capacity;
    struct afmon_weight *sketch; /* weights of the sketch, sorted */
    size_t sketch_count;
    size_t sketch_capacity;
    uint64_t count;
    struct afmon_candidates found;
    unsigned free_bits;  /* how many bits the keys that were found may differ in, from the last one up */
    uint64_t beside_low; /* smallest and greatest key beside the index */
    uint64_t beside_high;
    bool beside_waits; /* all of them are candidates, but not in `found` yet */
    size_t root_count;
    struct afmon_search_root roots[AFMON_INDEX_ROOTS];
    uint64_t counts[AFMON_INDEX_ROOTS]; /* all 0 between searches */
};

#endif
