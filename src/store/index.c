#include "store/index.h"

#include <stdlib.h>
#include <string.h>

#include "store/index_internal.h"
#include "base/order.h"

/* A slot becomes a page when it holds this many values, and more than one in HEAVY_SHARE of all. So the leaves hold few
 * enough values to be looked through, and there are few enough of them for a checkpoint to be small. */
#define HEAVY 512
#define HEAVY_SHARE 2048

/* A list's next block is as large as this part of what it holds, within bounds: little is unused, and blocks are few.
 */
#define BLOCK_SHARE 8
#define BLOCK_SMALLEST 4
#define BLOCK_LARGEST 510

struct afmon_index *afmon_index_new(void)
{
    struct afmon_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return NULL;
    index->root_next = AFMON_INDEX_FAN;
    index->bytes = sizeof *index;
    return index;
}

static void free_blocks(struct afmon_index_block *block)
{
    while (block != NULL) {
        struct afmon_index_block *next = block->next;
        free(block);
        block = next;
    }
}

void afmon_index_free(struct afmon_index *index)
{
    if (index == NULL)
        return;
    for (uint32_t slot = 0; slot < afmon_index_slot_count(index); slot++)
        free_blocks(index->lists[slot].first);
    free(index->counts);
    free(index->removed);
    free(index->child);
    free(index->lists);
    free(index->pages);
    free(index->root_order);
    free(index);
}

size_t afmon_index_bytes(const struct afmon_index *index)
{
    return index == NULL ? 0 : index->bytes;
}

uint64_t afmon_index_count(const struct afmon_index *index)
{
    return index->total;
}

/* ---- Pages ---- */

static size_t page_bytes(void)
{
    return sizeof(struct afmon_index_page) +
           AFMON_INDEX_FAN * (2 * sizeof(uint32_t) + sizeof(uint16_t) + sizeof(struct afmon_index_list));
}

static bool grow_pages(struct afmon_index *index)
{
    uint32_t capacity = index->page_capacity + index->page_capacity / 2 + 4;
    size_t slots = (size_t)capacity * AFMON_INDEX_FAN;
    uint32_t *counts = realloc(index->counts, slots * sizeof *counts);
    index->counts = counts == NULL ? index->counts : counts;
    uint32_t *removed = realloc(index->removed, slots * sizeof *removed);
    index->removed = removed == NULL ? index->removed : removed;
    uint16_t *child = realloc(index->child, slots * sizeof *child);
    index->child = child == NULL ? index->child : child;
    struct afmon_index_list *lists = realloc(index->lists, slots * sizeof *lists);
    index->lists = lists == NULL ? index->lists : lists;
    struct afmon_index_page *pages = realloc(index->pages, capacity * sizeof *pages);
    index->pages = pages == NULL ? index->pages : pages;
    if (counts == NULL || removed == NULL || child == NULL || lists == NULL || pages == NULL)
        return false;
    index->bytes += (capacity - index->page_capacity) * page_bytes();
    index->page_capacity = capacity;
    return true;
}

static void clear_slots(struct afmon_index *index, uint32_t page)
{
    size_t first = (size_t)page * AFMON_INDEX_FAN;
    memset(&index->counts[first], 0, AFMON_INDEX_FAN * sizeof *index->counts);
    memset(&index->removed[first], 0, AFMON_INDEX_FAN * sizeof *index->removed);
    memset(&index->lists[first], 0, AFMON_INDEX_FAN * sizeof *index->lists);
    memset(&index->child[first], 0xff, AFMON_INDEX_FAN * sizeof *index->child);
}

/* A free page behind `after`: the search sums children before their parents by going through the pages backwards. */
static uint32_t take_free_page(struct afmon_index *index, uint32_t after)
{
    for (uint32_t page = after; page < index->page_count; page++) {
        if (index->pages[page].free)
            return page;
    }
    return AFMON_INDEX_NO_PAGE;
}

/* A page for the children of a slot (or for roots); AFMON_INDEX_NO_PAGE where there is no memory or no number left. */
static uint32_t make_page(struct afmon_index *index, uint32_t parent)
{
    uint32_t after = parent == AFMON_INDEX_NO_SLOT ? 0 : parent / AFMON_INDEX_FAN + 1;
    uint32_t page = index->free_pages > 0 ? take_free_page(index, after) : AFMON_INDEX_NO_PAGE;
    if (page != AFMON_INDEX_NO_PAGE) {
        index->free_pages--;
    } else {
        if (index->page_count == AFMON_INDEX_MAX_PAGES ||
            (index->page_count == index->page_capacity && !grow_pages(index)))
            return AFMON_INDEX_NO_PAGE;
        page = index->page_count++;
        clear_slots(index, page);
    }
    index->pages[page] = (struct afmon_index_page){.parent = parent};
    return page;
}

/* ---- Roots ---- */

static bool note_root(struct afmon_index *index, uint16_t leading)
{
    if (index->root_count == index->root_capacity) {
        uint32_t capacity = index->root_capacity == 0 ? 16 : index->root_capacity * 2;
        uint16_t *order = realloc(index->root_order, capacity * sizeof *order);
        if (order == NULL)
            return false;
        index->root_order = order;
        index->bytes += (capacity - index->root_capacity) * sizeof *index->root_order;
        index->root_capacity = capacity;
    }
    uint32_t at = index->root_count++;
    for (; at > 0 && index->root_order[at - 1] > leading; at--)
        index->root_order[at] = index->root_order[at - 1];
    index->root_order[at] = leading;
    return true;
}

static uint32_t make_root(struct afmon_index *index, uint16_t leading)
{
    if (index->root_next == AFMON_INDEX_FAN) {
        uint32_t page = make_page(index, AFMON_INDEX_NO_SLOT);
        if (page == AFMON_INDEX_NO_PAGE)
            return AFMON_INDEX_NO_SLOT;
        index->root_page = page;
        index->root_next = 0;
    }
    if (!note_root(index, leading))
        return AFMON_INDEX_NO_SLOT;
    uint32_t slot = index->root_page * AFMON_INDEX_FAN + index->root_next++;
    index->roots[leading] = (uint16_t)(slot + 1);
    return slot;
}

/* ---- Adding ---- */

static bool add_block(struct afmon_index *index, struct afmon_index_list *list, uint32_t held)
{
    uint32_t capacity = held / BLOCK_SHARE;
    capacity = capacity < BLOCK_SMALLEST ? BLOCK_SMALLEST : capacity > BLOCK_LARGEST ? BLOCK_LARGEST : capacity;
    size_t bytes = sizeof(struct afmon_index_block) + capacity * sizeof(uint64_t);
    struct afmon_index_block *block = malloc(bytes);
    if (block == NULL)
        return false;
    block->next = NULL;
    block->capacity = capacity;
    block->count = 0;
    if (list->last == NULL)
        list->first = block;
    else
        list->last->next = block;
    list->last = block;
    index->bytes += bytes;
    return true;
}

static bool is_heavy(const struct afmon_index *index, uint32_t held)
{
    return held >= HEAVY && (uint64_t)held * HEAVY_SHARE > index->total;
}

/* The slot that a key comes to now; *shift is the place of the digit that a page of it would go by. */
static uint32_t leaf_of(struct afmon_index *index, uint64_t key, int *shift)
{
    uint32_t slot = index->roots[key >> AFMON_INDEX_ROOT_SHIFT];
    *shift = AFMON_INDEX_ROOT_SHIFT - AFMON_INDEX_DIGIT_BITS;
    if (slot == 0)
        return make_root(index, (uint16_t)(key >> AFMON_INDEX_ROOT_SHIFT));
    slot--;
    for (uint16_t page = index->child[slot]; page != AFMON_INDEX_NO_PAGE; page = index->child[slot]) {
        slot = afmon_index_child_slot(page, key, (unsigned)*shift);
        *shift -= AFMON_INDEX_DIGIT_BITS;
    }
    return slot;
}

/* The slot that takes the key where the one that it came to has no room left in its last block: that one, with a new
 * block, or one of a new page. */
static uint32_t make_room(struct afmon_index *index, uint32_t slot, uint64_t key, int shift)
{
    uint32_t held = index->counts[slot] - index->removed[slot];
    if (shift >= 0 && is_heavy(index, held)) {
        uint32_t page = make_page(index, slot);
        if (page != AFMON_INDEX_NO_PAGE) {
            index->child[slot] = (uint16_t)page;
            return make_room(index, afmon_index_child_slot(page, key, (unsigned)shift), key,
                             shift - AFMON_INDEX_DIGIT_BITS);
        }
    }
    struct afmon_index_list *list = &index->lists[slot];
    if (held == 0) /* begins with a run */
        return slot;
    return add_block(index, list, held - afmon_index_run(index, slot)) ? slot : AFMON_INDEX_NO_SLOT;
}

static bool has_room(const struct afmon_index_list *list)
{
    return list->last != NULL && list->last->count < list->last->capacity;
}

static bool add_key(struct afmon_index *index, uint64_t key)
{
    int shift;
    uint32_t slot = leaf_of(index, key, &shift);
    if (slot == AFMON_INDEX_NO_SLOT)
        return false;
    struct afmon_index_list *list = &index->lists[slot];
    bool run = list->last == NULL && (index->counts[slot] == index->removed[slot] || list->run_key == key);
    if (!run && !has_room(list)) {
        slot = make_room(index, slot, key, shift);
        if (slot == AFMON_INDEX_NO_SLOT)
            return false;
        list = &index->lists[slot];
        run = list->last == NULL;
    }
    index->counts[slot]++;
    index->total++;
    if (run) {
        list->run_key = key;
        list->run_end = index->counts[slot];
    } else {
        list->last->keys[list->last->count++] = key;
    }
    return true;
}

bool afmon_index_add(struct afmon_index *index, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (afmon_order_is_finite(values[i]) && !add_key(index, afmon_order_key(values[i])))
            return false;
    }
    return true;
}

/* ---- Checkpoints ---- */

struct afmon_checkpoint *afmon_index_checkpoint(const struct afmon_index *index)
{
    uint32_t slots = afmon_index_slot_count(index);
    struct afmon_checkpoint *checkpoint = malloc(afmon_index_checkpoint_bytes(index));
    if (checkpoint == NULL)
        return NULL;
    checkpoint->slot_count = slots;
    if (slots > 0)
        memcpy(checkpoint->counts, index->counts, slots * sizeof *checkpoint->counts);
    return checkpoint;
}

size_t afmon_checkpoint_bytes(const struct afmon_checkpoint *checkpoint)
{
    return checkpoint == NULL ? 0 : sizeof *checkpoint + checkpoint->slot_count * sizeof checkpoint->counts[0];
}

size_t afmon_index_checkpoint_bytes(const struct afmon_index *index)
{
    return sizeof(struct afmon_checkpoint) + afmon_index_slot_count(index) * sizeof(uint32_t);
}
