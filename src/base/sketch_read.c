/* What a sketch tells. */
#include <math.h>

#include "base/order.h"
#include "base/quantile.h"
#include "base/sketch_body.h"

typedef struct afmon_sketch_body body_t;
typedef struct afmon_sketch_class class_t;

#define CLASS_ERROR 0x1p-10 /* half of 1/512 */
#define OCTAVE 9            /* classes that were joined so often have one exponent */

static uint64_t count_of(const body_t *body)
{
    if (!body->classed)
        return body->used;
    uint64_t count = 0;
    for (uint32_t i = 0; i < body->used; i++)
        count += afmon_sketch_class_count(&afmon_sketch_classes(body)[i]);
    return count;
}

double afmon_sketch_class_middle(const struct afmon_sketch_body *body, const struct afmon_sketch_class *class)
{
    unsigned fine_shift = AFMON_SKETCH_FINE_SHIFT + body->shift;
    uint64_t start = (uint64_t)afmon_sketch_class_key(class) << (AFMON_SKETCH_KEY_SHIFT + body->shift);
    /* What lies behind the bits of a short number is all zeros, and in the key of a negative one all ones. */
    if (start < AFMON_ORDER_SIGN)
        start |= (UINT64_C(1) << fine_shift) - 1;
    uint64_t low = start | (uint64_t) class->low << fine_shift;
    uint64_t high = start | (uint64_t) class->high << fine_shift;
    return fmin(fmax(afmon_order_value(low + (high - low) / 2), body->min), body->max);
}

/* Where the last rank was found. */
struct place {
    uint32_t class;
    uint64_t before; /* values in the classes before it */
};

static double in_classes(const body_t *body, struct place *place, uint64_t rank)
{
    if (rank < place->before)
        *place = (struct place){0, 0};
    for (; place->class < body->used; place->class ++) {
        const class_t *class = &afmon_sketch_classes(body)[place->class];
        uint64_t here = afmon_sketch_class_count(class);
        if (rank - place->before < here)
            return afmon_sketch_class_middle(body, class);
        place->before += here;
    }
    return body->max;
}

/* The value at a rank, from 0. */
static double at_rank(const body_t *body, uint64_t count, struct place *place, uint64_t rank)
{
    if (rank == 0)
        return body->min;
    if (rank >= count - 1)
        return body->max;
    return body->classed ? in_classes(body, place, rank) : afmon_order_value(afmon_sketch_keys(body)[rank]);
}

void afmon_sketch_quantiles(struct afmon_sketch *sketch, const double *q, size_t n, double *out)
{
    body_t *body = sketch->body;
    uint64_t count = body == NULL ? 0 : count_of(body);
    struct place found = {0, 0};
    if (body != NULL && !body->classed)
        afmon_sketch_sort(body);
    for (size_t i = 0; i < n; i++) {
        if (count == 0) {
            out[i] = 0;
            continue;
        }
        struct afmon_quantile_place at = afmon_quantile_place(q[i], count);
        double low = at_rank(body, count, &found, at.rank);
        double high = at_rank(body, count, &found, at.rank + 1);
        out[i] = afmon_quantile_between(low, high, at.fraction);
    }
}

/* Takes in a number of equal values, as Welford (1962) does with one. */
struct moments {
    double count;
    double mean;
    double squares;
};

static void take(struct moments *moments, double value, uint64_t times)
{
    double distance = value - moments->mean;
    moments->count += (double)times;
    moments->mean += distance * ((double)times / moments->count);
    moments->squares += distance * (value - moments->mean) * (double)times;
}

double afmon_sketch_stddev(struct afmon_sketch *sketch)
{
    body_t *body = sketch->body;
    struct moments moments = {0, 0, 0};
    if (body != NULL && !body->classed)
        afmon_sketch_sort(body);
    for (uint32_t i = 0; body != NULL && i < body->used; i++) {
        const class_t *class = &afmon_sketch_classes(body)[i];
        if (body->classed)
            take(&moments, afmon_sketch_class_middle(body, class), afmon_sketch_class_count(class));
        else
            take(&moments, afmon_order_value(afmon_sketch_keys(body)[i]), 1);
    }
    return moments.count < 2 ? 0 : sqrt(moments.squares / (moments.count - 1));
}

double afmon_sketch_error(const struct afmon_sketch *sketch)
{
    if (sketch->body == NULL || !sketch->body->classed)
        return 0;
    unsigned shift = sketch->body->shift;
    if (shift <= OCTAVE)
        return ldexp(CLASS_ERROR, (int)shift);
    /* A class of 2^k exponents has values that differ from its middle by a factor of up to 2^(2^(k-1)). */
    return exp2(ldexp(1, (int)(shift - OCTAVE - 1))) - 1;
}

uint64_t afmon_sketch_count(const struct afmon_sketch *sketch)
{
    return sketch->body == NULL ? 0 : count_of(sketch->body);
}

size_t afmon_sketch_bytes(const struct afmon_sketch *sketch)
{
    return sketch->body == NULL ? 0 : sizeof *sketch->body + sketch->body->size;
}
