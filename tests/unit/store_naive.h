/* What the store is compared with: all samples in one array, and every question answered by going through them.
 * Included by the tests of the store; each uses a part of it. */
#ifndef AFMON_TESTS_STORE_NAIVE_H
#define AFMON_TESTS_STORE_NAIVE_H

#include "check.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "sanitized.h"
#include "store/store.h"

#define UNUSED_HERE __attribute__((unused))

/* ---- Random numbers, the same in every run ---- */

static uint64_t random_state = UINT64_C(88172645463325252);

static UNUSED_HERE uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 .. limit - 1 */
static UNUSED_HERE uint64_t random_below(uint64_t limit)
{
    return random_bits() % limit;
}

static UNUSED_HERE double random_unit(void)
{
    return ((double)(random_bits() >> 11) + 0.5) * 0x1p-53;
}

static UNUSED_HERE double random_normal(void)
{
    return sqrt(-2 * log(random_unit())) * cos(6.283185307179586 * random_unit());
}

/* Streams of values that are hard for one part of the index or another. */
enum stream {
    LOG_NORMAL,
    UNIFORM,
    NARROW,
    WHOLE,
    CONSTANT,
    RATE,
    FEW,
    NEGATIVE,
    TINY_AND_HUGE,
    ANY_BITS,
    COUNTER,
    DRIFT,
    MIX,
    STREAMS
};

static UNUSED_HERE double any_finite(void)
{
    for (;;) {
        uint64_t bits = random_bits();
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            return value;
    }
}

static UNUSED_HERE double stream_value(enum stream stream, uint64_t index)
{
    static const double few[] = {0.25, 0.25000000000000006, 0.5, -0.0, 0.0, 1e300};
    switch (stream) {
    case LOG_NORMAL:
        return exp(random_normal());
    case UNIFORM:
        return random_unit();
    case NARROW:
        return 1e6 + random_unit() * 1e-6;
    case WHOLE:
        return floor(100 * exp(random_normal()));
    case CONSTANT:
        return 0.1;
    case RATE:
        return random_below(10) < 9 ? 1.0 : 0.0;
    case FEW:
        return few[random_below(sizeof few / sizeof few[0])];
    case NEGATIVE:
        return -exp(3 * random_normal());
    case TINY_AND_HUGE:
        return ldexp(random_unit(), (int)random_below(2000) - 1000);
    case ANY_BITS:
        return any_finite();
    case COUNTER:
        return (double)index;
    case DRIFT:
        return exp(random_normal() * 0.1 + (double)index / 20000.0);
    default:
        return stream_value((enum stream)random_below(MIX), index);
    }
}

/* ---- All samples ---- */

struct naive_sample {
    double value;
    int64_t wall_us;
    int64_t steady_us;
    int model; /* number of the sample's set */
};

struct naive {
    struct naive_sample *samples;
    size_t count;
    size_t capacity;
};

static UNUSED_HERE void naive_add(struct naive *naive, struct naive_sample sample)
{
    if (naive->count == naive->capacity) {
        naive->capacity = naive->capacity * 2 + 1024;
        naive->samples = realloc(naive->samples, naive->capacity * sizeof *naive->samples);
        assert_non_null(naive->samples);
    }
    naive->samples[naive->count++] = sample;
}

static UNUSED_HERE void naive_free(struct naive *naive)
{
    free(naive->samples);
    *naive = (struct naive){0};
}

static UNUSED_HERE int naive_order(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The finite values of samples from..count-1 with since <= time <= until, sorted. free() them. */
static UNUSED_HERE double *naive_sorted(const struct naive *naive, size_t from, int64_t since, int64_t until, bool wall,
                                        size_t *count, uint64_t *not_finite)
{
    double *values = malloc((naive->count + 1) * sizeof *values);
    assert_non_null(values);
    *count = 0;
    *not_finite = 0;
    for (size_t i = from; i < naive->count; i++) {
        const struct naive_sample *sample = &naive->samples[i];
        int64_t time = wall ? sample->wall_us : sample->steady_us;
        if (time < since || time > until)
            continue;
        if (isfinite(sample->value))
            values[(*count)++] = sample->value;
        else
            ++*not_finite;
    }
    qsort(values, *count, sizeof *values, naive_order);
    return values;
}

/* numpy.quantile(values, q), method "linear". */
static UNUSED_HERE double naive_quantile(const double *sorted, size_t count, double q)
{
    double at = q * (double)(count - 1);
    size_t low = (size_t)floor(at);
    size_t high = low + 1 < count ? low + 1 : low;
    double fraction = at - (double)low;
    double difference = sorted[high] - sorted[low];
    if (!isfinite(difference))
        return sorted[low] * (1 - fraction) + sorted[high] * fraction;
    return fraction < 0.5 ? sorted[low] + difference * fraction : sorted[high] - difference * (1 - fraction);
}

/* The same double; zeros of both signs are. */
static UNUSED_HERE void assert_same(double actual, double expected)
{
    if (!(actual == expected))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static UNUSED_HERE void assert_near(double actual, double expected, double scale, double tolerance)
{
    if (!isfinite(expected) || !isfinite(scale)) /* out of a double's range: nothing is promised */
        return;
    if (!(fabs(actual - expected) <= tolerance * fabs(scale) + DBL_MIN))
        fail_msg("%.17g is not within %g of %.17g (scale %g)", actual, tolerance, expected, scale);
}

/* Compares counts, bounds, sums and the spread with those of the sorted values. */
static UNUSED_HERE void assert_sums(const afmon_aggregate *aggregate, const double *sorted, size_t count,
                                    uint64_t not_finite)
{
    long double sum = 0;
    long double absolute = 0;
    long double squares = 0;
    assert_int_equal(aggregate->count, count);
    assert_int_equal(aggregate->not_finite, not_finite);
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i];
        absolute += fabs(sorted[i]);
    }
    long double mean = count > 0 ? sum / (long double)count : 0;
    for (size_t i = 0; i < count; i++)
        squares += (sorted[i] - mean) * (sorted[i] - mean);
    double stddev = count > 1 ? (double)sqrtl(squares / (long double)(count - 1)) : 0.0;
    assert_near(aggregate->sum, (double)sum, (double)absolute, 1e-12);
    assert_near(aggregate->mean, (double)mean, (double)(count > 0 ? absolute / (long double)count : 0), 1e-12);
    if (isfinite((double)squares) && (double)squares > DBL_MIN)
        assert_near(aggregate->stddev, stddev, stddev + fabs((double)mean) * 1e-8, 1e-6);
    assert_same(aggregate->min, count > 0 ? sorted[0] : 0);
    assert_same(aggregate->max, count > 0 ? sorted[count - 1] : 0);
}

static UNUSED_HERE void assert_quantiles(const afmon_aggregate *aggregate, const double *sorted, size_t count)
{
    assert_same(aggregate->p50, count > 0 ? naive_quantile(sorted, count, 0.5) : 0);
    assert_same(aggregate->p90, count > 0 ? naive_quantile(sorted, count, 0.9) : 0);
    assert_same(aggregate->p99, count > 0 ? naive_quantile(sorted, count, 0.99) : 0);
}

#endif
