/* Sums over samples with certain metadata, against going through all of them: with what earlier questions found
 * remembered and without, while samples come, leave memory, and clocks are set. */
#include "store_naive.h"

#include "catalog/fields.h"
#include "catalog/sets.h"
#include "fail_alloc.h"

#define START_US INT64_C(1700000000000000)

enum { KINDS = 3 };

struct fixture {
    struct afmon_store *store;
    struct afmon_series *series;
    struct afmon_filter_memo memos[KINDS];
    struct naive naive;
    int64_t steady_us;
    int64_t wall_delta_us;
};

/* Kind 0 has no metadata. */
static struct afmon_set *set_of(struct afmon_store *store, int kind)
{
    unsigned char packed[64];
    afmon_field field = afmon_int("kind", kind);
    if (kind == 0)
        return NULL;
    assert_true(afmon_fields_packed_size(&field, 1) <= sizeof packed);
    size_t length = (size_t)(afmon_fields_pack(packed, &field, 1) - packed);
    struct afmon_set *set = afmon_sets_intern(afmon_store_sets(store), packed, length);
    assert_non_null(set);
    return set;
}

static int kind_of(const struct afmon_set *set)
{
    afmon_field field;
    if (set == NULL)
        return 0;
    struct afmon_field_walk walk = afmon_field_walk_begin(set->packed, set->packed_length);
    return afmon_field_walk_next(&walk, &field) ? (int)field.as.integer : 0;
}

static bool wants(void *user, const struct afmon_set *set)
{
    return kind_of(set) == *(const int *)user;
}

static void append(struct fixture *fixture, size_t count, enum stream stream, int kinds)
{
    for (size_t i = 0; i < count; i++) {
        fixture->steady_us += (int64_t)random_below(20);
        struct naive_sample sample = {.value = stream_value(stream, fixture->naive.count),
                                      .steady_us = fixture->steady_us - (int64_t)random_below(3000),
                                      .model = (int)random_below((uint64_t)kinds)};
        sample.wall_us = sample.steady_us + fixture->wall_delta_us;
        if (random_below(300) == 0)
            sample.value = NAN;
        const struct afmon_store_sample stored = {.series = fixture->series,
                                                  .value = sample.value,
                                                  .wall_us = sample.wall_us,
                                                  .set = set_of(fixture->store, sample.model)};
        afmon_store_append(fixture->store, &stored, 1);
        naive_add(&fixture->naive, sample);
    }
}

/* The samples of a kind that are in memory, as a list of their own. */
static struct naive only(const struct fixture *fixture, int kind)
{
    struct afmon_store_stats stats;
    struct naive part = {0};
    afmon_store_get_stats(fixture->store, &stats);
    for (size_t i = stats.samples_evicted; i < fixture->naive.count; i++)
        if (fixture->naive.samples[i].model == kind)
            naive_add(&part, fixture->naive.samples[i]);
    return part;
}

static void check(struct fixture *fixture, int kind, int64_t window_us)
{
    struct naive part = only(fixture, kind);
    size_t count;
    uint64_t not_finite;
    double *sorted = naive_sorted(&part, 0, fixture->steady_us - window_us, INT64_MAX, false, &count, &not_finite);
    static const double q[] = {0.5, 0.9, 0.99};
    for (int way = 0; way < 3; way++) {
        const struct afmon_filter filter = {
            .wants = wants, .user = &kind, .memo = way == 0 ? NULL : &fixture->memos[kind]};
        afmon_aggregate aggregate;
        double quantiles[3] = {0};
        assert_int_equal(afmon_store_filtered(fixture->store, "m", 1, fixture->steady_us, window_us, &filter, q,
                                              way == 1 ? 3 : 0, &aggregate, quantiles),
                         AFMON_OK);
        assert_sums(&aggregate, sorted, count, not_finite);
        for (size_t i = 0; i < 3 && way == 1 && count > 0; i++)
            assert_same(quantiles[i], naive_quantile(sorted, count, q[i]));
    }
    free(sorted);
    naive_free(&part);
}

static void begin(struct fixture *fixture, size_t max_memory)
{
    *fixture = (struct fixture){.store = afmon_store_new(max_memory), .steady_us = START_US};
    fixture->series = afmon_store_series(fixture->store, "m", 1);
    assert_non_null(fixture->series);
}

static void end(struct fixture *fixture)
{
    for (int kind = 0; kind < KINDS; kind++)
        afmon_filter_memo_free(&fixture->memos[kind]);
    afmon_store_release(fixture->store);
    naive_free(&fixture->naive);
}

static void sums_are_those_of_the_samples(void **state)
{
    (void)state;
    static const enum stream streams[] = {LOG_NORMAL, RATE, NEGATIVE, TINY_AND_HUGE, COUNTER};
    for (size_t s = 0; s < sizeof streams / sizeof streams[0]; s++) {
        struct fixture fixture;
        begin(&fixture, s % 2 == 0 ? (size_t)1 << 20 : (size_t)1 << 30); /* with and without eviction */
        for (int step = 0; step < (SANITIZED ? 20 : 60); step++) {
            append(&fixture, random_below(6000), streams[s], 1 + (int)random_below(KINDS));
            if (random_below(8) == 0) {
                fixture.wall_delta_us = (int64_t)random_below(2000000) - 1000000;
                afmon_store_set_wall_delta(fixture.store, fixture.wall_delta_us);
            }
            for (int kind = 0; kind < KINDS; kind++) /* most of the time the same window, as a rule's */
                check(&fixture, kind, random_below(4) == 0 ? (int64_t)random_below(3000000) : 500000);
        }
        end(&fixture);
    }
}

static void memory_may_fail(void **state)
{
    (void)state;
    struct fixture fixture;
    int kind = 1;
    begin(&fixture, (size_t)1 << 30);
    append(&fixture, 40000, LOG_NORMAL, 2);
    for (long n = 1;; n++) {
        const struct afmon_filter filter = {.wants = wants, .user = &kind, .memo = &fixture.memos[1]};
        afmon_aggregate aggregate;
        append(&fixture, 100, LOG_NORMAL, 2);
        fail_alloc_at(n);
        afmon_status status =
            afmon_store_filtered(fixture.store, "m", 1, fixture.steady_us, 300000, &filter, NULL, 0, &aggregate, NULL);
        bool failed = fail_alloc_stop();
        assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
        check(&fixture, kind, 300000);
        if (!failed)
            break;
    }
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_samples),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
