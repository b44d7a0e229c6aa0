/* From a root of the index down to the leaf that holds a rank, with the values that lie on the way and beside the
 * index. */
#include <stdlib.h>
#include <string.h>

#include "store/index_search_internal.h"

/* So many equal keys are not worth a weight. */
#define FEW_EQUAL 16

/* ---- Collecting ---- */

static bool reserve_keys(struct afmon_candidates *found, size_t more)
{
    if (found->capacity - found->count >= more)
        return true;
    size_t capacity = (found->count + more) + (found->count + more) / 4 + 256;
    uint64_t *keys = realloc(found->keys, capacity * sizeof *keys);
    if (keys == NULL)
        return false;
    found->keys = keys;
    found->capacity = capacity;
    return true;
}

static bool add_weight(struct afmon_candidates *found, struct afmon_weight weight)
{
    if (found->weight_count == found->weight_capacity) {
        size_t capacity = found->weight_capacity * 2 + 16;
        struct afmon_weight *weights = realloc(found->weights, capacity * sizeof *weights);
        if (weights == NULL)
            return false;
        found->weights = weights;
        found->weight_capacity = capacity;
    }
    size_t at = found->weight_count++;
    for (; at > 0 && found->weights[at - 1].key > weight.key; at--)
        found->weights[at] = found->weights[at - 1];
    found->weights[at] = weight;
    return true;
}

/* Adds the last `count` keys of a slot's blocks. */
static void collect_blocks(struct afmon_candidates *found, const struct afmon_index_list *list, uint32_t explicit,
                           uint32_t count)
{
    size_t pass = (size_t)list->skip + (explicit - count);
    for (const struct afmon_index_block *block = list->first; block != NULL; block = block->next) {
        if (block->next != NULL)
            __builtin_prefetch(block->next);
        if (pass >= block->count) {
            pass -= block->count;
            continue;
        }
        memcpy(&found->keys[found->count], &block->keys[pass], (block->count - pass) * sizeof *block->keys);
        found->count += block->count - pass;
        pass = 0;
    }
}

/* Adds equal keys: as a weight, where they are more than FEW_EQUAL; else there is room for them. */
static bool collect_equal(struct afmon_candidates *found, uint64_t key, uint32_t count)
{
    if (count > FEW_EQUAL)
        return add_weight(found, (struct afmon_weight){.key = key, .count = count});
    for (uint32_t i = 0; i < count; i++)
        found->keys[found->count++] = key;
    return true;
}

/* Adds the values of a slot's own list that are searched. */
static bool collect_own(struct afmon_search *search, uint32_t slot)
{
    const struct afmon_index *index = search->source.index;
    uint32_t wanted = search->own[slot];
    if (wanted == 0)
        return true;
    uint32_t run = afmon_index_run(index, slot);
    uint32_t explicit = index->counts[slot] - index->removed[slot] - run;
    uint32_t keys = wanted < explicit ? wanted : explicit;
    if (!reserve_keys(&search->found, (size_t)keys + FEW_EQUAL) ||
        !collect_equal(&search->found, index->lists[slot].run_key, wanted - keys))
        return false;
    collect_blocks(&search->found, &index->lists[slot], explicit, keys);
    return true;
}

/* Adds all keys beside the index. */
static bool collect_beside(struct afmon_search *search)
{
    struct afmon_candidates *found = &search->found;
    search->beside_waits = false;
    if (!reserve_keys(found, search->source.key_count))
        return false;
    memcpy(found->keys + found->count, search->source.keys, search->source.key_count * sizeof *found->keys);
    found->count += search->source.key_count;
    return true;
}

/* Adds those that begin like a root. */
static bool collect_root(struct afmon_search *search, uint64_t leading)
{
    struct afmon_candidates *found = &search->found;
    if (!reserve_keys(found, search->source.key_count))
        return false;
    size_t kept = found->count;
    for (size_t i = 0; i < search->source.key_count; i++) {
        uint64_t key = search->source.keys[i];
        found->keys[kept] = key;
        kept += key >> AFMON_INDEX_ROOT_SHIFT == leading;
    }
    found->count = kept;
    return true;
}

/* Do the keys beside the index agree in all bits from shift up? */
static bool beside_agrees(const struct afmon_search *search, unsigned shift)
{
    return (search->beside_low ^ search->beside_high) >> shift == 0;
}

/* Begins a search at a root, with what is beside the index. As long as all keys beside go the same way they need not be
 * looked at one by one: they wait. */
static bool begin_at(struct afmon_search *search, uint64_t leading)
{
    struct afmon_candidates *found = &search->found;
    found->count = 0;
    found->weight_count = 0;
    search->free_bits = AFMON_INDEX_ROOT_SHIFT;
    for (size_t i = 0; i < search->sketch_count; i++) {
        if (search->sketch[i].key >> AFMON_INDEX_ROOT_SHIFT == leading && !add_weight(found, search->sketch[i]))
            return false;
    }
    search->beside_waits = false;
    if (search->source.key_count == 0)
        return true;
    if (!beside_agrees(search, AFMON_INDEX_ROOT_SHIFT))
        return collect_root(search, leading);
    search->beside_waits = search->beside_low >> AFMON_INDEX_ROOT_SHIFT == leading;
    return true;
}

/* ---- Going down ---- */

static size_t digit_of(uint64_t key, unsigned shift)
{
    return (size_t)((key >> shift) & (AFMON_INDEX_FAN - 1));
}

static size_t keep_keys(uint64_t *keys, size_t count, unsigned shift, size_t digit)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) { /* without a branch that could not be foretold */
        uint64_t key = keys[i];
        keys[kept] = key;
        kept += digit_of(key, shift) == digit;
    }
    return kept;
}

static void keep_digit(struct afmon_candidates *found, unsigned shift, size_t digit)
{
    found->count = keep_keys(found->keys, found->count, shift, digit);
    size_t kept = 0;
    for (size_t i = 0; i < found->weight_count; i++) {
        if (digit_of(found->weights[i].key, shift) == digit)
            found->weights[kept++] = found->weights[i];
    }
    found->weight_count = kept;
}

/* Counts keys by a digit; in turns in four rows, for to count the same digit twice in a row means to wait. */
static void count_digits(const uint64_t *keys, size_t count, unsigned shift, uint64_t counts[AFMON_INDEX_FAN])
{
    uint32_t rows[4][AFMON_INDEX_FAN] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t row = 0; row < 4; row++)
            rows[row][digit_of(keys[i + row], shift)]++;
    }
    for (; i < count; i++)
        rows[0][digit_of(keys[i], shift)]++;
    for (size_t digit = 0; digit < AFMON_INDEX_FAN; digit++)
        counts[digit] += (uint64_t)rows[0][digit] + rows[1][digit] + rows[2][digit] + rows[3][digit];
}

/* The digit under which the value at *rank lies, counted over a page and the candidates; *rank becomes the rank there.
 */
static size_t choose_digit(const struct afmon_search *search, uint32_t page, unsigned shift, uint64_t *rank)
{
    uint64_t counts[AFMON_INDEX_FAN];
    const struct afmon_candidates *found = &search->found;
    for (size_t digit = 0; digit < AFMON_INDEX_FAN; digit++)
        counts[digit] = search->totals[page * AFMON_INDEX_FAN + digit];
    count_digits(found->keys, found->count, shift, counts);
    for (size_t i = 0; i < found->weight_count; i++)
        counts[digit_of(found->weights[i].key, shift)] += found->weights[i].count;
    if (search->beside_waits)
        counts[digit_of(search->beside_low, shift)] += search->source.key_count;
    size_t digit = 0;
    while (digit + 1 < AFMON_INDEX_FAN && *rank >= counts[digit])
        *rank -= counts[digit++];
    return digit;
}

/* Makes the candidates those of a slot: its own values, and the waiting keys where their ways part below. */
static bool arrive(struct afmon_search *search, uint32_t slot, unsigned shift)
{
    bool leaf = search->source.index->child[slot] == AFMON_INDEX_NO_PAGE;
    if (search->beside_waits && (leaf || !beside_agrees(search, shift)) && !collect_beside(search))
        return false;
    return collect_own(search, slot);
}

static bool go_down(struct afmon_search *search, uint32_t slot, uint64_t *rank)
{
    const struct afmon_index *index = search->source.index;
    unsigned shift = AFMON_INDEX_ROOT_SHIFT - AFMON_INDEX_DIGIT_BITS;
    for (;; shift -= AFMON_INDEX_DIGIT_BITS) {
        if (!arrive(search, slot, shift))
            return false;
        uint16_t page = index->child[slot];
        if (page == AFMON_INDEX_NO_PAGE)
            return true;
        size_t digit = choose_digit(search, page, shift, rank);
        search->beside_waits = search->beside_waits && digit_of(search->beside_low, shift) == digit;
        keep_digit(&search->found, shift, digit);
        search->free_bits = shift;
        slot = (uint32_t)(page * AFMON_INDEX_FAN + digit);
    }
}

/* Collects all values of the leaf that holds the value at *rank; *rank becomes its rank among them. */
static bool find_leaf(struct afmon_search *search, uint64_t *rank)
{
    const struct afmon_search_root *root = search->roots;
    while (root + 1 < search->roots + search->root_count && *rank >= root->count)
        *rank -= root++->count;
    if (!begin_at(search, root->leading))
        return false;
    const struct afmon_index *index = search->source.index;
    uint32_t slot = index == NULL ? 0 : index->roots[root->leading];
    if (slot > 0)
        return go_down(search, slot - 1, rank);
    return !search->beside_waits || collect_beside(search);
}

static uint64_t found_count(const struct afmon_candidates *found)
{
    uint64_t count = found->count;
    for (size_t i = 0; i < found->weight_count; i++)
        count += found->weights[i].count;
    return count;
}

static uint64_t select_found(struct afmon_candidates *found, uint64_t rank)
{
    return afmon_select_weighted(found->keys, found->count, found->weights, found->weight_count, rank);
}

afmon_status afmon_search_pair(struct afmon_search *search, uint64_t rank, uint64_t pair[2])
{
    struct afmon_candidates *found = &search->found;
    uint64_t here = rank;
    if (!find_leaf(search, &here))
        return AFMON_E_NO_MEMORY;
    bool both = here + 1 < found_count(found);
    if (both && found->weight_count == 0) {
        struct afmon_selector selector;
        afmon_select_begin_within(&selector, found->keys, found->count, search->free_bits);
        afmon_select_pair(&selector, (size_t)here, pair);
        return AFMON_OK;
    }
    pair[0] = select_found(found, here);
    pair[1] = pair[0];
    if (both) {
        pair[1] = select_found(found, here + 1);
    } else if (rank + 1 < search->count) {
        here = rank + 1;
        if (!find_leaf(search, &here))
            return AFMON_E_NO_MEMORY;
        pair[1] = select_found(found, here);
    }
    return AFMON_OK;
}
