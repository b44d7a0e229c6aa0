/* Sketches: exact, in classes, in any order, with little room and without memory. numpy looks on in
 * tests/e2e/peers_sketch.py. */
#include "store_naive.h"

#include "base/quantile.h"
#include "base/sketch.h"

#include "fail_alloc.h"

static const struct afmon_sketch_limits usual = {.exact_max = 4096};
static const double asked[] = {0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
enum { ASKED = sizeof asked / sizeof asked[0], COUNT = 20000 };

static double values[COUNT];

static void fill(enum stream stream, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = stream_value(stream, i);
}

static struct afmon_sketch sketch_of(size_t count, const struct afmon_sketch_limits *limits)
{
    struct afmon_sketch sketch = {0};
    for (size_t i = 0; i < count; i++)
        assert_true(afmon_sketch_add(&sketch, values[i], limits));
    assert_int_equal(afmon_sketch_count(&sketch), count);
    return sketch;
}

/* Sorts the values. Between the order statistics, off by no more than a part of the larger of the two. */
static void assert_answers(struct afmon_sketch *sketch, size_t count, double part)
{
    double found[ASKED];
    qsort(values, count, sizeof values[0], naive_order);
    afmon_sketch_quantiles(sketch, asked, ASKED, found);
    for (size_t i = 0; i < ASKED; i++) {
        struct afmon_quantile_place at = afmon_quantile_place(asked[i], count);
        double low = values[at.rank];
        double high = values[at.rank + 1 < count ? at.rank + 1 : at.rank];
        double expected = afmon_quantile_between(low, high, at.fraction);
        double most = fmax(fmax(fabs(low), fabs(high)), DBL_MIN) * part;
        if (part == 0)
            assert_same(found[i], expected + 0.0);
        else
            assert_true(fabs(found[i] - expected) <= most);
    }
}

static void assert_equal_sketches(struct afmon_sketch *a, struct afmon_sketch *b)
{
    enum { FINE = 400 };
    double q[FINE];
    double of_a[FINE];
    double of_b[FINE];
    for (size_t i = 0; i < FINE; i++)
        q[i] = (double)i / (FINE - 1);
    afmon_sketch_quantiles(a, q, FINE, of_a);
    afmon_sketch_quantiles(b, q, FINE, of_b);
    assert_memory_equal(of_a, of_b, sizeof of_a);
    assert_int_equal(afmon_sketch_count(a), afmon_sketch_count(b));
    assert_same(afmon_sketch_error(a), afmon_sketch_error(b));
}

/* ---- Exact, and in classes ---- */

static void test_few_values_are_exact(void **state)
{
    (void)state;
    const size_t counts[] = {1, 2, 3, 4, 5, 17, 64, 65, 1000, 4095, 4096};
    for (int stream = 0; stream < STREAMS; stream++) {
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            fill((enum stream)stream, counts[i]);
            struct afmon_sketch sketch = sketch_of(counts[i], &usual);
            assert_same(afmon_sketch_error(&sketch), 0.0);
            assert_answers(&sketch, counts[i], 0);
            /* A few more, and asked again. */
            assert_answers(&sketch, counts[i], 0);
            afmon_sketch_free(&sketch, &usual);
        }
    }
}

static void test_asking_between_adding(void **state)
{
    (void)state;
    struct afmon_sketch sketch = {0};
    fill(MIX, 3000);
    for (size_t i = 0; i < 3000;) {
        size_t more = i + 1 + random_below(40);
        static double added[COUNT];
        for (; i < more && i < 3000; i++) {
            added[i] = stream_value(MIX, i);
            assert_true(afmon_sketch_add(&sketch, added[i], &usual));
        }
        memcpy(values, added, i * sizeof values[0]);
        assert_answers(&sketch, i, 0);
    }
    afmon_sketch_free(&sketch, NULL);
}

static void test_many_values_are_within_a_thousandth(void **state)
{
    (void)state;
    const size_t exact[] = {0, 1, 2, 64, 4096};
    for (int stream = 0; stream < STREAMS; stream++) {
        for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
            const struct afmon_sketch_limits limits = {.exact_max = exact[i]};
            fill((enum stream)stream, COUNT);
            struct afmon_sketch sketch = sketch_of(COUNT, &limits);
            assert_same(afmon_sketch_error(&sketch), 0x1p-10);
            assert_answers(&sketch, COUNT, 0.001);
            afmon_sketch_free(&sketch, &limits);
        }
    }
}

static void test_all_are_held_where_that_is_wanted(void **state)
{
    (void)state;
    const struct afmon_sketch_limits limits = {.exact_max = SIZE_MAX};
    fill(MIX, COUNT);
    struct afmon_sketch sketch = sketch_of(COUNT, &limits);
    assert_answers(&sketch, COUNT, 0);
    afmon_sketch_free(&sketch, &limits);
}

static void test_equal_short_values_stay_exact(void **state)
{
    (void)state;
    const struct afmon_sketch_limits limits = {.exact_max = 0};
    const double levels[] = {-100, -1, -0.25, 0, 0.375, 1, 3, 100, 4096, 30000000};
    enum { LEVELS = sizeof levels / sizeof levels[0] };
    for (size_t i = 0; i < 1000; i++)
        values[i] = levels[random_below(LEVELS)];
    struct afmon_sketch sketch = sketch_of(1000, &limits);
    assert_answers(&sketch, 1000, 0);
    afmon_sketch_free(&sketch, &limits);
}

/* A lone outlier is where it is, and not where the middle of its class would be. */
static void test_a_lone_outlier(void **state)
{
    (void)state;
    const size_t counts[] = {5, 20, 30, 100};
    const size_t exact[] = {0, 64, 4096};
    for (size_t i = 0; i < 12; i++) {
        const struct afmon_sketch_limits limits = {.exact_max = exact[i % 3]};
        size_t count = counts[i / 3];
        for (size_t k = 0; k < count; k++)
            values[k] = k == count / 2 ? 100.123456789 : 1.0;
        struct afmon_sketch sketch = sketch_of(count, &limits);
        assert_answers(&sketch, count, 0);
        afmon_sketch_free(&sketch, &limits);
    }
}

/* ---- Order ---- */

static void test_order_and_merging_change_nothing(void **state)
{
    (void)state;
    const size_t exact[] = {0, 64, 4096};
    for (int round = 0; round < 3 * STREAMS; round++) {
        const struct afmon_sketch_limits limits = {.exact_max = exact[round % 3]};
        size_t count = 1 + random_below(round % 2 == 0 ? COUNT : 100);
        struct afmon_sketch parts[5] = {{0}};
        fill((enum stream)(round % STREAMS), count);
        struct afmon_sketch whole = sketch_of(count, &limits);
        for (size_t i = count; i-- > 0;)
            assert_true(afmon_sketch_add(&parts[random_below(random_below(5) + 1)], values[i], &limits));
        for (size_t i = 5; i-- > 1;)
            assert_true(afmon_sketch_merge(&parts[i - 1], &parts[i], &limits));
        assert_equal_sketches(&whole, &parts[0]);
        afmon_sketch_free(&whole, &limits);
        for (size_t i = 0; i < 5; i++)
            afmon_sketch_free(&parts[i], &limits);
    }
}

/* ---- Room ---- */

/* The least that a sketch takes is not refused. */
static void assert_in_room(size_t taken, size_t left, size_t room, size_t sketches)
{
    if (room >= sketches * AFMON_SKETCH_BYTES_MIN)
        assert_int_equal(taken + left, room);
    else
        assert_true(left <= room && taken <= room + sketches * AFMON_SKETCH_BYTES_MIN);
}

static void test_within_the_room(void **state)
{
    (void)state;
    for (size_t room = 0; room < 20000; room = room * 2 + 7) {
        for (int stream = 0; stream < STREAMS; stream++) {
            size_t left = room;
            const struct afmon_sketch_limits limits = {.exact_max = 4096, .room = &left};
            struct afmon_sketch sketch = {0};
            fill((enum stream)stream, COUNT);
            for (size_t i = 0; i < COUNT; i++) {
                assert_true(afmon_sketch_add(&sketch, values[i], &limits));
                assert_in_room(afmon_sketch_bytes(&sketch), left, room, 1);
            }
            assert_int_equal(afmon_sketch_count(&sketch), COUNT);
            double error = afmon_sketch_error(&sketch);
            assert_true(error >= 0x1p-10);
            if (error < 0.5)
                assert_answers(&sketch, COUNT, error * 1.001);
            afmon_sketch_free(&sketch, &limits);
            assert_int_equal(left, room);
        }
    }
}

static void test_merging_within_the_room(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t room = random_below(8000);
        size_t left = room;
        const struct afmon_sketch_limits limits = {.exact_max = random_below(300), .room = &left};
        struct afmon_sketch sketches[4] = {{0}};
        size_t count = 1 + random_below(3000);
        fill((enum stream)(round % STREAMS), count);
        for (size_t i = 0; i < count; i++)
            assert_true(afmon_sketch_add(&sketches[random_below(4)], values[i], &limits));
        for (size_t i = 1; i < 4; i++) {
            assert_true(afmon_sketch_merge(&sketches[0], &sketches[i], &limits));
            afmon_sketch_free(&sketches[i], &limits);
            afmon_sketch_narrow(&sketches[random_below(4)], &limits);
        }
        assert_int_equal(afmon_sketch_count(&sketches[0]), count);
        assert_in_room(afmon_sketch_bytes(&sketches[0]), left, room, 4);
        double error = afmon_sketch_error(&sketches[0]);
        if (error < 0.5)
            assert_answers(&sketches[0], count, error * 1.001);
        afmon_sketch_free(&sketches[0], &limits);
        assert_int_equal(left, room);
    }
}

static void test_narrowing_gives_half_back(void **state)
{
    (void)state;
    size_t left = 1 << 20;
    const struct afmon_sketch_limits limits = {.exact_max = 4096, .room = &left};
    const size_t counts[] = {0, 1, 3, 4, 100, 4000, COUNT};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        fill(LOG_NORMAL, counts[i]);
        struct afmon_sketch sketch = sketch_of(counts[i], &limits);
        for (int times = 0; times < 20; times++) {
            size_t before = afmon_sketch_bytes(&sketch);
            afmon_sketch_narrow(&sketch, &limits);
            assert_true(afmon_sketch_bytes(&sketch) <= before / 2 + AFMON_SKETCH_BYTES_MIN);
            assert_int_equal(afmon_sketch_bytes(&sketch) + left, 1 << 20);
            assert_int_equal(afmon_sketch_count(&sketch), counts[i]);
        }
        assert_true(afmon_sketch_bytes(&sketch) <= AFMON_SKETCH_BYTES_MIN);
        afmon_sketch_free(&sketch, &limits);
        sketch = sketch_of(counts[i], &limits);
        afmon_sketch_narrow_to(&sketch, 1000, &limits);
        assert_true(afmon_sketch_bytes(&sketch) <= 1000 && afmon_sketch_bytes(&sketch) + left == 1 << 20);
        assert_int_equal(afmon_sketch_count(&sketch), counts[i]);
        afmon_sketch_free(&sketch, &limits);
    }
}

/* ---- Spread ---- */

static void test_standard_deviations(void **state)
{
    (void)state;
    for (int stream = 0; stream < STREAMS; stream++) {
        if (stream == TINY_AND_HUGE || stream == ANY_BITS || stream == FEW || stream == MIX || stream == NARROW)
            continue; /* squares beyond a double, or differences below the width of a class */
        for (size_t count = 0; count <= COUNT; count = count * 10 + 2) {
            fill((enum stream)stream, count);
            struct afmon_sketch sketch = sketch_of(count, &usual);
            double mean = 0;
            double squares = 0;
            for (size_t i = 0; i < count; i++)
                mean += values[i] / (double)count;
            for (size_t i = 0; i < count; i++)
                squares += (values[i] - mean) * (values[i] - mean);
            double expected = count < 2 ? 0 : sqrt(squares / (double)(count - 1));
            double part = count <= usual.exact_max ? 1e-12 : 1e-3;
            assert_true(fabs(afmon_sketch_stddev(&sketch) - expected) <= part * expected + 1e-12 * fabs(mean));
            afmon_sketch_free(&sketch, &usual);
        }
    }
}

/* ---- No memory ---- */

static void test_no_memory_for_adding(void **state)
{
    (void)state;
    const size_t exact[] = {0, 10, 1000};
    for (size_t i = 0; i < 3; i++) {
        const struct afmon_sketch_limits limits = {.exact_max = exact[i]};
        for (long n = 1;; n++) {
            struct afmon_sketch sketch = {0};
            uint64_t added = 0;
            fill(LOG_NORMAL, 400);
            fail_alloc_at(n);
            for (size_t k = 0; k < 400; k++) {
                uint64_t before = afmon_sketch_count(&sketch);
                bool ok = afmon_sketch_add(&sketch, values[k], &limits);
                added = afmon_sketch_count(&sketch);
                assert_true(added == before + 1 || (!ok && added == before));
            }
            bool failed = fail_alloc_stop();
            double middle;
            afmon_sketch_quantiles(&sketch, &(double){0.5}, 1, &middle);
            assert_true(added >= 399 && middle > 0.7 && middle < 1.4);
            afmon_sketch_free(&sketch, &limits);
            if (!failed)
                break;
        }
    }
}

static void test_no_memory_for_merging(void **state)
{
    (void)state;
    const size_t exact[] = {0, 50, 150, 1000};
    for (size_t i = 0; i < 16; i++) {
        const struct afmon_sketch_limits limits[2] = {{.exact_max = exact[i % 4]}, {.exact_max = exact[i / 4]}};
        for (long n = 1;; n++) {
            const size_t count_of_from = i % 2 == 0 ? 100 : 5;
            fill(MIX, 200);
            struct afmon_sketch from = sketch_of(count_of_from, &limits[0]);
            struct afmon_sketch into = sketch_of(200 - count_of_from, &limits[1]);
            fail_alloc_at(n);
            bool ok = afmon_sketch_merge(&into, &from, &limits[1]);
            bool failed = fail_alloc_stop();
            assert_true(ok || failed);
            uint64_t count = afmon_sketch_count(&into);
            assert_true(ok ? count == 200 : count >= 200 - count_of_from && count <= 200);
            afmon_sketch_free(&from, &limits[0]);
            afmon_sketch_free(&into, &limits[1]);
            if (!failed)
                break;
        }
    }
}

static void test_empty(void **state)
{
    (void)state;
    struct afmon_sketch empty = {0};
    struct afmon_sketch other = {0};
    double found[2] = {1, 1};
    afmon_sketch_quantiles(&empty, (double[]){0, 0.5}, 2, found);
    assert_true(found[0] == 0 && found[1] == 0);
    assert_true(afmon_sketch_merge(&other, &empty, &usual));
    afmon_sketch_narrow(&empty, &usual);
    assert_same(afmon_sketch_error(&empty), 0.0);
    assert_int_equal(afmon_sketch_bytes(&empty) + afmon_sketch_count(&empty), 0);
    afmon_sketch_free(&empty, NULL);
    assert_null(other.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_values_are_exact),
        cmocka_unit_test(test_asking_between_adding),
        cmocka_unit_test(test_many_values_are_within_a_thousandth),
        cmocka_unit_test(test_all_are_held_where_that_is_wanted),
        cmocka_unit_test(test_equal_short_values_stay_exact),
        cmocka_unit_test(test_a_lone_outlier),
        cmocka_unit_test(test_order_and_merging_change_nothing),
        cmocka_unit_test(test_within_the_room),
        cmocka_unit_test(test_merging_within_the_room),
        cmocka_unit_test(test_narrowing_gives_half_back),
        cmocka_unit_test(test_standard_deviations),
        cmocka_unit_test(test_no_memory_for_adding),
        cmocka_unit_test(test_no_memory_for_merging),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
