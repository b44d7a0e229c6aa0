#include "base/exact_sum.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define PARTS 4
#define SCALE 0x1p-64

/* A sum beyond a double has parts that are scaled down, the last of which says so. */
static bool is_scaled(const struct afmon_exact_sum *sum)
{
    return isinf(sum->part[PARTS - 1]);
}

/* What a + b is: *rest is what rounding left of it. NaN or an infinity in either where it is out of range. */
static inline double add_two(double a, double b, double *rest)
{
    double sum = a + b;
    double of_b = sum - a;
    double of_a = sum - of_b;
    *rest = (a - of_a) + (b - of_b);
    return sum;
}

/* Doubles that do not overlap, the smallest first, whose sum is exact. */
struct expansion {
    double term[2 * PARTS + 1];
    size_t count;
};

/* False: out of range. */
static bool grow(struct expansion *expansion, double value)
{
    size_t kept = 0;
    for (size_t i = 0; i < expansion->count; i++) {
        double rest;
        value = add_two(value, expansion->term[i], &rest);
        if (!isfinite(value) || !isfinite(rest))
            return false;
        if (rest != 0)
            expansion->term[kept++] = rest;
    }
    if (value != 0)
        expansion->term[kept++] = value;
    expansion->count = kept;
    return true;
}

/* Correctly rounded, to even where it lies between two doubles (as math.fsum does). */
static double rounded(const struct expansion *expansion)
{
    size_t left = expansion->count;
    double high = left > 0 ? expansion->term[--left] : 0;
    double rest = 0;
    while (left > 0 && rest == 0)
        high = add_two(high, expansion->term[--left], &rest);
    /* Half of the last bit was left, and what lies below decides. */
    if (left > 0 && (rest < 0) == (expansion->term[left - 1] < 0)) {
        double twice = rest * 2;
        double away = high + twice;
        if (away - high == twice)
            high = away;
    }
    return high;
}

/* False: out of range. */
static bool collect(struct expansion *expansion, const struct afmon_exact_sum *sum, double scale)
{
    for (size_t i = is_scaled(sum) ? PARTS - 1 : PARTS; i-- > 0;)
        if (!grow(expansion, sum->part[i] * scale))
            return false;
    return true;
}

/* False: out of range. */
static bool take_parts(struct expansion *expansion, struct afmon_exact_sum *sum)
{
    *sum = (struct afmon_exact_sum){0};
    for (size_t i = 0; i < PARTS && expansion->count > 0; i++) {
        sum->part[i] = rounded(expansion);
        if (!isfinite(sum->part[i]) || !grow(expansion, -sum->part[i]))
            return false;
    }
    return true;
}

static double scale_of(const struct afmon_exact_sum *sum, bool scaled)
{
    return scaled && !is_scaled(sum) ? SCALE : 1;
}

/* Adds two sums; false: out of range where they are not scaled. */
static bool unite(struct afmon_exact_sum *into, const struct afmon_exact_sum *from, bool scaled)
{
    struct expansion expansion = {.count = 0};
    struct afmon_exact_sum sum;
    if (!collect(&expansion, into, scale_of(into, scaled)) || !collect(&expansion, from, scale_of(from, scaled)) ||
        !take_parts(&expansion, &sum))
        return false;
    if (scaled && isfinite(sum.part[0] / SCALE)) {
        for (size_t i = 0; i < PARTS; i++)
            sum.part[i] /= SCALE;
    } else if (scaled) {
        sum.part[PARTS - 1] = INFINITY;
    }
    *into = sum;
    return true;
}

void afmon_exact_sum_merge(struct afmon_exact_sum *into, const struct afmon_exact_sum *from)
{
    if (is_scaled(into) || is_scaled(from) || !unite(into, from, false))
        unite(into, from, true);
}

void afmon_exact_sum_add(struct afmon_exact_sum *sum, double value)
{
    double rest;
    double lower_rest;
    double high = add_two(sum->part[0], value, &rest);
    /* Counts, tokens, ones: nothing is ever left. */
    if (rest == 0 && sum->part[1] == 0 && sum->part[PARTS - 1] == 0 && isfinite(high)) {
        sum->part[0] = high;
        return;
    }
    double low = add_two(sum->part[1], rest, &lower_rest);
    /* Two parts are enough for nearly all that is added in practice. */
    if (lower_rest == 0 && sum->part[2] == 0 && sum->part[3] == 0) {
        high = add_two(high, low, &low);
        if (isfinite(high) && isfinite(low)) {
            sum->part[0] = high;
            sum->part[1] = low;
            return;
        }
    }
    afmon_exact_sum_merge(sum, &(struct afmon_exact_sum){{value}});
}

void afmon_exact_sum_add_times(struct afmon_exact_sum *sum, double value, size_t times)
{
    double product = value * (double)times;
    bool exact = times < (UINT64_C(1) << 53) && isfinite(product) && fma(value, (double)times, -product) == 0;
    if (exact)
        afmon_exact_sum_add(sum, product);
    for (size_t i = 0; i < times && !exact; i++)
        afmon_exact_sum_add(sum, value);
}

double afmon_exact_sum_value(const struct afmon_exact_sum *sum)
{
    return is_scaled(sum) ? sum->part[0] / SCALE : sum->part[0];
}

double afmon_exact_sum_mean(const struct afmon_exact_sum *sum, uint64_t count)
{
    if (count == 0)
        return 0;
    double divisor = (double)count;
    double mean = sum->part[0] / divisor;
    double rest = fma(-mean, divisor, sum->part[0]) + sum->part[1];
    mean += rest / divisor;
    return is_scaled(sum) ? mean / SCALE : mean;
}
