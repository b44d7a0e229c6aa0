/* Attempts, the waits between them, and Retry-After. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "generators/retry.h"

/* A model that fails so many times and then answers. */
typedef struct fake {
    unsigned failures;
    bool lasting;
    bool changed;
    double asked_s;
    unsigned attempts;
    unsigned told;
    gen_stop *stop;
    unsigned stop_at; /* the attempt in which the run is stopped; 0: none */
} fake;

static void attempt(void *user, const gen_call *call, unsigned number, gen_chat_result *result)
{
    fake *f = user;
    (void)call;
    assert_int_equal(number, f->attempts);
    f->attempts++;
    if (f->attempts == f->stop_at)
        gen_stop_set(f->stop, GEN_STOPPING);
    result->duration_s = 1;
    if (number >= f->failures) {
        result->text = strdup("fine");
        return;
    }
    gen_chat_result_fail(result, "RateLimitError", "busy");
    result->retryable = !f->lasting;
    result->changed = f->changed;
    result->retry_after_s = f->asked_s;
}

static void on_retry(void *user, const gen_call *call, const gen_chat_result *failed)
{
    (void)call;
    assert_int_equal(failed->outcome, GEN_FAILED);
    ((fake *)user)->told++;
}

static gen_chat_result run(fake *f, unsigned max_retries)
{
    gen_chat_result result;
    gen_retry_policy policy = gen_retry_defaults(max_retries);
    policy.time_scale = 1e4;
    f->stop = gen_stop_new();
    assert_non_null(f->stop);
    gen_call call = {.operation = "x", .stop = f->stop, .on_retry = on_retry, .user = f};
    gen_chat_result_init(&result);
    gen_retry_run(&policy, &call, attempt, f, &result);
    gen_stop_free(f->stop);
    return result;
}

static void it_is_tried_until_it_succeeds(void **state)
{
    (void)state;
    fake f = {.failures = 3, .asked_s = 2};
    gen_chat_result result = run(&f, 5);
    assert_int_equal(result.outcome, GEN_DONE);
    assert_string_equal(result.text, "fine");
    assert_string_equal(result.error, "");
    assert_int_equal(result.retries, 3);
    assert_int_equal(f.told, 3);
    assert_true(fabs(result.duration_s - 10) < 1e-9); /* four attempts of 1 s, three waits of 2 s */
    gen_chat_result_clear(&result);
}

static void it_ends_with_the_last_failure(void **state)
{
    (void)state;
    fake f = {.failures = 9, .asked_s = 0};
    gen_chat_result result = run(&f, 2);
    assert_int_equal(result.outcome, GEN_FAILED);
    assert_string_equal(result.error_type, "RateLimitError");
    assert_int_equal(f.attempts, 3);
    assert_int_equal(f.told, 2);
    gen_chat_result_clear(&result);
}

static void what_lasts_is_not_tried_again(void **state)
{
    (void)state;
    fake f = {.failures = 9, .lasting = true};
    gen_chat_result result = run(&f, 5);
    assert_int_equal(result.outcome, GEN_FAILED);
    assert_int_equal(f.attempts, 1);
    assert_int_equal(f.told, 0);
}

static void a_stop_ends_the_attempts(void **state)
{
    (void)state;
    fake f = {.failures = 9, .stop_at = 2};
    gen_chat_result result = run(&f, 5);
    assert_int_equal(result.outcome, GEN_STOPPED);
    assert_string_equal(result.error, "");
    assert_int_equal(f.attempts, 2);
    assert_int_equal(f.told, 2);
    fake g = {.failures = 0, .stop_at = 1};
    result = run(&g, 5);
    assert_int_equal(result.outcome, GEN_DONE); /* the call in flight was allowed to finish */
    gen_chat_result_clear(&result);
}

static void after_a_stop_nothing_begins(void **state)
{
    (void)state;
    fake f = {0};
    gen_chat_result result;
    gen_retry_policy policy = gen_retry_defaults(3);
    f.stop = gen_stop_new();
    gen_stop_set(f.stop, GEN_STOPPING);
    gen_chat_result_init(&result);
    gen_retry_run(&policy, &(gen_call){.stop = f.stop}, attempt, &f, &result);
    gen_stop_free(f.stop);
    assert_int_equal(result.outcome, GEN_STOPPED);
    assert_int_equal(f.attempts, 0);
}

static void waits_double_up_to_their_limit(void **state)
{
    (void)state;
    gen_retry_policy policy = gen_retry_defaults(20);
    const double wanted[] = {0.5, 1, 2, 4, 8, 8, 8};
    for (unsigned i = 0; i < 7; i++) {
        for (uint64_t c = 0; c < 200; c++) {
            double wait = gen_retry_wait(&policy, &(gen_call){.conversation = c}, i, -1);
            assert_true(wait <= wanted[i] && wait >= 0.75 * wanted[i]);
        }
    }
    gen_call one = {.conversation = 1}, other = {.conversation = 2};
    assert_true(gen_retry_wait(&policy, &one, 0, -1) != gen_retry_wait(&policy, &other, 0, -1));
    assert_true(gen_retry_wait(&policy, &one, 4000000000u, -1) <= 8);
    assert_true(gen_retry_wait(&policy, &one, 0, 3) == 3);
    assert_true(gen_retry_wait(&policy, &one, 4, 3) > 3); /* the back-off is longer than what was asked for */
    assert_true(gen_retry_wait(&policy, &one, 0, 0) >= 0.75 * 0.5);
}

static void a_wait_beyond_all_patience_is_not_waited(void **state)
{
    (void)state;
    fake f = {.failures = 9, .asked_s = 3600};
    gen_chat_result result = run(&f, 5);
    assert_int_equal(result.outcome, GEN_FAILED);
    assert_int_equal(f.attempts, 1);
    assert_int_equal(result.lasting, GEN_LASTING);
    assert_string_equal(result.error, "busy; the server asks to wait 3600 s, which is too long");
}

static void a_changed_attempt_is_made_at_once_and_costs_no_retry(void **state)
{
    (void)state;
    fake f = {.failures = 1, .lasting = true, .changed = true, .asked_s = -1};
    gen_chat_result result = run(&f, 0);
    assert_int_equal(result.outcome, GEN_DONE);
    assert_int_equal(f.attempts, 2);
    assert_int_equal(f.told, 1);
    assert_true(fabs(result.duration_s - 2) < 1e-9);
    gen_chat_result_clear(&result);
}

static void retry_after_in_all_forms(void **state)
{
    (void)state;
    time_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    assert_true(gen_retry_after(" 120 \r\n", now) == 120);
    assert_true(gen_retry_after("1.5", now) == 1.5);
    assert_true(gen_retry_after("0", now) == 0);
    assert_true(gen_retry_after("17s", now) == 17);
    assert_true(gen_retry_after("250ms", now) == 0.25);
    assert_true(fabs(gen_retry_after("1h2m0.5s ", now) - 3720.5) < 1e-9);
    assert_true(gen_retry_after("5x", now) < 0 && gen_retry_after("5m later", now) < 0);
    assert_true(gen_retry_after("Sunday, 06-Nov-94 08:49:57 GMT", now) == 20);
    assert_true(gen_retry_after("Sun Nov  6 08:49:57 1994", now) == 20);
    assert_true(gen_retry_after("Sun, 06 Nov 1994 08:49:57 GMT\r\n", now) == 20);
    assert_true(gen_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now) == 0);
    assert_true(gen_retry_after("-5", now) < 0);
    assert_true(gen_retry_after("soon", now) < 0);
    assert_true(gen_retry_after("", now) < 0);
    assert_true(gen_retry_after("nan", now) < 0);
    assert_true(gen_retry_after("inf", now) < 0);
    assert_true(gen_retry_after("99999999999999999999999999", now) > 1e20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_tried_until_it_succeeds),
        cmocka_unit_test(it_ends_with_the_last_failure),
        cmocka_unit_test(what_lasts_is_not_tried_again),
        cmocka_unit_test(a_stop_ends_the_attempts),
        cmocka_unit_test(after_a_stop_nothing_begins),
        cmocka_unit_test(waits_double_up_to_their_limit),
        cmocka_unit_test(a_wait_beyond_all_patience_is_not_waited),
        cmocka_unit_test(a_changed_attempt_is_made_at_once_and_costs_no_retry),
        cmocka_unit_test(retry_after_in_all_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
