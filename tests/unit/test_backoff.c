/* How long the feeds wait for a receiver that does not take what it is sent. Nothing here waits. */
#include "base/clock.h"
#include "check.h"
#include "feeds/backoff.h"
#include "feeds/post_setup.h"
#include "receiver.h"

/* 784111777 */
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static const double growing_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
enum { STEPS = sizeof growing_s / sizeof growing_s[0] };

static void waits_double_up_to_a_minute(void **state)
{
    (void)state;
    double last_s = 0;
    for (int i = 0; i < STEPS; i++) {
        last_s = afmon_backoff_next(last_s);
        assert_true(last_s == growing_s[i]);
    }
}

static void chance_takes_up_to_a_quarter(void **state)
{
    (void)state;
    assert_true(afmon_backoff_wait(8, -1, 0) == 8);
    assert_true(afmon_backoff_wait(8, -1, 0.5) == 7);
    assert_true(afmon_backoff_wait(8, -1, 1) == 6);
    assert_true(afmon_backoff_wait(60, -1, 1) == 45);
}

static void what_the_receiver_asks_for_goes_first(void **state)
{
    (void)state;
    assert_true(afmon_backoff_wait(8, 0, 0.5) == 0);
    assert_true(afmon_backoff_wait(8, 3, 0.5) == 3);
    assert_true(afmon_backoff_wait(8, 3000, 0.5) == 3000);
}

static void retry_after_in_seconds(void **state)
{
    (void)state;
    assert_true(afmon_backoff_asked("0", 0) == 0);
    assert_true(afmon_backoff_asked(" 120\r\n", 0) == 120);
    assert_true(afmon_backoff_asked("3600", 0) == 3600);
    assert_true(afmon_backoff_asked("3601", 0) == 3600);
    assert_true(afmon_backoff_asked("99999999999999999999999999999999", 0) == 3600);
}

static void retry_after_as_a_date(void **state)
{
    (void)state;
    assert_true(afmon_backoff_asked(DATE, 784111777 - 20) == 20);
    assert_true(afmon_backoff_asked(" " DATE "\r\n", 784111777 - 1) == 1);
    assert_true(afmon_backoff_asked(DATE, 784111777) == 0);
    assert_true(afmon_backoff_asked(DATE, 784111777 + 20) == 0);
    assert_true(afmon_backoff_asked(DATE, 784111777 - 3600) == 3600);
    assert_true(afmon_backoff_asked(DATE, 784111777 - 86400) == 3600);
    /* The two older forms, which a recipient must take as well. */
    assert_true(afmon_backoff_asked("Sunday, 06-Nov-94 08:49:37 GMT", 784111777 - 20) == 20);
    assert_true(afmon_backoff_asked("Sun Nov  6 08:49:37 1994", 784111777 - 20) == 20);
}

static void retry_after_that_says_nothing(void **state)
{
    (void)state;
    static const char *const values[] = {"", " \r\n", "-5", "soon", "1x", "nan", "inf", "0x10"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_true(afmon_backoff_asked(values[i], 784111777) < 0);
}

/* ---- the same of a post ---- */

static struct afmon_post *post_to(const char *url)
{
    const struct afmon_post_options options = {.what = "test", .url = url, .timeout_s = 60};
    struct afmon_post *post;
    assert_int_equal(afmon_post_new(&options, &post, NULL), AFMON_OK);
    return post;
}

/* Posts, and checks that the next try is between `least_s` and `most_s` after the answer. */
static void send_and_check(struct afmon_post *post, enum afmon_post_result expected, double least_s, double most_s)
{
    char error[256];
    int64_t before_ns = afmon_boot_ns();
    assert_int_equal(afmon_post_send(post, "{}", 2, NULL, INT64_MAX, error, sizeof error), expected);
    assert_true(post->not_before_ns >= before_ns + afmon_seconds_to_ns(least_s));
    assert_true(post->not_before_ns <= afmon_boot_ns() + afmon_seconds_to_ns(most_s));
}

static void a_post_that_fails_waits_longer_each_time(void **state)
{
    (void)state;
    struct receiver receiver;
    receiver_open(&receiver, "BBBBBBBBBTB");
    struct afmon_post *post = post_to(receiver.url);
    for (int i = 0; i < STEPS; i++) {
        send_and_check(post, AFMON_POST_LATER, growing_s[i] * 0.75, growing_s[i]);
        assert_true(post->wait_s == growing_s[i]);
    }
    char error[256];
    assert_int_equal(afmon_post_send(post, "{}", 2, NULL, INT64_MAX, error, sizeof error), AFMON_POST_TAKEN);
    assert_true(afmon_post_wait(post) == 0);
    send_and_check(post, AFMON_POST_LATER, 0.75, 1); /* from the beginning */
    afmon_post_free(post);
    receiver_close(&receiver);
}

/* Of waits of a minute some differ by more than what the posts took, which is what a constant wait would differ by. */
static void posts_that_fail_come_back_apart(void **state)
{
    (void)state;
    struct receiver receiver;
    receiver_open(&receiver, "B");
    struct afmon_post *post = post_to(receiver.url);
    int64_t shortest_ns = INT64_MAX, longest_ns = 0, slowest_ns = 0;
    for (int i = 0; i < 20; i++) {
        post->wait_s = 60;
        int64_t before_ns = afmon_boot_ns();
        send_and_check(post, AFMON_POST_LATER, 45, 60);
        int64_t wait_ns = post->not_before_ns - before_ns, took_ns = afmon_boot_ns() - before_ns;
        shortest_ns = wait_ns < shortest_ns ? wait_ns : shortest_ns;
        longest_ns = wait_ns > longest_ns ? wait_ns : longest_ns;
        slowest_ns = took_ns > slowest_ns ? took_ns : slowest_ns;
    }
    assert_true(longest_ns - shortest_ns > slowest_ns);
    afmon_post_free(post);
    receiver_close(&receiver);
}

static void a_post_heeds_retry_after(void **state)
{
    (void)state;
    struct receiver receiver;
    receiver_open(&receiver, "45D");
    struct afmon_post *post = post_to(receiver.url);
    send_and_check(post, AFMON_POST_LATER, 0, 0);
    send_and_check(post, AFMON_POST_LATER, 0, 0);
    send_and_check(post, AFMON_POST_LATER, 3600, 3600); /* asked for a day */
    afmon_post_free(post);
    receiver_close(&receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_a_minute),
        cmocka_unit_test(chance_takes_up_to_a_quarter),
        cmocka_unit_test(what_the_receiver_asks_for_goes_first),
        cmocka_unit_test(retry_after_in_seconds),
        cmocka_unit_test(retry_after_as_a_date),
        cmocka_unit_test(retry_after_that_says_nothing),
        cmocka_unit_test(a_post_that_fails_waits_longer_each_time),
        cmocka_unit_test(posts_that_fail_come_back_apart),
        cmocka_unit_test(a_post_heeds_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
