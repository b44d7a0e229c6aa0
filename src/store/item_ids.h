/* The ids of items, in blocks that only grow: a sample's id is a place in one of them. Ids do not repeat from item to
 * item, so they are not interned; those of the last items are found again, so that an item's samples share one place.
 *
 * A block is a counted reference: the store, and each chunk with samples of it, hold one. Its owner writes; what was
 * written never changes. */
#ifndef AFMON_STORE_ITEM_IDS_H
#define AFMON_STORE_ITEM_IDS_H

#include <stdatomic.h>
#include <stdint.h>

#include "catalog/item_id.h"

#define AFMON_ITEM_UNIT 8
#define AFMON_ITEM_UNITS 32768 /* of a block, at most: places fit into 15 bits */

struct afmon_item_block {
    _Atomic uint32_t references;
    uint32_t units; /* room; unit 0 is never a place */
    uint32_t used;
    struct afmon_item_block *newer;
    unsigned char bytes[];
};

/* Where an id stands; unit 0: there is none. */
struct afmon_item_place {
    struct afmon_item_block *block;
    uint32_t unit;
};

struct afmon_item_ids; /* opaque */

struct afmon_item_ids *afmon_item_ids_new(void); /* NULL: no memory */
void afmon_item_ids_free(struct afmon_item_ids *ids);

/* The place of an id, good until afmon_item_ids_sweep and for as long as somebody holds its block. A place is one of
 * the last three blocks that were begun. False: no memory. */
bool afmon_item_ids_put(struct afmon_item_ids *ids, const struct afmon_item_id *id, struct afmon_item_place *place);

/* Frees the oldest blocks that nobody else holds; not the last three. */
void afmon_item_ids_sweep(struct afmon_item_ids *ids);
size_t afmon_item_ids_bytes(const struct afmon_item_ids *ids);

void afmon_item_block_hold(struct afmon_item_block *block);
void afmon_item_block_release(struct afmon_item_block *block); /* any thread; NULL is fine */

/* The id at a place of a block. Its text stays as long as the block. */
struct afmon_item_id afmon_item_block_id(const struct afmon_item_block *block, uint32_t unit);

#endif
