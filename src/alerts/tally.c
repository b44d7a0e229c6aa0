#include "alerts/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define RULE_SHIFT 52 /* segments are far below 2^52: passes are at least a second apart */

struct afmon_tally {
    struct afmon_tally_entry *entries;
    size_t count;
    size_t most;
    struct afmon_table table;
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
    tally->recent = calloc(rules + 1, sizeof(struct afmon_tally_entry *));
    if (tally->entries == NULL || tally->recent == NULL ||
        !afmon_table_reserve(&tally->table, most - 1, 0, NULL, NULL)) {
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
    afmon_table_free(&tally->table);
    free(tally->recent);
    free(tally);
}

static void forget_recent(struct afmon_tally *tally)
{
    memset(tally->recent, 0, tally->rules * sizeof *tally->recent);
}

void afmon_tally_begin(struct afmon_tally *tally, int64_t base, int64_t last)
{
    afmon_table_clear(&tally->table);
    forget_recent(tally);
    tally->count = 0;
    tally->base = base;
    tally->last = last;
}

int64_t afmon_tally_last(const struct afmon_tally *tally)
{
    return tally->last;
}

static uint64_t hash_key(uint64_t key)
{
    return (key * UINT64_C(0x9E3779B97F4A7C15)) >> 32;
}

static uint64_t hash_of(const void *tally, uint32_t number)
{
    return hash_key(((const struct afmon_tally *)tally)->entries[number].key);
}

static bool has_key(const void *tally, uint32_t number, const void *key)
{
    return ((const struct afmon_tally *)tally)->entries[number].key == *(const uint64_t *)key;
}

static uint32_t *slot_of(const struct afmon_tally *tally, uint64_t key)
{
    return afmon_table_slot(&tally->table, hash_key(key), has_key, tally, &key);
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
    forget_recent(tally);
    afmon_table_refill(&tally->table, (uint32_t)tally->count, hash_of, tally);
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
