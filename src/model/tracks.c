/* Segments: what samples in the same passes of a rule come to. */
#include "model/tracks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "alerts/rules.h"
#include "base/clock.h"
#include "model/tracks_internal.h"

#define FIRST_CAPACITY 64U
#define EXACT_VALUES 64 /* of a segment's sketch */

static int64_t floor_of(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int64_t ceiling_of(int64_t value, int64_t by)
{
    return value / by + (value % by > 0);
}

static bool needs_sketch(const afmon_alert_rule *rule)
{
    return rule->aggregate == AFMON_RULE_QUANTILE || rule->aggregate == AFMON_RULE_STDDEV;
}

struct afmon_tracks *afmon_tracks_new(const afmon_alert_rule *rules, size_t count, int64_t period_ns,
                                      size_t *sketch_room)
{
    struct afmon_tracks *tracks = calloc(1, sizeof *tracks);
    if (tracks == NULL)
        return NULL;
    count = count < AFMON_TRACKS_MAX ? count : AFMON_TRACKS_MAX;
    tracks->period_ns = tracks->first_period_ns = period_ns;
    tracks->limits = (struct afmon_sketch_limits){.exact_max = EXACT_VALUES, .room = sketch_room};
    if (afmon_rules_copy(rules, count, &tracks->rules, NULL) != AFMON_OK) {
        free(tracks);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        tracks->window_ns[i] = afmon_seconds_to_ns(tracks->rules.rules[i].window_s);
        tracks->sketched |= needs_sketch(&tracks->rules.rules[i]) ? UINT64_C(1) << i : 0;
    }
    return tracks;
}

struct afmon_tracks *afmon_tracks_another(const struct afmon_tracks *tracks)
{
    return afmon_tracks_new(tracks->rules.rules, tracks->rules.count, tracks->first_period_ns, tracks->limits.room);
}

void afmon_tracks_free(struct afmon_tracks *tracks)
{
    if (tracks == NULL)
        return;
    for (size_t i = 0; i < tracks->count; i++)
        afmon_sketch_free(&tracks->segments[i].sketch, NULL);
    free(tracks->segments);
    free(tracks->slots);
    afmon_rules_free(&tracks->rules);
    free(tracks);
}

int64_t afmon_tracks_period(const struct afmon_tracks *tracks)
{
    return tracks->period_ns;
}

size_t afmon_tracks_bytes(const struct afmon_tracks *tracks)
{
    size_t bytes = sizeof *tracks + tracks->capacity * (sizeof *tracks->segments + 2 * sizeof *tracks->slots);
    for (size_t i = 0; tracks->sketched != 0 && i < tracks->count; i++)
        bytes += afmon_sketch_bytes(&tracks->segments[i].sketch);
    return bytes;
}

uint64_t afmon_tracks_of_metric(const struct afmon_tracks *tracks, const char *metric, size_t length)
{
    uint64_t rules = 0;
    for (size_t i = 0; i < tracks->rules.count; i++) {
        const char *wanted = tracks->rules.rules[i].metric;
        if (strlen(wanted) == length && memcmp(wanted, metric, length) == 0)
            rules |= UINT64_C(1) << i;
    }
    return rules;
}

uint64_t afmon_tracks_of_fields(const struct afmon_tracks *tracks, const afmon_field *fields, size_t count)
{
    uint64_t rules = 0;
    for (size_t i = 0; i < tracks->rules.count; i++)
        if (afmon_rule_wants(&tracks->rules.rules[i], fields, count))
            rules |= UINT64_C(1) << i;
    return rules;
}

uint64_t afmon_tracks_that(const struct afmon_tracks *tracks, bool (*are)(const afmon_alert_rule *rule))
{
    uint64_t rules = 0;
    for (size_t i = 0; i < tracks->rules.count; i++)
        if (are(&tracks->rules.rules[i]))
            rules |= UINT64_C(1) << i;
    return rules;
}

/* ---- The table ---- */

static bool same(const struct afmon_segment *a, const struct afmon_segment *b)
{
    return a->rule == b->rule && a->lo == b->lo && a->hi == b->hi;
}

static uint32_t *slot_of(const struct afmon_tracks *tracks, const struct afmon_segment *key)
{
    size_t mask = 2 * tracks->capacity - 1;
    uint64_t hash = ((uint64_t)(key->lo + key->hi) * 64 + key->rule) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & mask;
    while (tracks->slots[at] != 0 && !same(&tracks->segments[tracks->slots[at] - 1], key))
        at = (at + 1) & mask;
    return &tracks->slots[at];
}

static bool grow(struct afmon_tracks *tracks)
{
    size_t capacity = tracks->capacity == 0 ? FIRST_CAPACITY : tracks->capacity * 2;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    struct afmon_segment *segments = slots != NULL ? realloc(tracks->segments, capacity * sizeof *segments) : NULL;
    if (segments == NULL) {
        free(slots);
        return false;
    }
    free(tracks->slots);
    tracks->segments = segments;
    tracks->slots = slots;
    tracks->capacity = capacity;
    for (size_t i = 0; i < tracks->count; i++)
        *slot_of(tracks, &segments[i]) = (uint32_t)i + 1;
    return true;
}

void afmon_segment_merge(struct afmon_segment *into, const struct afmon_segment *from)
{
    if (from->count == 0)
        return;
    bool first = into->count == 0;
    into->count += from->count;
    into->min = first || from->min < into->min ? from->min : into->min;
    into->max = first || from->max > into->max ? from->max : into->max;
    afmon_exact_sum_merge(&into->sum, &from->sum);
}

/* Passes are twice as far apart: those with odd numbers go. Each segment becomes one of the wider grid, or part of one,
 * or lies in no pass any more. */
static bool double_period(struct afmon_tracks *tracks)
{
    struct afmon_segment *segments = tracks->segments;
    size_t count = tracks->count;
    bool ok = true;
    tracks->period_ns *= 2;
    tracks->count = 0;
    memset(tracks->slots, 0, 2 * tracks->capacity * sizeof *tracks->slots);
    for (size_t i = 0; i < count; i++) {
        struct afmon_segment segment = segments[i];
        segment.lo = ceiling_of(segment.lo, 2);
        segment.hi = floor_of(segment.hi, 2);
        uint32_t *slot = segment.lo <= segment.hi ? slot_of(tracks, &segment) : NULL;
        if (slot != NULL && *slot == 0) {
            segments[tracks->count] = segment; /* at or before i */
            *slot = (uint32_t)++tracks->count;
            continue;
        }
        if (slot != NULL) {
            struct afmon_segment *into = &segments[*slot - 1];
            afmon_segment_merge(into, &segment);
            ok = afmon_sketch_merge(&into->sketch, &segment.sketch, &tracks->limits) && ok;
        }
        afmon_sketch_free(&segment.sketch, &tracks->limits);
    }
    return ok;
}

/* The segment, made where there is none. NULL: the period doubled meanwhile, or (*ok false) there is no memory. */
static struct afmon_segment *find(struct afmon_tracks *tracks, const struct afmon_segment *key, bool *ok)
{
    uint32_t *slot = tracks->capacity > 0 ? slot_of(tracks, key) : NULL;
    if (slot != NULL && *slot != 0)
        return &tracks->segments[*slot - 1];
    if (tracks->count == AFMON_SEGMENTS_MAX) {
        *ok = double_period(tracks);
        return NULL;
    }
    if (tracks->count == tracks->capacity) {
        *ok = grow(tracks);
        if (!*ok)
            return NULL;
        slot = slot_of(tracks, key);
    }
    tracks->segments[tracks->count] = *key;
    *slot = (uint32_t)++tracks->count;
    return &tracks->segments[tracks->count - 1];
}

static bool add_to_rule(struct afmon_tracks *tracks, unsigned rule, int64_t time_ns, double value)
{
    for (bool ok = true; ok;) {
        int64_t reach;
        if (__builtin_add_overflow(time_ns, tracks->window_ns[rule], &reach))
            reach = INT64_MAX;
        const struct afmon_segment key = {
            .rule = rule, .lo = ceiling_of(time_ns, tracks->period_ns), .hi = floor_of(reach, tracks->period_ns)};
        if (key.lo > key.hi)
            return true; /* between two windows */
        struct afmon_segment *segment = find(tracks, &key, &ok);
        if (segment == NULL)
            continue;
        segment->min = segment->count == 0 || value < segment->min ? value : segment->min;
        segment->max = segment->count == 0 || value > segment->max ? value : segment->max;
        segment->count++;
        afmon_exact_sum_add(&segment->sum, value);
        return (tracks->sketched >> rule & 1) == 0 || afmon_sketch_add(&segment->sketch, value, &tracks->limits);
    }
    return false;
}

bool afmon_tracks_add(struct afmon_tracks *tracks, uint64_t rules, int64_t time_ns, double value)
{
    bool ok = true;
    for (unsigned rule = 0; rules != 0; rule++, rules >>= 1)
        if ((rules & 1) != 0)
            ok = add_to_rule(tracks, rule, time_ns, value) && ok;
    return ok;
}
