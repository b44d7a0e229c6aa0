/* Taking values out of the index, oldest first, and giving back the pages that have become empty. */
#include <stdlib.h>

#include "store/index_internal.h"
#include "base/order.h"

static void drop_first_block(struct afmon_index *index, struct afmon_index_list *list)
{
    struct afmon_index_block *block = list->first;
    index->bytes -= sizeof *block + block->capacity * sizeof block->keys[0];
    list->first = block->next;
    if (list->first == NULL)
        list->last = NULL;
    list->skip = 0;
    free(block);
}

/* Removes the slot's oldest `count` values, which it has. */
static void remove_front(struct afmon_index *index, uint32_t slot, uint32_t count)
{
    struct afmon_index_list *list = &index->lists[slot];
    uint32_t run = afmon_index_run(index, slot);
    uint32_t left = count > run ? count - run : 0;
    index->removed[slot] += count;
    index->total -= count;
    if (count > run)
        list->run_end = index->removed[slot];
    while (left > 0) {
        uint32_t held = list->first->count - list->skip;
        if (left < held) {
            list->skip += left;
            break;
        }
        left -= held;
        drop_first_block(index, list);
    }
}

static bool page_is_empty(const struct afmon_index *index, uint32_t page)
{
    for (uint32_t slot = page * AFMON_INDEX_FAN; slot < (page + 1) * AFMON_INDEX_FAN; slot++) {
        if (index->counts[slot] != index->removed[slot] || index->child[slot] != AFMON_INDEX_NO_PAGE)
            return false;
    }
    return true;
}

/* Children are in later pages than their parents: backwards, a page whose children go can go as well. */
static void free_empty_pages(struct afmon_index *index)
{
    for (uint32_t page = index->page_count; page-- > 0;) {
        struct afmon_index_page *here = &index->pages[page];
        if (here->free || here->parent == AFMON_INDEX_NO_SLOT || !page_is_empty(index, page))
            continue;
        index->child[here->parent] = AFMON_INDEX_NO_PAGE;
        here->parent = AFMON_INDEX_NO_SLOT;
        here->free = true;
        index->free_pages++;
    }
}

void afmon_index_remove_before(struct afmon_index *index, const struct afmon_checkpoint *checkpoint)
{
    uint32_t slots = afmon_index_slot_count(index);
    if (checkpoint != NULL && checkpoint->slot_count < slots)
        slots = checkpoint->slot_count; /* later slots have only later values */
    for (uint32_t slot = 0; slot < slots; slot++) {
        uint32_t until = checkpoint == NULL ? index->counts[slot] : checkpoint->counts[slot];
        if (until != index->removed[slot])
            remove_front(index, slot, until - index->removed[slot]);
    }
    free_empty_pages(index);
}

/* The oldest value with a key is in the first slot on its way that holds anything: a slot's own list came to its end
 * before its page began. */
static void remove_one(struct afmon_index *index, uint64_t key)
{
    uint32_t slot = index->roots[key >> AFMON_INDEX_ROOT_SHIFT];
    if (slot == 0)
        return;
    slot--;
    unsigned shift = AFMON_INDEX_ROOT_SHIFT - AFMON_INDEX_DIGIT_BITS;
    while (index->counts[slot] == index->removed[slot]) {
        if (index->child[slot] == AFMON_INDEX_NO_PAGE)
            return;
        slot = afmon_index_child_slot(index->child[slot], key, shift);
        shift -= AFMON_INDEX_DIGIT_BITS;
    }
    remove_front(index, slot, 1);
}

void afmon_index_remove_oldest(struct afmon_index *index, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (afmon_order_is_finite(values[i]))
            remove_one(index, afmon_order_key(values[i]));
    }
    free_empty_pages(index);
}
