/* Workers, and how they are told to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "generators/pool.h"

enum { COUNT = 5000 };

typedef struct ledger {
    atomic_uint times[COUNT];
    atomic_uint total;
    atomic_bool saw_signals;
    gen_stop *stop;
    unsigned stop_after;
} ledger;

static bool odd(void *user, uint64_t index)
{
    (void)user;
    return index % 2 == 1;
}

static void note(void *user, uint64_t index)
{
    ledger *l = user;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (!sigismember(&mask, SIGINT) || !sigismember(&mask, SIGPIPE))
        atomic_store(&l->saw_signals, true);
    atomic_fetch_add(&l->times[index], 1);
    if (atomic_fetch_add(&l->total, 1) + 1 == l->stop_after)
        gen_stop_set(l->stop, GEN_STOPPING);
}

static void run(ledger *l, unsigned threads, bool (*skip)(void *, uint64_t))
{
    gen_pool *pool = gen_pool_start(
        &(gen_pool_options){.threads = threads, .count = COUNT, .skip = skip, .run = note, .user = l, .stop = l->stop});
    assert_non_null(pool);
    assert_int_equal(gen_pool_threads(pool), threads);
    while (!gen_pool_finished(pool))
        usleep(1000);
    gen_pool_join(pool);
    assert_false(atomic_load(&l->saw_signals));
}

static void each_index_once(void **state)
{
    (void)state;
    static ledger l;
    run(&l, 8, NULL);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(atomic_load(&l.times[i]), 1);
}

static void skipped_ones_never(void **state)
{
    (void)state;
    static ledger l;
    run(&l, 3, odd);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(atomic_load(&l.times[i]), i % 2 == 0);
}

static void a_stop_ends_them(void **state)
{
    (void)state;
    static ledger l = {.stop_after = 100};
    l.stop = gen_stop_new();
    run(&l, 4, NULL);
    unsigned total = atomic_load(&l.total);
    assert_true(total >= 100 && total < COUNT); /* how soon the others see it is up to the scheduler */
    gen_stop_free(l.stop);
}

static void *stop_soon(void *stop)
{
    usleep(50000);
    gen_stop_set(stop, GEN_STOPPING);
    usleep(100000);
    gen_stop_set(stop, GEN_ABANDON);
    return NULL;
}

static void sleepers_wake_in_their_phase(void **state)
{
    (void)state;
    pthread_t thread;
    gen_stop *stop = gen_stop_new();
    assert_true(gen_stop_sleep(stop, 0.01, GEN_STOPPING));
    assert_true(gen_stop_sleep(stop, -1, GEN_STOPPING));
    int64_t start = gen_now_ns();
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, stop), 0);
    assert_false(gen_stop_sleep(stop, 60, GEN_STOPPING));
    assert_true(gen_seconds_since(start) < 10);
    assert_int_equal(gen_stop_now(stop), GEN_STOPPING);
    assert_false(gen_stop_sleep(stop, 60, GEN_ABANDON));
    assert_true(gen_seconds_since(start) >= 0.14);
    gen_stop_set(stop, GEN_STOPPING);
    assert_int_equal(gen_stop_now(stop), GEN_ABANDON); /* never back */
    pthread_join(thread, NULL);
    gen_stop_free(stop);
    assert_int_equal(gen_stop_now(NULL), GEN_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_once),
        cmocka_unit_test(skipped_ones_never),
        cmocka_unit_test(a_stop_ends_them),
        cmocka_unit_test(sleepers_wake_in_their_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
