/* The sketch of values that have left memory. */
#include "store_naive.h"

#include "store/index_search.h"
#include "base/order.h"
#include "store/shared_sketch.h"

#include "fail_alloc.h"

static struct afmon_shared_sketch *sketch_of(const double *values, size_t count)
{
    struct afmon_shared_sketch *sketch = NULL;
    for (size_t from = 0; from < count;) {
        size_t part = 1 + random_below(AFMON_CHUNK_SAMPLES);
        part = from + part > count ? count - from : part;
        struct afmon_shared_sketch *next = afmon_shared_sketch_with(sketch, values + from, part);
        assert_non_null(next);
        afmon_shared_sketch_release(sketch);
        sketch = next;
        from += part;
    }
    return sketch;
}

static double asked(const struct afmon_shared_sketch *sketch, uint64_t rank)
{
    struct afmon_search *search = afmon_search_new();
    struct afmon_search_source source = {.sketch = sketch};
    uint64_t pair[2];
    assert_true(afmon_search_begin(search, &source));
    assert_int_equal(afmon_search_count(search), sketch->total);
    assert_int_equal(afmon_search_pair(search, rank, pair), AFMON_OK);
    afmon_search_free(search);
    return afmon_order_value(pair[0]);
}

static void test_within_a_thousandth(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    static double values[COUNT];
    for (int stream = 0; stream < STREAMS; stream++) {
        for (size_t i = 0; i < COUNT; i++)
            values[i] = stream_value((enum stream)stream, i);
        struct afmon_shared_sketch *sketch = sketch_of(values, COUNT);
        qsort(values, COUNT, sizeof values[0], naive_order);
        for (size_t i = 0; i < 200; i++) {
            size_t rank = i == 0 ? 0 : i == 1 ? COUNT - 1 : random_below(COUNT);
            if (fabs(values[rank]) == 0 || fabs(values[rank]) >= DBL_MIN)
                assert_near(asked(sketch, rank), values[rank], values[rank], 1e-3);
        }
        afmon_shared_sketch_release(sketch);
    }
}

static void test_short_numbers_are_exact(void **state)
{
    (void)state;
    const double values[] = {0, 1, 100, 4096, 30000000, -1, -100, 0.5, -0.25, 1e-3 * 0 + 0.375};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct afmon_shared_sketch *sketch = sketch_of(&values[i], 1);
        assert_same(asked(sketch, 0), values[i]);
        afmon_shared_sketch_release(sketch);
    }
}

static void test_counts_and_size(void **state)
{
    (void)state;
    static double values[AFMON_CHUNK_SAMPLES];
    for (size_t i = 0; i < AFMON_CHUNK_SAMPLES; i++)
        values[i] = i % 4 == 0 ? NAN : 5.0;
    struct afmon_shared_sketch *sketch = afmon_shared_sketch_with(NULL, values, AFMON_CHUNK_SAMPLES);
    assert_int_equal(sketch->total, AFMON_CHUNK_SAMPLES * 3 / 4);
    assert_int_equal(sketch->class_count, 1);
    struct afmon_shared_sketch *same = afmon_shared_sketch_with(sketch, values, 0);
    assert_int_equal(same->total, sketch->total);
    afmon_shared_sketch_hold(sketch);
    afmon_shared_sketch_release(sketch);
    afmon_shared_sketch_release(sketch);
    afmon_shared_sketch_release(same);
    struct afmon_shared_sketch *empty = afmon_shared_sketch_with(NULL, values, 1);
    assert_int_equal(empty->total, 0);
    assert_true(afmon_shared_sketch_bytes(NULL) == 0);
    afmon_shared_sketch_release(empty);
    afmon_shared_sketch_release(NULL);
}

static void test_no_memory(void **state)
{
    (void)state;
    double values[] = {1, 2, 3};
    struct afmon_shared_sketch *sketch = afmon_shared_sketch_with(NULL, values, 3);
    for (long n = 1; n <= 2; n++) {
        fail_alloc_at(n);
        assert_null(afmon_shared_sketch_with(sketch, values, 3));
        assert_true(fail_alloc_stop());
    }
    assert_int_equal(sketch->total, 3);
    afmon_shared_sketch_release(sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_a_thousandth),
        cmocka_unit_test(test_short_numbers_are_exact),
        cmocka_unit_test(test_counts_and_size),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
