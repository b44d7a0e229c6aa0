#include "store/shared_sketch.h"

#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "store/store.h"

#define LEADING_SHIFT 43 /* of a key of 64 bits 21 lead */
#define FINE_SHIFT 27    /* and 16 follow */

#define DIGIT_BITS 11
#define DIGITS (1U << DIGIT_BITS)

/* ---- Sorting by the leading bits ---- */

static void insertion_sort(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* One pass of a radix sort, by DIGIT_BITS bits from shift up. */
static void sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    uint32_t places[DIGITS] = {0};
    for (size_t i = 0; i < count; i++)
        places[(from[i] >> shift) & (DIGITS - 1)]++;
    uint32_t next = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        uint32_t here = places[digit];
        places[digit] = next;
        next += here;
    }
    for (size_t i = 0; i < count; i++)
        to[places[(from[i] >> shift) & (DIGITS - 1)]++] = from[i];
}

static void sort_by_leading(uint64_t *keys, uint64_t *scratch, size_t count)
{
    if (count <= 64) {
        insertion_sort(keys, count);
        return;
    }
    sort_pass(keys, scratch, count, LEADING_SHIFT);
    sort_pass(scratch, keys, count, LEADING_SHIFT + DIGIT_BITS);
}

/* ---- Classes ---- */

static void class_add(struct afmon_shared_sketch_class *class, uint16_t low, uint16_t high, uint64_t count)
{
    class->low = low < class->low ? low : class->low;
    class->high = high > class->high ? high : class->high;
    class->count += count;
}

/* Turns keys sorted by their leading bits into classes; returns how many. */
static size_t classes_of(const uint64_t *keys, size_t count, struct afmon_shared_sketch_class *classes)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t leading = (uint32_t)(keys[i] >> LEADING_SHIFT);
        uint16_t fine = (uint16_t)(keys[i] >> FINE_SHIFT);
        if (found == 0 || classes[found - 1].leading != leading)
            classes[found++] = (struct afmon_shared_sketch_class){.leading = leading, .low = fine, .high = fine};
        class_add(&classes[found - 1], fine, fine, 1);
    }
    return found;
}

/* Merges two sorted lists into the sketch, which has room. */
static void merge(struct afmon_shared_sketch *into, const struct afmon_shared_sketch_class *a, size_t a_count,
                  const struct afmon_shared_sketch_class *b, size_t b_count)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a_count || j < b_count) {
        struct afmon_shared_sketch_class *out = &into->classes[into->class_count++];
        if (j == b_count || (i < a_count && a[i].leading < b[j].leading)) {
            *out = a[i++];
        } else if (i == a_count || b[j].leading < a[i].leading) {
            *out = b[j++];
        } else {
            *out = a[i++];
            class_add(out, b[j].low, b[j].high, b[j].count);
            j++;
        }
    }
}

static struct afmon_shared_sketch *merged(const struct afmon_shared_sketch *sketch,
                                          const struct afmon_shared_sketch_class *classes, size_t count)
{
    size_t before = sketch == NULL ? 0 : sketch->class_count;
    struct afmon_shared_sketch *result = malloc(sizeof *result + (before + count) * sizeof *classes);
    if (result == NULL)
        return NULL;
    atomic_init(&result->references, 1);
    result->class_count = 0;
    result->total = 0;
    merge(result, sketch == NULL ? NULL : sketch->classes, before, classes, count);
    struct afmon_shared_sketch *fitted = realloc(result, sizeof *result + result->class_count * sizeof *classes);
    return fitted == NULL ? result : fitted;
}

static size_t finite_keys(const double *values, size_t count, uint64_t *keys)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (afmon_order_is_finite(values[i]))
            keys[found++] = afmon_order_key(values[i]);
    }
    return found;
}

struct afmon_shared_sketch *afmon_shared_sketch_with(const struct afmon_shared_sketch *sketch, const double *values,
                                                     size_t count)
{
    size_t room = count > 0 ? count : 1;
    uint64_t *keys = malloc(room * (2 * sizeof *keys + sizeof(struct afmon_shared_sketch_class)));
    if (keys == NULL)
        return NULL;
    uint64_t *scratch = keys + room;
    struct afmon_shared_sketch_class *classes = (struct afmon_shared_sketch_class *)(void *)(scratch + room);
    size_t finite = finite_keys(values, count, keys);
    sort_by_leading(keys, scratch, finite);
    struct afmon_shared_sketch *result = merged(sketch, classes, classes_of(keys, finite, classes));
    if (result != NULL)
        result->total = finite + (sketch == NULL ? 0 : sketch->total);
    free(keys);
    return result;
}

void afmon_shared_sketch_hold(struct afmon_shared_sketch *sketch)
{
    atomic_fetch_add_explicit(&sketch->references, 1, memory_order_relaxed);
}

void afmon_shared_sketch_release(struct afmon_shared_sketch *sketch)
{
    if (sketch != NULL && atomic_fetch_sub_explicit(&sketch->references, 1, memory_order_acq_rel) == 1)
        free(sketch);
}

size_t afmon_shared_sketch_bytes(const struct afmon_shared_sketch *sketch)
{
    return sketch == NULL ? 0 : sizeof *sketch + sketch->class_count * sizeof sketch->classes[0];
}

uint64_t afmon_shared_sketch_key(const struct afmon_shared_sketch_class *class)
{
    uint64_t start = (uint64_t) class->leading << LEADING_SHIFT;
    /* What lies behind the fine bits of a short number is all zeros, and in the key of a negative one all ones. */
    if (start < AFMON_ORDER_SIGN)
        start |= (UINT64_C(1) << FINE_SHIFT) - 1;
    uint64_t low = start | (uint64_t) class->low << FINE_SHIFT;
    uint64_t high = start | (uint64_t) class->high << FINE_SHIFT;
    return low + (high - low) / 2;
}
