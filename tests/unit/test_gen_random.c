/* Random numbers: the same for the same place, and distributed as they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "generators/random.h"

enum { DRAWS = 200000 };

static void the_same_place_gives_the_same_numbers(void **state)
{
    (void)state;
    gen_random a = gen_random_at(1, 2, 3), b = gen_random_at(1, 2, 3);
    for (int i = 0; i < 100; i++)
        assert_int_equal(gen_random_bits(&a), gen_random_bits(&b));
}

static void other_places_give_other_numbers(void **state)
{
    (void)state;
    const uint64_t places[][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0},
                                  {0, 1, 1}, {2, 0, 0}, {0, 2, 0}, {0, 0, 2}};
    enum { PLACES = sizeof places / sizeof places[0] };
    uint64_t first[PLACES];
    for (int i = 0; i < PLACES; i++) {
        gen_random random = gen_random_at(places[i][0], places[i][1], places[i][2]);
        first[i] = gen_random_bits(&random);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
    }
}

static void units_and_bounds(void **state)
{
    (void)state;
    gen_random random = gen_random_at(7, 0, 0);
    unsigned seen[5] = {0};
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = gen_random_unit(&random);
        assert_true(u >= 0 && u < 1);
        sum += u;
        uint32_t n = gen_random_below(&random, 5);
        assert_true(n < 5);
        seen[n]++;
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 0.005);
    for (int i = 0; i < 5; i++)
        assert_true(seen[i] > DRAWS / 5 * 0.97 && seen[i] < DRAWS / 5 * 1.03);
    assert_int_equal(gen_random_below(&random, 1), 0);
    assert_int_equal(gen_random_below(&random, 0), 0);
}

static void normals_and_lognormals(void **state)
{
    (void)state;
    gen_random random = gen_random_at(8, 0, 0);
    double sum = 0, squares = 0;
    int below = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = gen_random_normal(&random);
        assert_true(isfinite(x));
        sum += x;
        squares += x * x;
        below += gen_random_lognormal(&random, 3, 0.5) < 3;
    }
    assert_true(fabs(sum / DRAWS) < 0.01);
    assert_true(fabs(squares / DRAWS - 1) < 0.02);
    assert_true(abs(below - DRAWS / 2) < DRAWS / 100);
}

static void seeds_differ_and_can_be_typed(void **state)
{
    (void)state;
    uint64_t a = gen_random_seed(), b = gen_random_seed(), c = gen_random_seed();
    assert_true(a < UINT64_C(1) << 31 && b < UINT64_C(1) << 31);
    assert_false(a == b && b == c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_place_gives_the_same_numbers),
        cmocka_unit_test(other_places_give_other_numbers),
        cmocka_unit_test(units_and_bounds),
        cmocka_unit_test(normals_and_lognormals),
        cmocka_unit_test(seeds_differ_and_can_be_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
