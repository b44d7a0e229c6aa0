#include "alerts/tally.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/rules.h"

#define RULE_SHIFT 56 /* segments are far below 2^56: passes are at least a second apart */
#define SEGMENT_MASK ((UINT64_C(1) << RULE_SHIFT) - 1)

struct afmon_tally {
    struct afmon_tally_entry *entries;
    size_t count;
    size_t most;
    uint32_t *slots; /* indexes + 1 by hash of the key, at most half of them in use */
    int64_t base;
    uint64_t last_segment;
    struct afmon_tally_entry *recent[AFMON_ALERT_RULES]; /* samples mostly come in order of time */
};

struct afmon_tally *afmon_tally_new(size_t most)
{
    struct afmon_tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return NULL;
    tally->most = most;
    tally->entries = malloc(most * sizeof *tally->entries);
    tally->slots = calloc(most * 2, sizeof *tally->slots);
    if (tally->entries == NULL || tally->slots == NULL) {
        afmon_tally_free(tally);
        return NULL;
    }
    return tally;
}

void afmon_tally_free(struct afmon_tally *tally)
{
    if (tally == NULL)
        return;
    free(tally->entries);
    free(tally->slots);
    free(tally);
}

static void empty_slots(struct afmon_tally *tally)
{
    memset(tally->slots, 0, tally->most * 2 * sizeof *tally->slots);
    memset(tally->recent, 0, sizeof tally->recent);
}

void afmon_tally_begin(struct afmon_tally *tally, int64_t base, uint64_t last_segment)
{
    empty_slots(tally);
    tally->count = 0;
    tally->base = base;
    tally->last_segment = last_segment;
}

uint64_t afmon_tally_last_segment(const struct afmon_tally *tally)
{
    return tally->last_segment;
}

/* The slot of a key, or the free one where it belongs. */
static uint32_t *slot_of(const struct afmon_tally *tally, uint64_t key)
{
    size_t mask = tally->most * 2 - 1;
    size_t at = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & mask;
    while (tally->slots[at] != 0 && tally->entries[tally->slots[at] - 1].key != key)
        at = (at + 1) & mask;
    return &tally->slots[at];
}

static int compare_segments(const void *left, const void *right)
{
    uint64_t a = ((const struct afmon_tally_entry *)left)->key & SEGMENT_MASK;
    uint64_t b = ((const struct afmon_tally_entry *)right)->key & SEGMENT_MASK;
    return (a > b) - (a < b);
}

static int compare_keys(const void *left, const void *right)
{
    uint64_t a = ((const struct afmon_tally_entry *)left)->key;
    uint64_t b = ((const struct afmon_tally_entry *)right)->key;
    return (a > b) - (a < b);
}

/* The segment in the middle goes too, so something is always given up; and as the entries of one segment are at most as
 * many as there are rules, about half of them stay. */
static void give_up_half(struct afmon_tally *tally)
{
    qsort(tally->entries, tally->count, sizeof *tally->entries, compare_segments);
    tally->last_segment = (tally->entries[tally->count / 2].key & SEGMENT_MASK) - 1;
    while (tally->count > 0 && (tally->entries[tally->count - 1].key & SEGMENT_MASK) > tally->last_segment)
        tally->count--;
    empty_slots(tally);
    for (size_t i = 0; i < tally->count; i++)
        *slot_of(tally, tally->entries[i].key) = (uint32_t)i + 1;
}

/* The entry, made where there is none; NULL where its segment had to be given up. */
static struct afmon_tally_entry *find(struct afmon_tally *tally, uint64_t key, struct afmon_pass_range range)
{
    uint32_t *slot = slot_of(tally, key);
    if (*slot == 0 && tally->count == tally->most) {
        give_up_half(tally);
        if ((key & SEGMENT_MASK) > tally->last_segment)
            return NULL;
        slot = slot_of(tally, key);
    }
    if (*slot == 0) {
        tally->entries[tally->count++] = (struct afmon_tally_entry){.key = key, .lo = range.lo, .hi = range.hi};
        *slot = (uint32_t)tally->count;
    }
    return &tally->entries[*slot - 1];
}

void afmon_tally_add(struct afmon_tally *tally, unsigned rule, struct afmon_pass_range range, double value)
{
    uint64_t segment = (uint64_t)(range.lo + range.hi + 1);
    if (range.hi < range.lo || range.hi < tally->base || segment > tally->last_segment)
        return;
    uint64_t key = (uint64_t)(rule + 1) << RULE_SHIFT | segment;
    struct afmon_tally_entry *entry = tally->recent[rule];
    if (entry == NULL || entry->key != key) {
        entry = find(tally, key, range);
        tally->recent[rule] = entry;
    }
    if (entry != NULL)
        afmon_summary_add(&entry->summary, value);
}

void afmon_tally_sort(struct afmon_tally *tally)
{
    qsort(tally->entries, tally->count, sizeof *tally->entries, compare_keys);
}

struct afmon_tally_entry *afmon_tally_of_rule(struct afmon_tally *tally, unsigned rule, size_t *count)
{
    size_t begin = 0;
    while (begin < tally->count && tally->entries[begin].key >> RULE_SHIFT < rule + 1)
        begin++;
    size_t end = begin;
    while (end < tally->count && tally->entries[end].key >> RULE_SHIFT == rule + 1)
        end++;
    *count = end - begin;
    return tally->entries + begin;
}
