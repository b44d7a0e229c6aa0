/* Windows of a live store, compared with going through all samples: every stream of values, times out of order, clock
 * steps, gaps, windows whose edge is exactly a sample's time. Quantiles are equal bit for bit. */
#include "store_naive.h"

#include "store/store.h"

#define PLENTY ((size_t)1 << 40)
#define START_US INT64_C(1700000000000000)
#define HOUR_US INT64_C(3600000000)

/* A store with one series, and what it was given. */
struct fixture {
    struct afmon_store *store;
    struct afmon_series *series;
    struct naive naive;
    int64_t steady_us;
    int64_t wall_delta_us;
    enum stream stream;
    bool busy; /* times run on steadily, as with one producer */
};

static void begin(struct fixture *fixture, enum stream stream, bool busy)
{
    *fixture =
        (struct fixture){.store = afmon_store_new(PLENTY), .steady_us = START_US, .stream = stream, .busy = busy};
    fixture->series = afmon_store_series(fixture->store, "m", 1);
    assert_non_null(fixture->series);
}

static void end(struct fixture *fixture)
{
    afmon_store_release(fixture->store);
    naive_free(&fixture->naive);
}

/* The clock is set, or nothing happens for a long time. */
static void something_rare(struct fixture *fixture)
{
    if (fixture->busy)
        return;
    if (random_below(12) == 0)
        fixture->steady_us += HOUR_US;
    if (random_below(6) == 0) {
        int64_t unit = random_below(2) == 0 ? HOUR_US : 10000;
        fixture->wall_delta_us = (int64_t)random_below(20) * unit - 10 * unit;
        afmon_store_set_wall_delta(fixture->store, fixture->wall_delta_us);
    }
}

static void append(struct fixture *fixture, size_t count)
{
    struct afmon_store_sample *samples = malloc(count * sizeof *samples);
    for (size_t i = 0; i < count; i++) {
        fixture->steady_us += (int64_t)random_below(20);
        int64_t late = fixture->busy ? 0 : (int64_t)random_below(3000);
        struct naive_sample sample = {.value = stream_value(fixture->stream, fixture->naive.count),
                                      .steady_us = fixture->steady_us - late,
                                      .wall_us = fixture->steady_us - late + fixture->wall_delta_us};
        if (random_below(200) == 0)
            sample.value = random_below(2) == 0 ? NAN : -INFINITY;
        samples[i] =
            (struct afmon_store_sample){.series = fixture->series, .value = sample.value, .wall_us = sample.wall_us};
        naive_add(&fixture->naive, sample);
    }
    afmon_store_append(fixture->store, samples, count);
    free(samples);
}

static void check_quantiles(const struct fixture *fixture, int64_t now, int64_t window, const double *sorted,
                            size_t count)
{
    double q[6] = {0, 1, 0.5, random_unit(), random_unit(), 0.999};
    double values[6];
    afmon_status status = afmon_store_quantiles(fixture->store, "m", 1, now, window, q, 6, values);
    assert_int_equal(status, count > 0 ? AFMON_OK : AFMON_E_NO_DATA);
    for (size_t i = 0; i < 6 && count > 0; i++)
        assert_same(values[i], naive_quantile(sorted, count, q[i]));
}

static void check_window(const struct fixture *fixture, int64_t now, int64_t window)
{
    size_t count;
    uint64_t not_finite;
    int64_t since = window == INT64_MAX ? INT64_MIN : now - window;
    double *sorted = naive_sorted(&fixture->naive, 0, since, INT64_MAX, false, &count, &not_finite);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(fixture->store, "m", 1, now, window, true, &aggregate), AFMON_OK);
    assert_true(aggregate.known);
    assert_false(aggregate.partial || aggregate.approximate);
    assert_sums(&aggregate, sorted, count, not_finite);
    assert_quantiles(&aggregate, sorted, count);
    check_quantiles(fixture, now, window, sorted, count);
    assert_int_equal(afmon_store_aggregate(fixture->store, "m", 1, now, window, false, &aggregate), AFMON_OK);
    assert_sums(&aggregate, sorted, count, not_finite);
    assert_same(aggregate.p50 + aggregate.p90 + aggregate.p99, 0);
    free(sorted);
}

static void check_some_windows(const struct fixture *fixture, int windows)
{
    const struct naive *naive = &fixture->naive;
    for (int i = 0; i < windows; i++) {
        int64_t at = naive->samples[random_below(naive->count)].steady_us;
        check_window(fixture, fixture->steady_us, fixture->steady_us - at - (int64_t)random_below(2));
    }
    check_window(fixture, fixture->steady_us, INT64_MAX);
    check_window(fixture, fixture->steady_us, 0);
    check_window(fixture, fixture->steady_us + 10 * HOUR_US, 5);
}

static void compare(enum stream stream, bool busy)
{
    struct fixture fixture;
    begin(&fixture, stream, busy);
    for (int step = 0; step < 30; step++) {
        something_rare(&fixture);
        append(&fixture, 1 + random_below(step % 3 == 0 ? 6000 : 700));
        if (step % 5 == 4)
            check_some_windows(&fixture, 5);
    }
    end(&fixture);
}

static void test_every_stream_in_disorder(void **state)
{
    (void)state;
    for (int stream = 0; stream < STREAMS; stream++)
        compare((enum stream)stream, false);
}

static void test_every_stream_in_order(void **state)
{
    (void)state;
    for (int stream = 0; stream < STREAMS; stream++)
        compare((enum stream)stream, true);
}

static void test_many_chunks(void **state)
{
    (void)state;
    static const enum stream streams[] = {LOG_NORMAL, NARROW, RATE, DRIFT, ANY_BITS};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        struct fixture fixture;
        begin(&fixture, streams[i], true);
        append(&fixture, 300000);
        check_some_windows(&fixture, 4);
        end(&fixture);
    }
}

static void test_small_series(void **state)
{
    (void)state;
    for (size_t count = 1; count < 40; count++) {
        struct fixture fixture;
        begin(&fixture, MIX, false);
        append(&fixture, count);
        check_some_windows(&fixture, 3);
        end(&fixture);
    }
}

static void test_both_edges_belong_to_the_window(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, WHOLE, true);
    for (int i = 0; i < 3; i++) {
        struct afmon_store_sample sample = {.series = fixture.series, .value = i, .wall_us = START_US + i};
        afmon_store_append(fixture.store, &sample, 1);
    }
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(fixture.store, "m", 1, START_US + 2, 1, true, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 2);
    assert_int_equal(afmon_store_aggregate(fixture.store, "m", 1, START_US + 2, 2, true, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 3);
    /* What is newer than the asker's now was recorded while he asked. */
    assert_int_equal(afmon_store_aggregate(fixture.store, "m", 1, START_US + 1, 0, true, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 2);
    end(&fixture);
}

static void test_quantiles_out_of_range_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, WHOLE, true);
    append(&fixture, 10);
    const double wrong[] = {-0.01, 1.01, NAN};
    for (size_t i = 0; i < 3; i++) {
        double value;
        assert_int_equal(afmon_store_quantiles(fixture.store, "m", 1, START_US, INT64_MAX, &wrong[i], 1, &value),
                         AFMON_E_ARGUMENT);
    }
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_stream_in_disorder),
        cmocka_unit_test(test_every_stream_in_order),
        cmocka_unit_test(test_many_chunks),
        cmocka_unit_test(test_small_series),
        cmocka_unit_test(test_both_edges_belong_to_the_window),
        cmocka_unit_test(test_quantiles_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
