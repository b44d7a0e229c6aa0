/* Where the items of a sealed chunk's samples stand, mostly in less than two bytes each: samples of an item follow each
 * other. For each page of 256 samples there is a list of the different places in it, and for each sample a byte that
 * says which one of them. */
#ifndef AFMON_STORE_ITEM_COLUMN_H
#define AFMON_STORE_ITEM_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define AFMON_ITEM_PAGE 256
#define AFMON_ITEM_PAGES ((AFMON_CHUNK_SAMPLES + AFMON_ITEM_PAGE - 1) / AFMON_ITEM_PAGE)

struct afmon_item_column {
    uint16_t starts[AFMON_ITEM_PAGES + 1]; /* of the pages in lists, and the end of the last one */
    uint16_t lists[AFMON_CHUNK_SAMPLES];
    uint8_t which[AFMON_CHUNK_SAMPLES];
    uint32_t count;
};

/* count: at most AFMON_CHUNK_SAMPLES. */
void afmon_item_column_of(struct afmon_item_column *column, const uint16_t *places, uint32_t count);

/* The same in one piece: what it takes, and written there. */
size_t afmon_item_column_bytes(const struct afmon_item_column *column);
void afmon_item_column_write(const struct afmon_item_column *column, uint16_t *out);

/* The place of a sample; count: of all that are in it. */
uint16_t afmon_item_column_at(const uint16_t *written, uint32_t count, size_t index);

#endif
