#include "base/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "base/sketch_body.h"

typedef struct afmon_sketch_body body_t;
typedef struct afmon_sketch_class class_t;

/* ---- Room ---- */

/* What of a body was taken off the room. */
static size_t charged(const body_t *body)
{
    if (body == NULL)
        return 0;
    return body->size + sizeof *body - (body->owed ? AFMON_SKETCH_BYTES_MIN : 0);
}

/* How large what lies behind a body may become. */
static size_t size_allowed(const struct afmon_sketch_limits *limits, const body_t *body)
{
    const size_t most = UINT32_MAX / 2;
    if (limits->room == NULL || *limits->room > most)
        return most;
    size_t has = body == NULL ? 0 : sizeof *body + body->size;
    size_t allowed = has + *limits->room;
    allowed = allowed > AFMON_SKETCH_BYTES_MIN ? allowed : AFMON_SKETCH_BYTES_MIN;
    return allowed < most ? allowed - sizeof *body : most;
}

/* before: charged. The least that a body takes is never refused. */
static void account(const struct afmon_sketch_limits *limits, size_t before, body_t *after)
{
    if (limits == NULL || limits->room == NULL)
        return;
    *limits->room += before;
    if (after == NULL)
        return;
    after->owed = *limits->room < after->size + sizeof *after;
    *limits->room -= charged(after);
}

static bool resize(struct afmon_sketch *sketch, size_t size, const struct afmon_sketch_limits *limits)
{
    size_t before = charged(sketch->body);
    body_t *body = realloc(sketch->body, sizeof *body + size);
    if (body == NULL)
        return false;
    body->size = (uint32_t)size;
    sketch->body = body;
    account(limits, before, body);
    return true;
}

static void replace(struct afmon_sketch *sketch, body_t *body, const struct afmon_sketch_limits *limits)
{
    size_t before = charged(sketch->body);
    free(sketch->body);
    sketch->body = body;
    account(limits, before, body);
}

static body_t *new_body(size_t size, bool classed)
{
    size = size > AFMON_SKETCH_SIZE_MIN ? size : AFMON_SKETCH_SIZE_MIN;
    body_t *body = malloc(sizeof *body + size);
    if (body != NULL)
        *body = (body_t){.size = (uint32_t)size, .classed = classed};
    return body;
}

/* ---- Becoming classes ---- */

/* Somewhat more, so that the next class does not need more room at once. */
static size_t with_spare(size_t bytes, size_t most)
{
    size_t wanted = bytes + bytes / 4;
    return wanted < most ? wanted : most;
}

/* False: no memory, and nothing changed. most: bytes. */
static bool to_classes(struct afmon_sketch *sketch, size_t most, const struct afmon_sketch_limits *limits)
{
    body_t *old = sketch->body;
    unsigned shift = 0;
    afmon_sketch_sort(old);
    size_t bytes = afmon_sketch_from_keys(old, shift, NULL) * sizeof(class_t);
    while (bytes > most && shift < AFMON_SKETCH_SHIFT_MAX)
        bytes = afmon_sketch_from_keys(old, ++shift, NULL) * sizeof(class_t);
    body_t *body = new_body(with_spare(bytes, most), true);
    if (body == NULL)
        return false;
    body->min = old->min;
    body->max = old->max;
    body->shift = (uint8_t)shift;
    body->used = (uint32_t)afmon_sketch_from_keys(old, shift, afmon_sketch_classes(body));
    replace(sketch, body, limits);
    return true;
}

/* ---- Adding ---- */

enum grown { GROWN, NO_ROOM, NO_MEMORY };

/* To the size that is wanted, or as far as is allowed if that is for one more item. */
static enum grown grow(struct afmon_sketch *sketch, size_t wanted, size_t item,
                       const struct afmon_sketch_limits *limits)
{
    size_t allowed = size_allowed(limits, sketch->body);
    wanted = wanted < allowed ? wanted : allowed;
    if (wanted < (sketch->body->used + 1) * item)
        return NO_ROOM;
    return resize(sketch, wanted, limits) ? GROWN : NO_MEMORY;
}

static bool is_at(const body_t *body, uint32_t place, uint32_t key)
{
    return place < body->used && afmon_sketch_class_key(afmon_sketch_classes(body) + place) == key;
}

/* Where many values are there are few gaps between the classes, and a class is as far from another as their keys are.
 * That class stays the same until it misleads. UINT32_MAX: there are too many gaps. */
static uint32_t guess(const body_t *body, uint32_t key)
{
    const class_t *classes = afmon_sketch_classes(body);
    uint32_t used = body->used;
    if (used == 0 || afmon_sketch_class_key(&classes[used - 1]) - afmon_sketch_class_key(&classes[0]) >= 2 * used)
        return UINT32_MAX;
    return body->at + key - afmon_sketch_class_key(&classes[body->at]);
}

static void insert(body_t *body, uint32_t place, const class_t *value)
{
    class_t *class = afmon_sketch_classes(body) + place;
    memmove(class + 1, class, (body->used - place) * sizeof *class);
    *class = *value;
    body->used++;
    body->at = place;
}

/* Makes room for one more, and joins neighbours where there is none. False: no memory. */
static bool room_for_class(struct afmon_sketch *sketch, const struct afmon_sketch_limits *limits)
{
    body_t *body = sketch->body;
    size_t classes = body->size / sizeof(class_t);
    if (body->used < classes)
        return true;
    enum grown grown = grow(sketch, body->size + body->size / 2, sizeof(class_t), limits);
    while (grown == NO_ROOM && body->used > classes * 3 / 4 && body->shift < AFMON_SKETCH_SHIFT_MAX)
        afmon_sketch_join(body);
    return grown != NO_MEMORY;
}

/* Adds what is in a class, which is as wide as those of the sketch. */
static bool add_class(struct afmon_sketch *sketch, class_t value, const struct afmon_sketch_limits *limits)
{
    uint32_t place = afmon_sketch_place(sketch->body, afmon_sketch_class_key(&value));
    if (is_at(sketch->body, place, afmon_sketch_class_key(&value))) {
        afmon_sketch_class_merge(&afmon_sketch_classes(sketch->body)[place], &value);
        sketch->body->at = place;
        return true;
    }
    unsigned shift = sketch->body->shift;
    if (!room_for_class(sketch, limits)) {
        uint32_t last = sketch->body->used - 1;
        class_t *nearest = afmon_sketch_classes(sketch->body) + (place < last ? place : last);
        afmon_sketch_class_count_up(nearest, afmon_sketch_class_count(&value));
        return false;
    }
    if (sketch->body->shift > shift) {
        value = afmon_sketch_class_after(&value, sketch->body->shift - shift);
        place = afmon_sketch_place(sketch->body, afmon_sketch_class_key(&value));
    }
    if (is_at(sketch->body, place, afmon_sketch_class_key(&value)))
        afmon_sketch_class_merge(&afmon_sketch_classes(sketch->body)[place], &value);
    else
        insert(sketch->body, place, &value);
    return true;
}

static bool add_to_classes(struct afmon_sketch *sketch, uint64_t order_key, const struct afmon_sketch_limits *limits)
{
    body_t *body = sketch->body;
    class_t value = afmon_sketch_class_at(order_key, body->shift);
    uint32_t key = afmon_sketch_class_key(&value);
    uint32_t place = guess(body, key);
    if (!is_at(body, place, key))
        return add_class(sketch, value, limits);
    afmon_sketch_class_put(&afmon_sketch_classes(body)[place], value.low);
    return true;
}

/* Twice as much, or as much as exact_max values need. */
static size_t more_for_values(const body_t *body, const struct afmon_sketch_limits *limits)
{
    size_t twice = body->size * (size_t)2;
    size_t most = limits->exact_max;
    return most < twice / sizeof(uint64_t) ? most * sizeof(uint64_t) : twice;
}

static bool add_key(struct afmon_sketch *sketch, uint64_t order_key, const struct afmon_sketch_limits *limits)
{
    if (sketch->body->classed)
        return add_to_classes(sketch, order_key, limits);
    bool kept = sketch->body->used < limits->exact_max;
    if (kept && sketch->body->size < (sketch->body->used + 1) * sizeof order_key) {
        enum grown grown = grow(sketch, more_for_values(sketch->body, limits), sizeof order_key, limits);
        if (grown == NO_MEMORY)
            return false;
        kept = grown == GROWN;
    }
    if (kept) {
        afmon_sketch_keys(sketch->body)[sketch->body->used++] = order_key;
        return true;
    }
    size_t most = size_allowed(limits, sketch->body);
    return to_classes(sketch, most, limits) && add_to_classes(sketch, order_key, limits);
}

static void note_bounds(body_t *body, double min, double max)
{
    body->min = min < body->min ? min : body->min;
    body->max = max > body->max ? max : body->max;
}

bool afmon_sketch_add(struct afmon_sketch *sketch, double value, const struct afmon_sketch_limits *limits)
{
    value += 0.0; /* -0.0 becomes 0.0 */
    if (sketch->body == NULL) {
        body_t *body = new_body(0, limits->exact_max == 0);
        if (body == NULL)
            return false;
        replace(sketch, body, limits);
        sketch->body->min = sketch->body->max = value;
    }
    bool ok = add_key(sketch, afmon_order_key(value), limits);
    if (ok || sketch->body->classed)
        note_bounds(sketch->body, value, value);
    return ok;
}

/* ---- Merging ---- */

/* Few classes into many, which costs less than to make a new list. */
static bool merge_few(struct afmon_sketch *into, const body_t *from, const struct afmon_sketch_limits *limits)
{
    bool ok = true;
    while (into->body->shift < from->shift)
        afmon_sketch_join(into->body);
    for (uint32_t i = 0; i < from->used; i++) {
        unsigned times = (unsigned)into->body->shift - from->shift;
        class_t class = afmon_sketch_class_after(&afmon_sketch_classes(from)[i], times);
        ok = add_class(into, class, limits) && ok;
    }
    note_bounds(into->body, from->min, from->max);
    return ok;
}

/* into is empty, or in classes. False: no memory, and nothing changed. */
static bool merge_many(struct afmon_sketch *into, const body_t *from, const struct afmon_sketch_limits *limits)
{
    const body_t *old = into->body;
    size_t most = size_allowed(limits, old);
    unsigned shift = old != NULL && old->shift > from->shift ? old->shift : from->shift;
    /* Where there is no bound none need be counted beforehand. */
    size_t bytes = ((old == NULL ? 0 : (size_t)old->used) + from->used) * sizeof(class_t);
    if (limits->room != NULL || bytes > most)
        bytes = afmon_sketch_unite(old, from, shift, NULL) * sizeof(class_t);
    while (bytes > most && shift < AFMON_SKETCH_SHIFT_MAX)
        bytes = afmon_sketch_unite(old, from, ++shift, NULL) * sizeof(class_t);
    body_t *body = new_body(with_spare(bytes, most), true);
    if (body == NULL)
        return false;
    body->shift = (uint8_t)shift;
    body->used = (uint32_t)afmon_sketch_unite(old, from, shift, afmon_sketch_classes(body));
    body->min = from->min;
    body->max = from->max;
    if (old != NULL)
        note_bounds(body, old->min, old->max);
    replace(into, body, limits);
    return true;
}

static bool copy(struct afmon_sketch *into, const body_t *from, const struct afmon_sketch_limits *limits)
{
    body_t *body = malloc(sizeof *body + from->size);
    if (body == NULL)
        return false;
    memcpy(body, from, sizeof *body + from->size);
    replace(into, body, limits);
    return true;
}

static bool merge_classes(struct afmon_sketch *into, const body_t *from, const struct afmon_sketch_limits *limits)
{
    if (into->body != NULL && !into->body->classed && !to_classes(into, size_allowed(limits, into->body), limits))
        return false;
    if (into->body == NULL && size_allowed(limits, NULL) >= from->size)
        return copy(into, from, limits);
    if (into->body != NULL && from->used < into->body->used / 8)
        return merge_few(into, from, limits);
    return merge_many(into, from, limits);
}

bool afmon_sketch_merge(struct afmon_sketch *into, const struct afmon_sketch *from,
                        const struct afmon_sketch_limits *limits)
{
    if (from->body == NULL)
        return true;
    if (from->body->classed)
        return merge_classes(into, from->body, limits);
    bool ok = true;
    for (uint32_t i = 0; i < from->body->used; i++)
        ok = afmon_sketch_add(into, afmon_order_value(afmon_sketch_keys(from->body)[i]), limits) && ok;
    return ok;
}

/* ---- Giving back ---- */

void afmon_sketch_narrow(struct afmon_sketch *sketch, const struct afmon_sketch_limits *limits)
{
    body_t *body = sketch->body;
    if (body == NULL || body->size <= AFMON_SKETCH_SIZE_MIN)
        return;
    size_t half = body->size / 2 > AFMON_SKETCH_SIZE_MIN ? body->size / 2 : AFMON_SKETCH_SIZE_MIN;
    if (!body->classed && body->used * sizeof(uint64_t) > half) {
        to_classes(sketch, half, limits);
        return;
    }
    while (body->classed && body->used * sizeof(class_t) > half && body->shift < AFMON_SKETCH_SHIFT_MAX)
        afmon_sketch_join(body);
    resize(sketch, half, limits);
}

void afmon_sketch_narrow_to(struct afmon_sketch *sketch, size_t bytes, const struct afmon_sketch_limits *limits)
{
    size_t before = SIZE_MAX;
    for (size_t now; (now = afmon_sketch_bytes(sketch)) > bytes && now < before; before = now)
        afmon_sketch_narrow(sketch, limits);
}

void afmon_sketch_free(struct afmon_sketch *sketch, const struct afmon_sketch_limits *limits)
{
    account(limits, charged(sketch->body), NULL);
    free(sketch->body);
    sketch->body = NULL;
}
