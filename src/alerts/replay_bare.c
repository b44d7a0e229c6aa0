#include "alerts/replay_bare.h"

#include <stdlib.h>

#define FIRST_RANGES 64

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int by_lo(const void *left, const void *right)
{
    const struct afmon_pass_range *a = left;
    const struct afmon_pass_range *b = right;
    return a->lo != b->lo ? (a->lo > b->lo) - (a->lo < b->lo) : (a->hi > b->hi) - (a->hi < b->hi);
}

/* Passes are counted from 0, so one more than the highest is no overflow. */
static bool touches(const struct afmon_pass_range *a, struct afmon_pass_range b)
{
    return b.lo <= a->hi + 1 && a->lo <= b.hi + 1;
}

void afmon_cover_settle(struct afmon_cover_passes *cover)
{
    size_t kept = 0;
    if (cover->count > 0)
        qsort(cover->ranges, cover->count, sizeof *cover->ranges, by_lo);
    for (size_t i = 0; i < cover->count; i++) {
        struct afmon_pass_range range = cover->ranges[i];
        if (kept > 0 && touches(&cover->ranges[kept - 1], range))
            cover->ranges[kept - 1].hi = larger(cover->ranges[kept - 1].hi, range.hi);
        else
            cover->ranges[kept++] = range;
    }
    cover->count = cover->settled = kept;
}

bool afmon_cover_add(struct afmon_cover_passes *cover, struct afmon_pass_range range)
{
    if (range.hi < range.lo)
        return true;
    if (cover->count > 0 && touches(&cover->ranges[cover->count - 1], range)) { /* mostly: samples follow each other */
        struct afmon_pass_range *last = &cover->ranges[cover->count - 1];
        *last = (struct afmon_pass_range){.lo = smaller(last->lo, range.lo), .hi = larger(last->hi, range.hi)};
        return true;
    }
    if (cover->count == cover->capacity && cover->count > 2 * cover->settled)
        afmon_cover_settle(cover);
    if (cover->count == cover->capacity) {
        size_t capacity = cover->capacity > 0 ? cover->capacity * 2 : FIRST_RANGES;
        struct afmon_pass_range *ranges = realloc(cover->ranges, capacity * sizeof *ranges);
        if (ranges == NULL)
            return false;
        cover->ranges = ranges;
        cover->capacity = capacity;
    }
    cover->ranges[cover->count++] = range;
    return true;
}

/* The first range that does not end before a pass. */
static size_t find(const struct afmon_cover_passes *cover, int64_t pass)
{
    size_t low = 0;
    size_t high = cover->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cover->ranges[middle].hi < pass)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct afmon_pass_range afmon_cover_gap(const struct afmon_cover_passes *cover, struct afmon_pass_range range,
                                        int64_t from)
{
    struct afmon_pass_range gap = {.lo = larger(range.lo, from), .hi = range.hi};
    size_t next = find(cover, gap.lo);
    if (next < cover->count && cover->ranges[next].lo <= gap.lo)
        gap.lo = cover->ranges[next++].hi + 1;
    if (next < cover->count)
        gap.hi = smaller(gap.hi, cover->ranges[next].lo - 1);
    return gap;
}

void afmon_cover_free(struct afmon_cover_passes *cover)
{
    free(cover->ranges);
    *cover = (struct afmon_cover_passes){0};
}
