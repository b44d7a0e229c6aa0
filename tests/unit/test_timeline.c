/* The time line of a run's summary: whatever the order and the gaps of the samples, nothing is lost and nothing is
 * written beside its room. */
#include "check.h"

#include "summary/timeline.h"

#define SECOND INT64_C(1000000000)

static double sum_of(const struct afmon_timeline *timeline, uint64_t *count)
{
    double sum = 0;
    *count = 0;
    for (size_t i = 0; i < timeline->count; i++) {
        sum += timeline->room[timeline->begin + i].of[AFMON_TRACK_SUCCESS].sum;
        *count += timeline->room[timeline->begin + i].of[AFMON_TRACK_SUCCESS].count;
    }
    return sum;
}

static void add_all(const int64_t *times_s, size_t length)
{
    struct afmon_timeline timeline = {0};
    double sum = 0;
    uint64_t count;
    for (size_t i = 0; i < length; i++) {
        assert_true(afmon_timeline_add(&timeline, AFMON_TRACK_SUCCESS, times_s[i] * SECOND, (double)i));
        sum += (double)i;
        assert_true(timeline.begin < timeline.capacity && timeline.count <= timeline.capacity - timeline.begin);
    }
    assert_true(sum_of(&timeline, &count) == sum);
    assert_int_equal(count, length);
    afmon_timeline_free(&timeline);
}

/* A clock that was set wrongly, once: found by the fuzzer, which saw the memory in front of the buckets written. */
static void a_sample_from_long_before(void **state)
{
    (void)state;
    static const int64_t year = 31536000;
    add_all((int64_t[]){1700000000, 1700000000 - year, 1700000001}, 3);
    add_all((int64_t[]){1700000000, 1700000000 + year, 1700000001}, 3);
    add_all((int64_t[]){0, -81915, 5, 81915 * 4}, 4);
    for (int64_t gap = 5; gap < 200 * year; gap = gap * 3 / 2) {
        add_all((int64_t[]){1700000000, 1700000000 - gap, 1700000000 - gap - 5, 1700000005}, 4);
        add_all((int64_t[]){1700000000, 1700000000 + gap, 1700000000 - 5, 1700000000 + gap + 5}, 4);
    }
}

static void samples_in_any_order(void **state)
{
    (void)state;
    int64_t times[400];
    uint64_t random = 1;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 400; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            times[i] = 1700000000 + (int64_t)(random >> 33) % (INT64_C(10) << (round % 24));
        }
        add_all(times, 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_from_long_before),
        cmocka_unit_test(samples_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
