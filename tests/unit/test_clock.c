#include "check.h"

#include <math.h>

#include "base/clock.h"

static void boot_time_never_goes_back(void **state)
{
    (void)state;
    int64_t last = afmon_boot_ns();
    for (int i = 0; i < 10000; i++) {
        int64_t now = afmon_boot_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void offset_turns_boot_time_into_wall_time(void **state)
{
    (void)state;
    int64_t offset = afmon_wall_offset_ns();
    int64_t before = afmon_wall_ns();
    int64_t between = afmon_boot_ns() + offset;
    int64_t after = afmon_wall_ns();
    const int64_t tolerance = 100000; /* half of the best bracket */
    assert_true(between >= before - tolerance && between <= after + tolerance);
    assert_true(before > INT64_C(1700000000) * AFMON_NS_PER_S);
}

static void offset_stays_while_nobody_sets_the_clock(void **state)
{
    (void)state;
    int64_t offset = afmon_wall_offset_ns();
    assert_int_equal(afmon_wall_offset_follow(offset), offset);
    assert_int_equal(afmon_wall_offset_follow(offset + 500000), offset + 500000);
    assert_int_equal(afmon_wall_offset_follow(offset - 500000), offset - 500000);
}

static void offset_follows_a_clock_that_was_set(void **state)
{
    (void)state;
    static const int64_t steps[] = {-3600, -1, 1, 3600, 1000000000};
    int64_t offset = afmon_wall_offset_ns();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t followed = afmon_wall_offset_follow(offset + steps[i] * AFMON_NS_PER_S);
        assert_true(llabs(followed - offset) < 1000000);
    }
    assert_true(llabs(afmon_wall_offset_follow(INT64_MIN) - offset) < 1000000);
    assert_true(llabs(afmon_wall_offset_follow(INT64_MAX) - offset) < 1000000);
}

static void cpu_time_is_the_threads(void **state)
{
    (void)state;
    int64_t before = afmon_thread_cpu_ns();
    struct timespec pause = {.tv_nsec = 30000000};
    nanosleep(&pause, NULL);
    int64_t slept = afmon_thread_cpu_ns() - before;
    assert_true(slept >= 0 && slept < 20000000);
    volatile double sum = 0;
    for (int i = 0; i < 2000000; i++)
        sum = sum + i;
    assert_true(afmon_thread_cpu_ns() - before > slept);
}

static void seconds_to_ns(void **state)
{
    (void)state;
    assert_int_equal(afmon_seconds_to_ns(0), 0);
    assert_int_equal(afmon_seconds_to_ns(1.5), 1500000000);
    assert_int_equal(afmon_seconds_to_ns(-1.5), -1500000000);
    assert_int_equal(afmon_seconds_to_ns(2.01), 2010000000); /* the product is 2009999999.9999998 */
    assert_int_equal(afmon_seconds_to_ns(-2.01), -2010000000);
    assert_int_equal(afmon_seconds_to_ns(1e-10), 0);
    assert_int_equal(afmon_seconds_to_ns(5000000.000000001), 5000000000000001);
    assert_int_equal(afmon_seconds_to_ns(NAN), 0);
    assert_int_equal(afmon_seconds_to_ns(INFINITY), INT64_MAX);
    assert_int_equal(afmon_seconds_to_ns(-INFINITY), INT64_MIN);
    assert_int_equal(afmon_seconds_to_ns(1e300), INT64_MAX);
    assert_int_equal(afmon_seconds_to_ns(-1e300), INT64_MIN);
    assert_int_equal(afmon_seconds_to_ns(9.3e9), INT64_MAX);
    assert_int_equal(afmon_seconds_to_ns(9e9), INT64_C(9000000000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_time_never_goes_back),
        cmocka_unit_test(offset_turns_boot_time_into_wall_time),
        cmocka_unit_test(offset_stays_while_nobody_sets_the_clock),
        cmocka_unit_test(offset_follows_a_clock_that_was_set),
        cmocka_unit_test(cpu_time_is_the_threads),
        cmocka_unit_test(seconds_to_ns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
