/* Sums that are merged: equal to sums over all values, whatever the order and the split. */
#include "store_naive.h"

#include "store/batch.h"
#include "store/summary.h"

static void check_against(const struct afmon_summary *summary, const double *values, size_t count)
{
    struct naive naive = {0};
    for (size_t i = 0; i < count; i++)
        naive_add(&naive, (struct naive_sample){.value = values[i]});
    size_t finite;
    uint64_t not_finite;
    double *sorted = naive_sorted(&naive, 0, INT64_MIN, INT64_MAX, true, &finite, &not_finite);
    afmon_aggregate aggregate = {0};
    afmon_summary_aggregate(summary, &aggregate);
    assert_sums(&aggregate, sorted, finite, not_finite);
    free(sorted);
    naive_free(&naive);
}

static void fill(double *values, size_t count, enum stream stream)
{
    for (size_t i = 0; i < count; i++)
        values[i] = stream_value(stream, i);
}

static void test_one_by_one_equals_all(void **state)
{
    (void)state;
    double values[1000];
    for (int stream = 0; stream < STREAMS; stream++) {
        fill(values, 1000, (enum stream)stream);
        struct afmon_summary summary = {0};
        for (size_t i = 0; i < 1000; i++)
            afmon_summary_add(&summary, values[i]);
        check_against(&summary, values, 1000);
    }
}

static void test_batch_equals_all(void **state)
{
    (void)state;
    double values[1003];
    for (int stream = 0; stream < STREAMS; stream++) {
        for (size_t count = 0; count < 12; count++) {
            struct afmon_summary few;
            fill(values, count, (enum stream)stream);
            afmon_summary_of(&few, values, count);
            check_against(&few, values, count);
        }
        struct afmon_summary summary;
        fill(values, 1003, (enum stream)stream);
        afmon_summary_of(&summary, values, 1003);
        check_against(&summary, values, 1003);
    }
}

static void test_merging_equals_all(void **state)
{
    (void)state;
    double values[2000];
    for (int stream = 0; stream < STREAMS; stream++) {
        fill(values, 2000, (enum stream)stream);
        struct afmon_summary all = {0};
        for (size_t from = 0; from < 2000;) {
            size_t count = random_below(300);
            count = from + count > 2000 ? 2000 - from : count;
            struct afmon_summary part;
            afmon_summary_of(&part, values + from, count);
            afmon_summary_merge(&all, &part);
            from += count;
        }
        check_against(&all, values, 2000);
    }
}

static void test_values_that_are_not_finite_are_counted_only(void **state)
{
    (void)state;
    double values[] = {1, NAN, 2, INFINITY, -INFINITY, 3, NAN};
    struct afmon_summary batch;
    struct afmon_summary merged = {0};
    afmon_summary_of(&batch, values, 7);
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.not_finite, 4);
    assert_same(batch.sum, 6);
    struct afmon_summary none;
    double nothing[] = {NAN};
    afmon_summary_of(&none, nothing, 1);
    afmon_summary_merge(&merged, &none);
    afmon_summary_merge(&merged, &batch);
    afmon_summary_merge(&merged, &none);
    assert_int_equal(merged.count, 3);
    assert_int_equal(merged.not_finite, 6);
    assert_same(merged.min, 1);
    assert_same(merged.max, 3);
}

static void test_spread_of_large_values_is_right(void **state)
{
    (void)state;
    double values[4000];
    for (size_t i = 0; i < 4000; i++)
        values[i] = 1e9 + (double)(i % 2);
    struct afmon_summary batch;
    struct afmon_summary merged = {0};
    afmon_summary_of(&batch, values, 4000);
    for (size_t i = 0; i < 4000; i += 100) {
        struct afmon_summary part;
        afmon_summary_of(&part, values + i, 100);
        afmon_summary_merge(&merged, &part);
    }
    afmon_aggregate aggregate;
    afmon_summary_aggregate(&batch, &aggregate);
    assert_near(aggregate.stddev, sqrt(0.25 * 4000 / 3999), 1, 1e-9);
    afmon_summary_aggregate(&merged, &aggregate);
    assert_near(aggregate.stddev, sqrt(0.25 * 4000 / 3999), 1, 1e-9);
}

static void test_mean_stays_between_the_bounds(void **state)
{
    (void)state;
    double values[1000];
    for (size_t i = 0; i < 1000; i++)
        values[i] = 0.1;
    struct afmon_summary summary;
    afmon_aggregate aggregate;
    afmon_summary_of(&summary, values, 1000);
    afmon_summary_aggregate(&summary, &aggregate);
    assert_same(aggregate.mean, 0.1);
    assert_near(aggregate.stddev, 0, 1, 1e-12);
}

static void test_sums_out_of_range_leave_the_mean(void **state)
{
    (void)state;
    double values[] = {DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX};
    struct afmon_summary summary;
    afmon_aggregate aggregate;
    afmon_summary_of(&summary, values, 4);
    afmon_summary_aggregate(&summary, &aggregate);
    assert_int_equal(aggregate.count, 4);
    assert_same(aggregate.mean, DBL_MAX);
    assert_same(aggregate.max, DBL_MAX);
}

/* Added one by one, or as chunks that are merged: what leaves a double's range on the way and comes back is right. */
static void test_sums_that_come_back_into_range(void **state)
{
    (void)state;
    static const double values[] = {DBL_MAX, DBL_MAX, 1e308, -1e308, -DBL_MAX, -DBL_MAX, 3, 5};
    struct afmon_summary whole;
    struct afmon_summary merged = {0};
    afmon_aggregate aggregates[2];
    afmon_summary_of(&whole, values, 8);
    for (size_t i = 0; i < 8; i += 2) {
        struct afmon_summary part;
        afmon_summary_of(&part, values + i, 2);
        afmon_summary_merge(&merged, &part);
    }
    afmon_summary_aggregate(&whole, &aggregates[0]);
    afmon_summary_aggregate(&merged, &aggregates[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(aggregates[i].count, 8);
        assert_true(fabs(aggregates[i].mean) < DBL_MAX * 1e-15 && fabs(aggregates[i].sum) < DBL_MAX * 1e-14);
        assert_true(isinf(aggregates[i].stddev)); /* beyond a double: its square is */
        assert_same(aggregates[i].min, -DBL_MAX);
    }
}

static void test_nothing_is_all_zero(void **state)
{
    (void)state;
    struct afmon_summary summary = {0};
    afmon_aggregate aggregate;
    memset(&aggregate, 0xff, sizeof aggregate);
    afmon_summary_aggregate(&summary, &aggregate);
    assert_int_equal(aggregate.count, 0);
    assert_same(aggregate.sum + aggregate.mean + aggregate.min + aggregate.max + aggregate.stddev, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_by_one_equals_all),
        cmocka_unit_test(test_batch_equals_all),
        cmocka_unit_test(test_merging_equals_all),
        cmocka_unit_test(test_values_that_are_not_finite_are_counted_only),
        cmocka_unit_test(test_spread_of_large_values_is_right),
        cmocka_unit_test(test_mean_stays_between_the_bounds),
        cmocka_unit_test(test_sums_out_of_range_leave_the_mean),
        cmocka_unit_test(test_sums_that_come_back_into_range),
        cmocka_unit_test(test_nothing_is_all_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
