/* A store with a bound: what leaves memory, what stays of it, and that windows say what they do not hold. */
#include "store_naive.h"

#include "store/store.h"

#include "fail_alloc.h"

#define START_US INT64_C(1700000000000000)
#define HOUR_US INT64_C(3600000000)
#define MIB ((size_t)1 << 20)

struct fixture {
    struct afmon_store *store;
    struct afmon_series *series;
    struct naive naive;
    int64_t steady_us;
    int64_t wall_delta_us;
    enum stream stream;
};

static void begin(struct fixture *fixture, enum stream stream, size_t max_memory)
{
    *fixture = (struct fixture){.store = afmon_store_new(max_memory), .steady_us = START_US, .stream = stream};
    fixture->series = afmon_store_series(fixture->store, "m", 1);
    assert_non_null(fixture->series);
}

static void end(struct fixture *fixture)
{
    afmon_store_release(fixture->store);
    naive_free(&fixture->naive);
}

static struct afmon_store_stats stats_of(struct afmon_store *store)
{
    struct afmon_store_stats stats;
    afmon_store_get_stats(store, &stats);
    return stats;
}

/* Samples to append; free() them. */
static struct afmon_store_sample *make_samples(struct fixture *fixture, size_t count)
{
    struct afmon_store_sample *samples = malloc(count * sizeof *samples);
    assert_non_null(samples);
    for (size_t i = 0; i < count; i++) {
        fixture->steady_us += (int64_t)random_below(20);
        int64_t late = (int64_t)random_below(3000);
        struct naive_sample sample = {.value = stream_value(fixture->stream, fixture->naive.count),
                                      .steady_us = fixture->steady_us - late,
                                      .wall_us = fixture->steady_us - late + fixture->wall_delta_us};
        if (random_below(300) == 0)
            sample.value = NAN;
        samples[i] =
            (struct afmon_store_sample){.series = fixture->series, .value = sample.value, .wall_us = sample.wall_us};
        naive_add(&fixture->naive, sample);
    }
    return samples;
}

static void append(struct fixture *fixture, size_t count)
{
    struct afmon_store_sample *samples = make_samples(fixture, count);
    afmon_store_append(fixture->store, samples, count);
    free(samples);
}

static int64_t latest_of(const struct naive *naive, size_t count)
{
    int64_t latest = INT64_MIN;
    for (size_t i = 0; i < count; i++)
        latest = naive->samples[i].steady_us > latest ? naive->samples[i].steady_us : latest;
    return latest;
}

static void check_window(const struct fixture *fixture, int64_t since)
{
    size_t count;
    uint64_t not_finite;
    size_t evicted = stats_of(fixture->store).samples_evicted;
    double *sorted = naive_sorted(&fixture->naive, evicted, since, INT64_MAX, false, &count, &not_finite);
    afmon_aggregate aggregate;
    assert_int_equal(
        afmon_store_aggregate(fixture->store, "m", 1, fixture->steady_us, fixture->steady_us - since, true, &aggregate),
        AFMON_OK);
    assert_sums(&aggregate, sorted, count, not_finite);
    assert_quantiles(&aggregate, sorted, count);
    assert_false(aggregate.approximate);
    assert_true(aggregate.partial == (evicted > 0 && since <= latest_of(&fixture->naive, evicted)));
    free(sorted);
}

static void assert_thousandth(double actual, double expected)
{
    if (expected == 0 || fabs(expected) >= DBL_MIN)
        assert_near(actual, expected, expected, 1e-3);
}

static void check_all_time(const struct fixture *fixture)
{
    size_t count;
    uint64_t not_finite;
    size_t evicted = stats_of(fixture->store).samples_evicted;
    double *sorted = naive_sorted(&fixture->naive, 0, INT64_MIN, INT64_MAX, false, &count, &not_finite);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(fixture->store, "m", 1, 0, INT64_MAX, true, &aggregate), AFMON_OK);
    assert_sums(&aggregate, sorted, count, not_finite);
    assert_false(aggregate.partial);
    assert_true(aggregate.approximate == (evicted > 0));
    /* The middle between two values of opposite signs is not within a thousandth of anything. */
    double low = naive_quantile(sorted, count, 0.5);
    if (fixture->stream != FEW && fixture->stream != ANY_BITS && fixture->stream != MIX)
        assert_thousandth(aggregate.p50, low);
    assert_thousandth(aggregate.p90, naive_quantile(sorted, count, 0.9));
    assert_thousandth(aggregate.p99, naive_quantile(sorted, count, 0.99));
    free(sorted);
}

static void check(const struct fixture *fixture)
{
    const struct naive *naive = &fixture->naive;
    struct afmon_store_stats stats = stats_of(fixture->store);
    assert_int_equal(stats.samples_total, naive->count);
    assert_int_equal(stats.samples_in_memory + stats.samples_evicted, naive->count);
    assert_int_equal(stats.lost, 0);
    size_t evicted = stats.samples_evicted;
    for (int i = 0; i < 3 && evicted < naive->count; i++) {
        size_t at = evicted + random_below(naive->count - evicted);
        check_window(fixture, naive->samples[at].steady_us + (int64_t)random_below(2));
    }
    if (evicted > 0) {
        int64_t latest = latest_of(naive, evicted);
        check_window(fixture, latest);
        check_window(fixture, latest + 1);
    }
    check_window(fixture, START_US - 10 * HOUR_US);
    check_all_time(fixture);
}

static void set_clock(struct fixture *fixture)
{
    int64_t unit = random_below(2) == 0 ? HOUR_US : 10000;
    fixture->wall_delta_us = (int64_t)random_below(20) * unit - 10 * unit;
    afmon_store_set_wall_delta(fixture->store, fixture->wall_delta_us);
}

static void test_every_stream(void **state)
{
    (void)state;
    for (int stream = 0; stream < STREAMS; stream++) {
        struct fixture fixture;
        begin(&fixture, (enum stream)stream, MIB / 2 + random_below(MIB / 4));
        for (int step = 0; step < (SANITIZED ? 16 : 40); step++) {
            if (random_below(8) == 0)
                set_clock(&fixture);
            append(&fixture, 1 + random_below(10000));
            if (step % 8 == 7)
                check(&fixture);
        }
        assert_true(stats_of(fixture.store).samples_evicted > 0);
        end(&fixture);
    }
}

/* Each step of the clock begins a chunk, and not every one of them is worth a checkpoint of the index. */
static void test_every_stream_with_a_restless_clock(void **state)
{
    (void)state;
    for (int stream = 0; stream < STREAMS; stream += SANITIZED ? 3 : 1) {
        struct fixture fixture;
        begin(&fixture, (enum stream)stream, MIB / 2);
        append(&fixture, 20000);
        for (int step = 0; step < 120; step++) {
            set_clock(&fixture);
            append(&fixture, 1 + random_below(1200));
            if (step % 8 == 7)
                check(&fixture);
        }
        assert_true(stats_of(fixture.store).samples_evicted > 0);
        end(&fixture);
    }
}

static void test_chunks_of_one_sample(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, LOG_NORMAL, MIB);
    for (int i = 0; i < 40000; i++) {
        fixture.wall_delta_us = i % 2;
        afmon_store_set_wall_delta(fixture.store, fixture.wall_delta_us);
        append(&fixture, 1);
    }
    struct afmon_store_stats stats = stats_of(fixture.store);
    assert_true(stats.bytes <= MIB);
    assert_true(stats.samples_in_memory > 2000); /* what has left takes no place */
    check(&fixture);
    end(&fixture);
}

static void test_memory_stays_within_the_bound(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, LOG_NORMAL, 4 * MIB);
    for (int step = 0; step < (SANITIZED ? 60 : 200); step++) {
        append(&fixture, 10000);
        assert_true(stats_of(fixture.store).bytes <= 4 * MIB);
    }
    struct afmon_store_stats stats = stats_of(fixture.store);
    assert_true(stats.samples_in_memory > 50000); /* and is made use of */
    check(&fixture);
    end(&fixture);
}

static void test_the_oldest_of_all_series_goes_first(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(2 * MIB);
    struct afmon_series *series[4];
    for (int i = 0; i < 4; i++) {
        char name[2] = {(char)('a' + i), 0};
        series[i] = afmon_store_series(store, name, 1);
    }
    for (int i = 0; i < 400000; i++) {
        struct afmon_store_sample sample = {.series = series[i % 4], .value = random_unit(), .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
    }
    for (int i = 0; i < 4; i++) { /* as far back in one as in the other, by a chunk or two */
        afmon_aggregate aggregate;
        char name[2] = {(char)('a' + i), 0};
        assert_int_equal(afmon_store_aggregate(store, name, 1, START_US, 2 * HOUR_US, false, &aggregate), AFMON_OK);
        double share = (double)stats_of(store).samples_in_memory / 4;
        assert_near((double)aggregate.count, share, AFMON_CHUNK_SAMPLES, 1.5);
    }
    afmon_store_release(store);
}

static void test_a_series_that_has_become_silent_leaves(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(MIB);
    struct afmon_series *silent = afmon_store_series(store, "silent", 6);
    struct afmon_series *busy = afmon_store_series(store, "busy", 4);
    for (int i = 0; i < 20000; i++) {
        struct afmon_store_sample sample = {.series = silent, .value = 7, .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
    }
    for (int i = 0; i < 300000; i++) {
        struct afmon_store_sample sample = {.series = busy, .value = random_unit(), .wall_us = START_US + 20000 + i};
        afmon_store_append(store, &sample, 1);
    }
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(store, "silent", 6, START_US, INT64_MAX, true, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 20000);
    assert_true(aggregate.approximate);
    assert_same(aggregate.p50, 7);
    assert_same(aggregate.sum, 140000);
    assert_int_equal(afmon_store_aggregate(store, "silent", 6, START_US + 20000, 20000, true, &aggregate), AFMON_OK);
    assert_true(aggregate.partial);
    assert_true(aggregate.count < 20000);
    afmon_store_release(store);
}

static void test_more_names_than_memory(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(MIB);
    static struct afmon_series *series[20000];
    for (int i = 0; i < 20000; i++) {
        char name[24];
        int length = snprintf(name, sizeof name, "series %d", i);
        series[i] = afmon_store_series(store, name, (size_t)length);
        assert_non_null(series[i]);
    }
    size_t names = stats_of(store).bytes;
    for (int i = 0; i < 200000; i++) {
        struct afmon_store_sample sample = {.series = series[i % 20000], .value = i, .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
    }
    struct afmon_store_stats stats = stats_of(store);
    assert_int_equal(stats.samples_total, 200000);
    assert_true(stats.samples_evicted > 0);
    /* What cannot be given back, what remembers ten evicted values a name, and an eighth for samples. */
    assert_true(stats.bytes <= names + 20000 * (sizeof(void *) * 2 + 10 * 16 + 32) + MIB / 8 + 65536);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(store, "series 777", 10, 0, INT64_MAX, false, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 10);
    assert_same(aggregate.min, 777);
    assert_same(aggregate.max, 180777);
    afmon_store_release(store);
}

static void test_metadata_that_does_not_repeat_leaves_too(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(4 * MIB);
    struct afmon_series *series = afmon_store_series(store, "m", 1);
    for (int i = 0; i < 100000; i++) {
        char text[128];
        snprintf(text, sizeof text, "feedback %d: this one has never been given before and never will be again", i);
        afmon_field field = afmon_string("feedback", text);
        unsigned char packed[256];
        unsigned char *end = afmon_fields_pack(packed, &field, 1);
        struct afmon_set *set = afmon_sets_intern(afmon_store_sets(store), packed, (size_t)(end - packed));
        assert_non_null(set);
        struct afmon_store_sample sample = {.series = series, .set = set, .value = i, .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
        afmon_set_release(set);
    }
    struct afmon_store_stats stats = stats_of(store);
    assert_true(stats.bytes < 5 * MIB);
    assert_true(stats.samples_evicted > 50000);
    assert_true(afmon_sets_bytes(afmon_store_sets(store)) < 5 * MIB);
    afmon_store_release(store);
}

static void test_tokens_of_evicted_samples_count(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(MIB);
    struct afmon_series *series = afmon_store_series(store, "prompt_token_count", 18);
    for (int i = 0; i < 300000; i++) {
        struct afmon_store_sample sample = {.series = series, .value = i % 1000, .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
    }
    assert_true(stats_of(store).samples_evicted > 0);
    afmon_token_usage usage;
    assert_int_equal(afmon_store_token_usage(store, START_US, INT64_MAX, &usage), AFMON_OK);
    assert_int_equal(usage.prompt_tokens, UINT64_C(300) * 999 * 500);
    afmon_token_usage_free(&usage);
    assert_int_equal(afmon_store_token_usage(store, START_US + 299999, 999, &usage), AFMON_OK);
    assert_int_equal(usage.prompt_tokens, 999 * 500);
    afmon_token_usage_free(&usage);
    afmon_store_release(store);
}

static void test_an_allocation_fails_while_evicting(void **state)
{
    (void)state;
    bool more = true;
    for (long n = 1; more; n += SANITIZED ? 53 : n < 100 ? 1 : 97) {
        struct fixture fixture;
        begin(&fixture, RATE, MIB / 4);
        append(&fixture, 10000);
        struct afmon_store_sample *samples = make_samples(&fixture, 60000);
        fail_alloc_at(n);
        afmon_store_append(fixture.store, samples, 60000);
        more = fail_alloc_stop();
        free(samples);
        size_t count;
        uint64_t not_finite;
        double *sorted = naive_sorted(&fixture.naive, 0, INT64_MIN, INT64_MAX, false, &count, &not_finite);
        afmon_aggregate aggregate;
        assert_int_equal(afmon_store_aggregate(fixture.store, "m", 1, 0, INT64_MAX, true, &aggregate), AFMON_OK);
        assert_sums(&aggregate, sorted, count, not_finite);
        free(sorted);
        struct afmon_store_stats stats = stats_of(fixture.store);
        assert_int_equal(stats.samples_in_memory + stats.samples_evicted, 70000);
        assert_true(stats.bytes <= MIB / 4);
        end(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_stream),
        cmocka_unit_test(test_every_stream_with_a_restless_clock),
        cmocka_unit_test(test_chunks_of_one_sample),
        cmocka_unit_test(test_memory_stays_within_the_bound),
        cmocka_unit_test(test_the_oldest_of_all_series_goes_first),
        cmocka_unit_test(test_a_series_that_has_become_silent_leaves),
        cmocka_unit_test(test_more_names_than_memory),
        cmocka_unit_test(test_metadata_that_does_not_repeat_leaves_too),
        cmocka_unit_test(test_tokens_of_evicted_samples_count),
        cmocka_unit_test(test_an_allocation_fails_while_evicting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
