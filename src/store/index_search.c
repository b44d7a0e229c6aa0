#include "store/index_search.h"

#include <stdlib.h>
#include <string.h>

#include "store/index_search_internal.h"

/* Children are in later pages than their parents: backwards, each page is complete when it is added to its parent. */
static void sum_pages(struct afmon_search *search)
{
    const struct afmon_index *index = search->source.index;
    for (uint32_t page = index->page_count; page-- > 0;) {
        uint32_t parent = index->pages[page].parent;
        if (parent == AFMON_INDEX_NO_SLOT)
            continue;
        const uint32_t *slots = &search->totals[page * AFMON_INDEX_FAN];
        uint32_t sum = 0;
        for (uint32_t digit = 0; digit < AFMON_INDEX_FAN; digit++)
            sum += slots[digit];
        search->totals[parent] += sum;
    }
}

static void subtract(uint32_t *restrict out, const uint32_t *restrict now, const uint32_t *restrict then, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = now[i] - then[i];
}

static bool reserve_slots(struct afmon_search *search, size_t slots)
{
    if (slots <= search->slot_capacity)
        return true;
    uint32_t *own = realloc(search->own, 2 * slots * sizeof *own);
    if (own == NULL)
        return false;
    search->own = own;
    search->slot_capacity = slots;
    return true;
}

static bool count_slots(struct afmon_search *search)
{
    const struct afmon_index *index = search->source.index;
    const struct afmon_checkpoint *checkpoint = search->source.checkpoint;
    uint32_t slots = index == NULL ? 0 : afmon_index_slot_count(index);
    if (slots == 0)
        return true;
    if (!reserve_slots(search, slots))
        return false;
    search->totals = search->own + slots;
    uint32_t known = checkpoint == NULL || checkpoint->slot_count > slots ? slots : checkpoint->slot_count;
    subtract(search->own, index->counts, checkpoint == NULL ? index->removed : checkpoint->counts, known);
    memcpy(search->own + known, index->counts + known, (slots - known) * sizeof *search->own);
    memcpy(search->totals, search->own, slots * sizeof *search->own);
    sum_pages(search);
    return true;
}

static bool reserve_sketch(struct afmon_search *search, size_t classes)
{
    if (classes <= search->sketch_capacity)
        return true;
    struct afmon_weight *weights = realloc(search->sketch, classes * sizeof *weights);
    if (weights == NULL)
        return false;
    search->sketch = weights;
    search->sketch_capacity = classes;
    return true;
}

static bool weigh_sketch(struct afmon_search *search)
{
    const struct afmon_shared_sketch *sketch = search->source.sketch;
    search->sketch_count = 0;
    if (sketch == NULL)
        return true;
    if (!reserve_sketch(search, sketch->class_count))
        return false;
    for (uint32_t i = 0; i < sketch->class_count; i++) {
        search->sketch[i].key = afmon_shared_sketch_key(&sketch->classes[i]);
        search->sketch[i].count = sketch->classes[i].count;
    }
    search->sketch_count = sketch->class_count;
    return true;
}

static int by_leading(const void *a, const void *b)
{
    uint32_t x = ((const struct afmon_search_root *)a)->leading;
    uint32_t y = ((const struct afmon_search_root *)b)->leading;
    return (x > y) - (x < y);
}

/* Counts values that begin with leading; the roots that are met are listed. */
static void count_root(struct afmon_search *search, uint64_t leading, uint64_t count)
{
    if (count > 0 && search->counts[leading] == 0)
        search->roots[search->root_count++].leading = (uint32_t)leading;
    search->counts[leading] += count;
}

static void count_beside(struct afmon_search *search)
{
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    for (size_t i = 0; i < search->source.key_count; i++) {
        uint64_t key = search->source.keys[i];
        low = key < low ? key : low;
        high = key > high ? key : high;
        count_root(search, key >> AFMON_INDEX_ROOT_SHIFT, 1);
    }
    search->beside_low = low;
    search->beside_high = high;
}

static void count_roots(struct afmon_search *search)
{
    const struct afmon_search_source *source = &search->source;
    search->root_count = 0;
    for (uint32_t i = 0; source->index != NULL && i < source->index->root_count; i++) {
        uint16_t leading = source->index->root_order[i];
        count_root(search, leading, search->totals[source->index->roots[leading] - 1]);
    }
    count_beside(search);
    for (size_t i = 0; i < search->sketch_count; i++)
        count_root(search, search->sketch[i].key >> AFMON_INDEX_ROOT_SHIFT, search->sketch[i].count);
}

static void list_roots(struct afmon_search *search)
{
    qsort(search->roots, search->root_count, sizeof *search->roots, by_leading);
    search->count = 0;
    for (size_t i = 0; i < search->root_count; i++) {
        struct afmon_search_root *root = &search->roots[i];
        root->count = search->counts[root->leading];
        search->count += root->count;
        search->counts[root->leading] = 0;
    }
}

struct afmon_search *afmon_search_new(void)
{
    return calloc(1, sizeof(struct afmon_search));
}

bool afmon_search_begin(struct afmon_search *search, const struct afmon_search_source *source)
{
    search->source = *source;
    if (!count_slots(search) || !weigh_sketch(search))
        return false;
    count_roots(search);
    list_roots(search);
    return true;
}

void afmon_search_free(struct afmon_search *search)
{
    if (search == NULL)
        return;
    free(search->own);
    free(search->sketch);
    free(search->found.keys);
    free(search->found.weights);
    free(search);
}

size_t afmon_search_bytes(const struct afmon_search *search)
{
    return sizeof *search + 2 * search->slot_capacity * sizeof *search->own +
           (search->sketch_capacity + search->found.weight_capacity) * sizeof *search->sketch +
           search->found.capacity * sizeof *search->found.keys;
}

uint64_t afmon_search_count(const struct afmon_search *search)
{
    return search->count;
}
