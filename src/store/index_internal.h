/* The index's tree, for the files that build, prune and search it. */
#ifndef AFMON_STORE_INDEX_INTERNAL_H
#define AFMON_STORE_INDEX_INTERNAL_H

#include "store/index.h"

#define AFMON_INDEX_ROOTS 8192 /* by the key's 13 leading bits */
#define AFMON_INDEX_ROOT_SHIFT 51
#define AFMON_INDEX_DIGIT_BITS 3
#define AFMON_INDEX_FAN 8
#define AFMON_INDEX_MAX_PAGES 4096 /* slots are numbered by 16 bits */
#define AFMON_INDEX_NO_PAGE UINT16_MAX
#define AFMON_INDEX_NO_SLOT UINT32_MAX

/* Values of a slot, in order of arrival. */
struct afmon_index_block {
    struct afmon_index_block *next;
    uint32_t capacity;
    uint32_t count;
    uint64_t keys[];
};

/* The list of a slot: first run_end - removed times run_key, then the blocks' keys. */
struct afmon_index_list {
    struct afmon_index_block *first;
    struct afmon_index_block *last;
    uint64_t run_key;
    uint32_t run_end; /* as counts and removed: values ever; never behind removed */
    uint32_t skip;    /* keys of the first block that are removed */
};

struct afmon_index_page {
    uint32_t parent; /* slot; AFMON_INDEX_NO_SLOT for a page of roots, and for a free one */
    bool free;
};

/* By slot number (page * AFMON_INDEX_FAN + digit), apart from `pages`. */
struct afmon_index {
    uint32_t *counts;
    uint32_t *removed;
    uint16_t *child; /* page, or AFMON_INDEX_NO_PAGE */
    struct afmon_index_list *lists;
    struct afmon_index_page *pages;
    uint32_t page_count;
    uint32_t page_capacity;
    uint32_t root_page; /* the page that the next new root comes from */
    uint32_t root_next; /* its slot of root_page; AFMON_INDEX_FAN: take a new page */
    uint32_t root_count;
    uint16_t *root_order; /* leading bits that have a slot, sorted */
    uint32_t root_capacity;
    uint32_t free_pages;
    uint64_t total;
    size_t bytes;
    uint16_t roots[AFMON_INDEX_ROOTS]; /* slot + 1; 0: none */
};

static inline uint32_t afmon_index_slot_count(const struct afmon_index *index)
{
    return index->page_count * AFMON_INDEX_FAN;
}

static inline uint32_t afmon_index_child_slot(uint32_t page, uint64_t key, unsigned shift)
{
    return page * AFMON_INDEX_FAN + (uint32_t)((key >> shift) & (AFMON_INDEX_FAN - 1));
}

/* How many of a slot's own values are of the run. */
static inline uint32_t afmon_index_run(const struct afmon_index *index, uint32_t slot)
{
    return index->lists[slot].run_end - index->removed[slot];
}

#endif
