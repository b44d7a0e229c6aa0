/* Exact sums, against a number of 2,240 bits in which every sum of doubles has room. */
#include "store_naive.h"

#include "base/exact_sum.h"

/* ---- The reference: a multiple of 2^-1074, in two's complement ---- */

enum { WORDS = 35, LEAST = 1074 };

struct big {
    uint64_t word[WORDS]; /* the lowest first */
};

static void big_add_at(struct big *big, size_t word, uint64_t value)
{
    for (; word < WORDS && value != 0; word++) {
        big->word[word] += value;
        value = big->word[word] < value;
    }
}

static void big_negate(struct big *big)
{
    for (size_t i = 0; i < WORDS; i++)
        big->word[i] = ~big->word[i];
    big_add_at(big, 0, 1);
}

static void big_add(struct big *big, double value)
{
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(value), &exponent), 53);
    int place = exponent - 53 + LEAST;
    if (place < 0) { /* subnormal: the low bits are zeros */
        mantissa >>= -place;
        place = 0;
    }
    if (value < 0)
        big_negate(big);
    big_add_at(big, (size_t)place / 64, mantissa << (place % 64));
    if (place % 64 > 0)
        big_add_at(big, (size_t)place / 64 + 1, mantissa >> (64 - place % 64));
    if (value < 0)
        big_negate(big);
}

static bool big_bit(const struct big *big, int bit)
{
    return bit >= 0 && (big->word[bit / 64] >> (bit % 64) & 1) != 0;
}

/* To the nearest double, to even where two are as near. */
static double big_value(struct big big)
{
    bool negative = big_bit(&big, WORDS * 64 - 1);
    if (negative)
        big_negate(&big);
    int top = WORDS * 64 - 1;
    while (top > 0 && !big_bit(&big, top))
        top--;
    int last = top - 52 > 0 ? top - 52 : 0;
    uint64_t mantissa = 0;
    for (int bit = top; bit >= last; bit--)
        mantissa = mantissa << 1 | big_bit(&big, bit);
    bool below = false;
    for (int bit = 0; bit < last - 1; bit++)
        below |= big_bit(&big, bit);
    if (last > 0 && big_bit(&big, last - 1) && (below || (mantissa & 1) != 0))
        mantissa++;
    double value = ldexp((double)mantissa, last - LEAST);
    return negative ? -value : value;
}

/* ---- Values ---- */

enum kind { SECONDS, WHOLE_NUMBERS, ANY_SIGN, CANCELLING, HALVES, NEAR_MAX, SUBNORMAL, WIDE, KINDS };

static double value_of(enum kind kind, size_t i)
{
    double sign = random_below(2) == 0 ? 1 : -1;
    switch (kind) {
    case SECONDS:
        return exp(2 * random_normal());
    case WHOLE_NUMBERS:
        return (double)random_below(100000);
    case ANY_SIGN:
        return ldexp(random_unit(), (int)random_below(80) - 40) * sign;
    case CANCELLING: /* each with its opposite, but the last */
        return i % 2 == 0 ? (double)(i + 1) * 1e17 : (double)i * -1e17;
    case HALVES: /* ties, and a hair beside */
        return sign * ldexp(1 + 0x1p-52 * (double)random_below(3), (int)random_below(3) * -53);
    case NEAR_MAX:
        return sign * DBL_MAX * (1 - random_unit() * 0x1p-10);
    case SUBNORMAL:
        return sign * ldexp((double)random_below(1000), -1074);
    default: /* no more than four parts of it */
        return sign * ldexp(1 + (double)random_below(2), (int)random_below(4) * 250 - 500);
    }
}

static void shuffle(double *values, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(i);
        double value = values[i - 1];
        values[i - 1] = values[other];
        values[other] = value;
    }
}

static void assert_sum(const struct afmon_exact_sum *sum, const double *values, size_t count)
{
    struct big big = {{0}};
    for (size_t i = 0; i < count; i++)
        big_add(&big, values[i]);
    assert_same(afmon_exact_sum_value(sum), big_value(big));
}

/* ---- Tests ---- */

static void test_right_in_any_order(void **state)
{
    (void)state;
    static double values[3000];
    for (int round = 0; round < 40 * KINDS; round++) {
        size_t count = 1 + random_below(round % 10 == 0 ? 3000 : 40);
        for (size_t i = 0; i < count; i++)
            values[i] = value_of((enum kind)(round % KINDS), i);
        struct afmon_exact_sum first = {{0}};
        for (int order = 0; order < 4; order++) {
            struct afmon_exact_sum parts[3] = {{{0}}};
            for (size_t i = 0; i < count; i++)
                afmon_exact_sum_add(&parts[order == 0 ? 0 : random_below(3)], values[i]);
            afmon_exact_sum_merge(&parts[1], &parts[2]);
            afmon_exact_sum_merge(&parts[0], &parts[1]);
            assert_sum(&parts[0], values, count);
            if (order == 0)
                first = parts[0];
            assert_memory_equal(&first, &parts[0], sizeof first);
            shuffle(values, count);
        }
    }
}

static void test_nothing_and_zeros(void **state)
{
    (void)state;
    struct afmon_exact_sum sum = {{0}};
    assert_same(afmon_exact_sum_value(&sum), 0.0);
    assert_same(afmon_exact_sum_mean(&sum, 0), 0.0);
    afmon_exact_sum_add(&sum, -0.0);
    afmon_exact_sum_add(&sum, 5e-324);
    assert_same(afmon_exact_sum_value(&sum), 5e-324);
    afmon_exact_sum_add(&sum, -5e-324);
    assert_memory_equal(&sum, &(struct afmon_exact_sum){{0}}, sizeof sum);
}

static void test_beyond_a_double_and_back(void **state)
{
    (void)state;
    struct afmon_exact_sum sum = {{0}};
    for (int i = 0; i < 1000; i++)
        afmon_exact_sum_add(&sum, DBL_MAX);
    assert_true(isinf(afmon_exact_sum_value(&sum)));
    assert_same(afmon_exact_sum_mean(&sum, 1000), DBL_MAX);
    for (int doubled = 0; doubled < 50; doubled++)
        afmon_exact_sum_merge(&sum, &(struct afmon_exact_sum){{sum.part[0], sum.part[1], sum.part[2], sum.part[3]}});
    assert_same(afmon_exact_sum_mean(&sum, UINT64_C(1000) << 50), DBL_MAX);
    struct afmon_exact_sum less = {{0}};
    for (int i = 0; i < 1000; i++)
        afmon_exact_sum_add(&less, -DBL_MAX);
    for (int doubled = 0; doubled < 50; doubled++)
        afmon_exact_sum_merge(&less,
                              &(struct afmon_exact_sum){{less.part[0], less.part[1], less.part[2], less.part[3]}});
    afmon_exact_sum_add(&less, 1.25);
    afmon_exact_sum_merge(&sum, &less);
    assert_same(afmon_exact_sum_value(&sum), 1.25);
    assert_same(afmon_exact_sum_mean(&less, UINT64_C(1000) << 50), -DBL_MAX);
}

static void test_the_mean_of_equal_values_is_the_value(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        double value = any_finite();
        size_t count = 1 + random_below(200);
        struct afmon_exact_sum sum = {{0}};
        for (size_t i = 0; i < count; i++)
            afmon_exact_sum_add(&sum, value);
        assert_same(afmon_exact_sum_mean(&sum, count), value);
    }
}

/* Also where value * times is no double, and where it is beyond one. */
static void test_many_times_is_one_by_one(void **state)
{
    static const double values[] = {1, 0, -3.25, 0.1, 1.0 / 3, 1e-320, 0x1.fffffffffffffp1023, 7e300};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct afmon_exact_sum by_one = {{0}};
        struct afmon_exact_sum at_once = {{0}};
        for (size_t times = 0; times < 40; times += 13) {
            afmon_exact_sum_add(&by_one, 0.7);
            afmon_exact_sum_add(&at_once, 0.7);
            for (size_t j = 0; j < times; j++)
                afmon_exact_sum_add(&by_one, values[i]);
            afmon_exact_sum_add_times(&at_once, values[i], times);
            assert_memory_equal(&by_one, &at_once, sizeof by_one);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_in_any_order),       cmocka_unit_test(test_nothing_and_zeros),
        cmocka_unit_test(test_beyond_a_double_and_back), cmocka_unit_test(test_the_mean_of_equal_values_is_the_value),
        cmocka_unit_test(test_many_times_is_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
