/* The time that a plan takes yet. How often its band holds the true end: tests/survive/time_left.c. */
#include "check.h"

#include <math.h>

#include "fail_alloc.h"
#include "model/standstill.h"
#include "model/time_left.h"

#define S INT64_C(1000000000)
#define BASE (INT64_C(1750000000) * S)
#define ITEMS 200

/* Two at a time, 10 to 12 s each. */
static void make_items(struct afmon_made *made)
{
    for (int i = 0; i < ITEMS; i++) {
        int64_t start = BASE + (i / 2) * 11 * S + (i % 2) * 3 * S;
        made[i] = (struct afmon_made){start, start + (10 + (i * 7 % 3)) * S, true};
    }
}

static struct afmon_work work_of(const struct afmon_made *made, size_t count, uint64_t left)
{
    int64_t now_ns = BASE;
    for (size_t i = 0; i < count; i++)
        now_ns = made[i].ended_ns > now_ns ? made[i].ended_ns : now_ns;
    return (struct afmon_work){.made = made, .made_count = count, .left = left, .now_ns = now_ns + S / 10};
}

static struct afmon_time_left left_of(const struct afmon_work *work)
{
    struct afmon_time_left left;
    assert_true(afmon_time_left(work, &left));
    return left;
}

static void assert_near(double got, double wanted, double part)
{
    assert_true(fabs(got - wanted) <= part * wanted);
}

static void a_band_around_what_an_even_run_takes(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS];
    make_items(made);
    struct afmon_work work = work_of(made, ITEMS, 100);
    struct afmon_time_left left = left_of(&work);
    assert_near(left.p50_s, 100 / 2 * 11, 0.05);
    assert_true(left.p10_s < left.p50_s && left.p50_s < left.p90_s);
    assert_true(left.p90_s < left.p10_s * 1.3);
}

static void nothing_to_tell_it_from_or_nothing_left(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS];
    make_items(made);
    struct afmon_work work = work_of(made, 0, 5);
    assert_true(isnan(left_of(&work).p50_s));
    made[0].counts = false;
    work = work_of(made, 1, 5);
    assert_true(isnan(left_of(&work).p50_s));
    work = work_of(made, ITEMS, 0);
    assert_true(left_of(&work).p90_s == 0);
}

static void the_order_of_items_changes_nothing(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS], mixed[ITEMS];
    make_items(made);
    for (size_t i = 0; i < ITEMS; i++)
        mixed[(i * 77) % ITEMS] = made[i];
    struct afmon_work work = work_of(made, ITEMS, 50), other = work_of(mixed, ITEMS, 50);
    struct afmon_time_left left = left_of(&work), again = left_of(&other);
    assert_memory_equal(&left, &again, sizeof left);
}

/* The last ones: as long as the longest is likely to take, given how long it has taken. */
static void the_tail_is_in_it(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS];
    make_items(made);
    for (int i = 0; i < ITEMS; i += 10)
        made[i].ended_ns = made[i].started_ns + 100 * S;
    struct afmon_work work = work_of(made, ITEMS, 1);
    int64_t open[] = {work.now_ns - S};
    work.open_ns = open;
    work.open_count = 1;
    struct afmon_time_left fresh = left_of(&work);
    assert_true(fresh.p50_s > 8 && fresh.p50_s < 11.5);
    open[0] = work.now_ns - 40 * S;
    struct afmon_time_left old = left_of(&work);
    assert_true(old.p10_s > 0 && old.p50_s > 20 && old.p50_s < 61);
    assert_true(old.p90_s >= 59);
}

static void time_between_sessions_is_no_work(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS];
    make_items(made);
    struct afmon_work work = work_of(made, ITEMS, 100);
    struct afmon_time_left without = left_of(&work);
    for (int i = ITEMS / 2; i < ITEMS; i++) {
        made[i].started_ns += 86400 * S;
        made[i].ended_ns += 86400 * S;
    }
    const int64_t sessions[] = {BASE - S, BASE + (ITEMS / 4 * 11 + 86400) * S - S};
    work = work_of(made, ITEMS, 100);
    work.sessions_ns = sessions;
    work.session_count = 2;
    assert_near(left_of(&work).p50_s, without.p50_s, 0.03);
    assert_true(left_of(&work).p90_s < 1.2 * without.p90_s);
}

static void a_stop_that_goes_on_is_added(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS];
    make_items(made);
    struct afmon_work work = work_of(made, ITEMS, 100);
    int64_t open[] = {work.now_ns, work.now_ns};
    work.open_ns = open;
    work.open_count = 2;
    struct afmon_time_left goes = left_of(&work);
    work.now_ns += 300 * S;
    struct afmon_time_left stopped = left_of(&work);
    assert_true(stopped.p10_s > goes.p10_s);
    assert_true(stopped.p50_s > goes.p50_s + 200 && stopped.p90_s > goes.p90_s + 1000);
}

static void what_cannot_be_is_taken(void **state)
{
    (void)state;
    struct afmon_made made[] = {{BASE, BASE, true}, {BASE + S, BASE - S, true}, {INT64_MIN / 4, BASE, true}};
    int64_t open[] = {BASE + 5 * S, INT64_MIN / 4};
    for (size_t count = 1; count <= 3; count++) {
        struct afmon_work work = work_of(made, count, UINT64_C(1) << 40);
        work.open_ns = open;
        work.open_count = 2;
        struct afmon_time_left left = left_of(&work);
        assert_true(left.p10_s >= 0 && left.p10_s <= left.p50_s && left.p50_s <= left.p90_s);
    }
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    struct afmon_made made[ITEMS];
    make_items(made);
    const int64_t open[] = {BASE + 1000 * S}, sessions[] = {BASE};
    struct afmon_work work = work_of(made, ITEMS, 10);
    work.open_ns = open;
    work.sessions_ns = sessions;
    work.open_count = work.session_count = 1;
    for (long n = 1;; n++) {
        struct afmon_time_left left;
        fail_alloc_at(n);
        bool ok = afmon_time_left(&work, &left);
        bool failed = fail_alloc_stop();
        assert_int_equal(ok, !failed);
        if (!failed)
            break;
    }
}

/* Two at a time, one ends each 2 s; then nothing does. */
static void it_stands_still_after_three_of_its_longest_gaps(void **state)
{
    (void)state;
    struct afmon_standstill standstill = {0};
    int64_t now_ns = BASE;
    afmon_standstill_begins(&standstill, now_ns);
    afmon_standstill_begins(&standstill, now_ns);
    for (int i = 0; i < 1200; i++) {
        now_ns += (i % 100 == 0 ? 15 : 2) * S;
        assert_true(afmon_standstill_look(&standstill, now_ns) == 0);
        afmon_standstill_ends(&standstill, now_ns, 4);
        afmon_standstill_begins(&standstill, now_ns);
    }
    assert_true(afmon_standstill_look(&standstill, now_ns + 44 * S) == 0);
    assert_true(afmon_standstill_look(&standstill, now_ns + 46 * S) == 46);
    afmon_standstill_ends(&standstill, now_ns + 50 * S, 60);
    assert_true(afmon_standstill_look(&standstill, now_ns + 60 * S) == 0);
    now_ns += 50 * S;
    assert_true(afmon_standstill_look(&standstill, now_ns + 80 * S) == 0); /* of its last one it is expected */
    assert_true(afmon_standstill_look(&standstill, now_ns + 400 * S) > 0);
    afmon_standstill_ends(&standstill, now_ns + 500 * S, 500);
    assert_true(afmon_standstill_look(&standstill, now_ns + 86400 * S) == 0); /* nothing is open */
    afmon_standstill_free(&standstill);
}

static void quick_runs_have_half_a_minute_and_young_ones_are_not_judged(void **state)
{
    (void)state;
    struct afmon_standstill standstill = {0};
    int64_t now_ns = BASE;
    for (int i = 0; i < 50; i++) {
        assert_true(afmon_standstill_look(&standstill, now_ns + 3600 * S) == 0);
        afmon_standstill_begins(&standstill, now_ns);
        afmon_standstill_ends(&standstill, now_ns += S / 10, 0.1);
    }
    afmon_standstill_begins(&standstill, now_ns);
    assert_true(afmon_standstill_look(&standstill, now_ns + 29 * S) == 0);
    assert_true(afmon_standstill_look(&standstill, now_ns + 30 * S) == 30);
    afmon_standstill_free(&standstill);
}

/* One item after the other, of 1 s, or as Pareto's tail has it. Then one that goes on. */
static double told_after(bool heavy)
{
    struct afmon_standstill standstill = {0};
    int64_t now_ns = BASE;
    for (int i = 0; i < 500; i++) {
        double share = ((i * 193) % 500 + 0.5) / 500;
        double took_s = heavy ? 1 / share : 1 + share;
        afmon_standstill_begins(&standstill, now_ns);
        afmon_standstill_ends(&standstill, now_ns += (int64_t)(took_s * S), took_s);
    }
    afmon_standstill_begins(&standstill, now_ns);
    double for_s = 30;
    while (afmon_standstill_look(&standstill, now_ns + (int64_t)(for_s * S)) == 0)
        for_s *= 1.1;
    for_s /= fmax(AFMON_STANDSTILL_MIN_S, standstill.limit_s);
    afmon_standstill_free(&standstill);
    return for_s;
}

static void where_some_items_take_very_long_one_more_is_no_standstill(void **state)
{
    (void)state;
    assert_true(told_after(false) < 1.2);
    assert_true(told_after(true) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_band_around_what_an_even_run_takes),
        cmocka_unit_test(nothing_to_tell_it_from_or_nothing_left),
        cmocka_unit_test(the_order_of_items_changes_nothing),
        cmocka_unit_test(the_tail_is_in_it),
        cmocka_unit_test(time_between_sessions_is_no_work),
        cmocka_unit_test(a_stop_that_goes_on_is_added),
        cmocka_unit_test(what_cannot_be_is_taken),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(it_stands_still_after_three_of_its_longest_gaps),
        cmocka_unit_test(quick_runs_have_half_a_minute_and_young_ones_are_not_judged),
        cmocka_unit_test(where_some_items_take_very_long_one_more_is_no_standstill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
