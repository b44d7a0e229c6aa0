#include "base/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "base/sketch_body.h"

typedef struct afmon_sketch_body body_t;
typedef struct afmon_sketch_class class_t;

/* ---- Room ---- */

static size_t charged(size_t size)
{
    return size > AFMON_SKETCH_SIZE_MIN ? size - AFMON_SKETCH_SIZE_MIN : 0;
}

/* How large a body of this size may become. */
static size_t size_allowed(const struct afmon_sketch_limits *limits, size_t size)
{
    size_t most = UINT32_MAX / 2;
    if (limits->room == NULL || *limits->room > most)
        return most;
    size_t allowed = AFMON_SKETCH_SIZE_MIN + charged(size) + *limits->room;
    return allowed < most ? allowed : most;
}

/* What is taken is allowed. */
static void account(const struct afmon_sketch_limits *limits, size_t before, size_t after)
{
    if (limits != NULL && limits->room != NULL)
        *limits->room += charged(before) - charged(after);
}

static bool resize(struct afmon_sketch *sketch, size_t size, const struct afmon_sketch_limits *limits)
{
    body_t *body = realloc(sketch->body, sizeof *body + size);
    if (body == NULL)
        return false;
    account(limits, body->size, size);
    body->size = (uint32_t)size;
    sketch->body = body;
    return true;
}

static void replace(struct afmon_sketch *sketch, body_t *body, const struct afmon_sketch_limits *limits)
{
    account(limits, sketch->body == NULL ? 0 : sketch->body->size, body->size);
    free(sketch->body);
    sketch->body = body;
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
    size_t allowed = size_allowed(limits, sketch->body->size);
    wanted = wanted < allowed ? wanted : allowed;
    if (wanted < (sketch->body->used + 1) * item)
        return NO_ROOM;
    return resize(sketch, wanted, limits) ? GROWN : NO_MEMORY;
}

static bool put(body_t *body, uint32_t place, const class_t *value)
{
    class_t *class = afmon_sketch_classes(body) + place;
    if (place >= body->used || afmon_sketch_class_key(class) != afmon_sketch_class_key(value))
        return false;
    afmon_sketch_class_put(class, value->low);
    return true;
}

/* Where many values are there are few gaps between the classes, and a class is as far from another as their keys are.
 * That class stays the same until it misleads. */
static bool put_as_far_away(body_t *body, const class_t *value)
{
    if (body->used == 0)
        return false;
    uint32_t from = afmon_sketch_class_key(&afmon_sketch_classes(body)[body->at]);
    return put(body, body->at + afmon_sketch_class_key(value) - from, value);
}

static void insert(body_t *body, uint32_t place, const class_t *value)
{
    class_t *class = afmon_sketch_classes(body) + place;
    memmove(class + 1, class, (body->used - place) * sizeof *class);
    *class = *value;
    body->used++;
    body->at = place;
}

/* For the class that the value is of. Joins neighbours where there is no room; false: no memory. */
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

static bool add_to_classes(struct afmon_sketch *sketch, uint64_t order_key, const struct afmon_sketch_limits *limits)
{
    class_t value = afmon_sketch_class_at(order_key, sketch->body->shift);
    if (put_as_far_away(sketch->body, &value))
        return true;
    uint32_t place = afmon_sketch_place(sketch->body, afmon_sketch_class_key(&value));
    if (put(sketch->body, place, &value)) {
        sketch->body->at = place;
        return true;
    }
    if (!room_for_class(sketch, limits)) {
        uint32_t last = sketch->body->used - 1;
        afmon_sketch_class_count_up(afmon_sketch_classes(sketch->body) + (place < last ? place : last), 1);
        return false;
    }
    value = afmon_sketch_class_at(order_key, sketch->body->shift);
    place = afmon_sketch_place(sketch->body, afmon_sketch_class_key(&value));
    if (!put(sketch->body, place, &value))
        insert(sketch->body, place, &value);
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
    size_t most = size_allowed(limits, sketch->body->size);
    return to_classes(sketch, most, limits) && add_to_classes(sketch, order_key, limits);
}

bool afmon_sketch_add(struct afmon_sketch *sketch, double value, const struct afmon_sketch_limits *limits)
{
    value += 0.0; /* -0.0 becomes 0.0 */
    if (sketch->body == NULL) {
        sketch->body = new_body(0, limits->exact_max == 0);
        if (sketch->body == NULL)
            return false;
        sketch->body->min = sketch->body->max = value;
    }
    bool ok = add_key(sketch, afmon_order_key(value), limits);
    if (ok || sketch->body->classed) {
        sketch->body->min = value < sketch->body->min ? value : sketch->body->min;
        sketch->body->max = value > sketch->body->max ? value : sketch->body->max;
    }
    return ok;
}

/* ---- Merging ---- */

/* False: no memory, and into is as before, but perhaps in classes. */
static bool merge_classes(struct afmon_sketch *into, const body_t *from, const struct afmon_sketch_limits *limits)
{
    size_t most = size_allowed(limits, into->body == NULL ? 0 : into->body->size);
    if (into->body != NULL && !into->body->classed && !to_classes(into, most, limits))
        return false;
    const body_t *old = into->body;
    unsigned shift = old != NULL && old->shift > from->shift ? old->shift : from->shift;
    size_t bytes = afmon_sketch_unite(old, from, shift, NULL) * sizeof(class_t);
    while (bytes > most && shift < AFMON_SKETCH_SHIFT_MAX)
        bytes = afmon_sketch_unite(old, from, ++shift, NULL) * sizeof(class_t);
    body_t *body = new_body(with_spare(bytes, most), true);
    if (body == NULL)
        return false;
    body->shift = (uint8_t)shift;
    body->used = (uint32_t)afmon_sketch_unite(old, from, shift, afmon_sketch_classes(body));
    body->min = old == NULL || from->min < old->min ? from->min : old->min;
    body->max = old == NULL || from->max > old->max ? from->max : old->max;
    replace(into, body, limits);
    return true;
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

void afmon_sketch_free(struct afmon_sketch *sketch, const struct afmon_sketch_limits *limits)
{
    if (sketch->body != NULL)
        account(limits, sketch->body->size, 0);
    free(sketch->body);
    sketch->body = NULL;
}
