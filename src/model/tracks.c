/* Segments: what samples in the same passes of a rule come to. */
#include "model/tracks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "alerts/rules.h"
#include "base/clock.h"
#include "base/micros.h"
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
    afmon_table_free(&tracks->table);
    afmon_rules_free(&tracks->rules);
    free(tracks);
}

int64_t afmon_tracks_period(const struct afmon_tracks *tracks)
{
    return tracks->period_ns;
}

size_t afmon_tracks_bytes(const struct afmon_tracks *tracks)
{
    size_t bytes = sizeof *tracks + tracks->capacity * sizeof *tracks->segments + afmon_table_bytes(&tracks->table);
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

static bool is_same(const void *tracks, uint32_t number, const void *wanted)
{
    const struct afmon_segment *a = &((const struct afmon_tracks *)tracks)->segments[number];
    const struct afmon_segment *b = wanted;
    return a->rule == b->rule && a->lo == b->lo && a->hi == b->hi;
}

static uint64_t hash_segment(const struct afmon_segment *segment)
{
    return (((uint64_t)(segment->lo + segment->hi) * 64 + segment->rule) * UINT64_C(0x9E3779B97F4A7C15)) >> 32;
}

static uint64_t hash_of(const void *tracks, uint32_t number)
{
    return hash_segment(&((const struct afmon_tracks *)tracks)->segments[number]);
}

static uint32_t *slot_of(const struct afmon_tracks *tracks, const struct afmon_segment *key)
{
    return afmon_table_slot(&tracks->table, hash_segment(key), is_same, tracks, key);
}

static bool grow(struct afmon_tracks *tracks)
{
    size_t capacity = tracks->capacity == 0 ? FIRST_CAPACITY : tracks->capacity * 2;
    if (!afmon_table_reserve(&tracks->table, capacity - 1, (uint32_t)tracks->count, hash_of, tracks))
        return false;
    struct afmon_segment *segments = realloc(tracks->segments, capacity * sizeof *segments);
    if (segments == NULL)
        return false;
    tracks->segments = segments;
    tracks->capacity = capacity;
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
    memset(tracks->latest, 0, sizeof tracks->latest);
    afmon_table_clear(&tracks->table);
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

/* Those at which lo and hi are the same. Near the ends of time none are told. */
static void note_times(struct afmon_tracks *tracks, const struct afmon_segment *segment)
{
    int64_t period_ns = tracks->period_ns;
    int64_t window_ns = tracks->window_ns[segment->rule];
    int64_t before, at, reached, beyond;
    if (__builtin_mul_overflow(segment->lo - 1, period_ns, &before) || __builtin_add_overflow(before, period_ns, &at) ||
        __builtin_mul_overflow(segment->hi, period_ns, &reached) ||
        __builtin_add_overflow(reached, period_ns, &beyond) || __builtin_sub_overflow(reached, window_ns, &reached) ||
        __builtin_sub_overflow(beyond, window_ns, &beyond))
        return;
    tracks->latest[segment->rule] =
        (struct afmon_segment_times){.first_ns = before + 1 > reached ? before + 1 : reached,
                                     .last_ns = at < beyond - 1 ? at : beyond - 1,
                                     .number = (size_t)(segment - tracks->segments) + 1};
}

/* NULL: the sample lies between two windows, or (*ok false) there is no memory. */
static struct afmon_segment *segment_at(struct afmon_tracks *tracks, unsigned rule, int64_t time_ns, bool *ok)
{
    const struct afmon_segment_times *latest = &tracks->latest[rule];
    if (latest->number > 0 && time_ns >= latest->first_ns && time_ns <= latest->last_ns)
        return &tracks->segments[latest->number - 1];
    struct afmon_segment *segment = NULL;
    while (*ok && segment == NULL) {
        int64_t reach;
        if (__builtin_add_overflow(time_ns, tracks->window_ns[rule], &reach))
            reach = INT64_MAX;
        const struct afmon_segment key = {
            .rule = rule, .lo = ceiling_of(time_ns, tracks->period_ns), .hi = floor_of(reach, tracks->period_ns)};
        if (key.lo > key.hi)
            return NULL;
        segment = find(tracks, &key, ok);
    }
    if (segment != NULL)
        note_times(tracks, segment);
    return segment;
}

static bool add_times(struct afmon_tracks *tracks, struct afmon_segment *segment, double value, size_t times)
{
    bool ok = true;
    segment->min = segment->count == 0 || value < segment->min ? value : segment->min;
    segment->max = segment->count == 0 || value > segment->max ? value : segment->max;
    segment->count += times;
    afmon_exact_sum_add_times(&segment->sum, value, times);
    if ((tracks->sketched >> segment->rule & 1) != 0)
        for (size_t i = 0; i < times; i++)
            ok = afmon_sketch_add(&segment->sketch, value, &tracks->limits) && ok;
    return ok;
}

static bool add_to_rule(struct afmon_tracks *tracks, unsigned rule, int64_t time_ns, double value)
{
    bool ok = true;
    struct afmon_segment *segment = segment_at(tracks, rule, time_ns, &ok);
    return segment == NULL ? ok : add_times(tracks, segment, value, 1);
}

bool afmon_tracks_add(struct afmon_tracks *tracks, uint64_t rules, int64_t time_ns, double value)
{
    bool ok = true;
    for (unsigned rule = 0; rules != 0; rule++, rules >>= 1)
        if ((rules & 1) != 0)
            ok = add_to_rule(tracks, rule, time_ns, value) && ok;
    return ok;
}

/* ---- Columns ---- */

static int64_t time_at(const struct afmon_model_column *column, size_t index)
{
    return afmon_us_to_ns(column->base_us + column->offsets[index]);
}

/* How many values from the index on are the same and lie in the segment that was found last. */
static size_t count_same(const struct afmon_tracks *tracks, unsigned rule, const struct afmon_model_column *column,
                         size_t index)
{
    const struct afmon_segment_times *latest = &tracks->latest[rule];
    size_t end = index + 1;
    while (end < column->count && column->values[end] == column->values[index] &&
           time_at(column, end) >= latest->first_ns && time_at(column, end) <= latest->last_ns)
        end++;
    return end - index;
}

static bool add_column_to_rule(struct afmon_tracks *tracks, unsigned rule, const struct afmon_model_column *column,
                               double (*of)(double value))
{
    bool ok = true;
    for (size_t i = 0, count; i < column->count && ok; i += count) {
        double value = of != NULL ? of(column->values[i]) : column->values[i];
        struct afmon_segment *segment = isfinite(value) ? segment_at(tracks, rule, time_at(column, i), &ok) : NULL;
        count = segment != NULL ? count_same(tracks, rule, column, i) : 1;
        if (segment != NULL)
            ok = add_times(tracks, segment, value, count);
    }
    return ok;
}

bool afmon_tracks_add_column(struct afmon_tracks *tracks, uint64_t rules, const struct afmon_model_column *column,
                             double (*of)(double value))
{
    bool ok = true;
    for (unsigned rule = 0; rules != 0; rule++, rules >>= 1)
        if ((rules & 1) != 0)
            ok = add_column_to_rule(tracks, rule, column, of) && ok;
    return ok;
}
