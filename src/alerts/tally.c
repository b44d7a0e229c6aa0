#include "alerts/tally.h"

#include <stdlib.h>
#include <string.h>

#define RULE_SHIFT 52 /* segments are far below 2^52: passes are at least a second apart */

struct afmon_tally {
    struct afmon_tally_entry *entries;
    size_t count;
    size_t most;
    uint32_t *slots; /* indexes + 1 by hash of the key, at most half of them in use */
    size_t rules;
    int64_t base;
    int64_t last;
    struct afmon_tally_entry **recent; /* by rule: samples mostly come in order of time */
};

_Static_assert(AFMON_MOST_RULES < (1 << (64 - RULE_SHIFT)) - 1, "a rule has a place in a key");

struct afmon_tally *afmon_tally_new(size_t most, size_t rules)
{
    struct afmon_tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return NULL;
    tally->most = most;
    tally->rules = rules;
    tally->entries = malloc(most * sizeof *tally->entries);
    tally->slots = calloc(most * 2, sizeof *tally->slots);
    tally->recent = calloc(rules + 1, sizeof(struct afmon_tally_entry *));
    if (tally->entries == NULL || tally->slots == NULL || tally->recent == NULL) {
        afmon_tally_free(tally);
        return NULL;
    }
    return tally;
}

bool afmon_tally_grow(struct afmon_tally *tally)
{
    struct afmon_tally *larger = afmon_tally_new(tally->most * 2, tally->rules);
    if (larger == NULL)
        return false;
    struct afmon_tally old = *tally;
    *tally = *larger;
    *larger = old;
    afmon_tally_free(larger);
    return true;
}

void afmon_tally_free(struct afmon_tally *tally)
{
    if (tally == NULL)
        return;
    free(tally->entries);
    free(tally->slots);
    free(tally->recent);
    free(tally);
}

static void empty_slots(struct afmon_tally *tally)
{
    memset(tally->slots, 0, tally->most * 2 * sizeof *tally->slots);
    memset(tally->recent, 0, tally->rules * sizeof *tally->recent);
}

void afmon_tally_begin(struct afmon_tally *tally, int64_t base, int64_t last)
{
    empty_slots(tally);
    tally->count = 0;
    tally->base = base;
    tally->last = last;
}

int64_t afmon_tally_last(const struct afmon_tally *tally)
{
    return tally->last;
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

static int compare_passes(const void *left, const void *right)
{
    int64_t a = ((const struct afmon_tally_entry *)left)->lo;
    int64_t b = ((const struct afmon_tally_entry *)right)->lo;
    return (a > b) - (a < b);
}

static int compare_keys(const void *left, const void *right)
{
    uint64_t a = ((const struct afmon_tally_entry *)left)->key;
    uint64_t b = ((const struct afmon_tally_entry *)right)->key;
    return (a > b) - (a < b);
}

/* Passes from that on which the segment in the middle begins with are given up: so something always is, and about half
 * of the entries stay, as few begin with the same pass. */
static void give_up_half(struct afmon_tally *tally)
{
    qsort(tally->entries, tally->count, sizeof *tally->entries, compare_passes);
    tally->last = tally->entries[tally->count / 2].lo - 1;
    while (tally->count > 0 && tally->entries[tally->count - 1].lo > tally->last)
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
        if (range.lo > tally->last)
            return NULL;
        slot = slot_of(tally, key);
    }
    if (*slot == 0) {
        tally->entries[tally->count++] = (struct afmon_tally_entry){.key = key, .lo = range.lo, .hi = range.hi};
        *slot = (uint32_t)tally->count;
    }
    return &tally->entries[*slot - 1];
}

void afmon_tally_add(struct afmon_tally *tally, size_t rule, struct afmon_pass_range range, double value)
{
    if (range.hi < range.lo || range.hi < tally->base || range.lo > tally->last)
        return;
    uint64_t segment = (uint64_t)(range.lo + range.hi + 1);
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

/* The first entry of a rule or a later one. */
static size_t begin_of(const struct afmon_tally *tally, size_t rule)
{
    size_t low = 0;
    size_t high = tally->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally->entries[middle].key >> RULE_SHIFT < rule + 1)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct afmon_tally_entry *afmon_tally_of_rule(struct afmon_tally *tally, size_t rule, size_t *count)
{
    size_t begin = begin_of(tally, rule);
    *count = begin_of(tally, rule + 1) - begin;
    return tally->entries + begin;
}
