/* Threads of the library's own: their names, and that they take no signals. */
#include "check.h"

#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "base/thread.h"

struct seen {
    sem_t go;
    sigset_t blocked;
};

static void *look(void *user)
{
    struct seen *seen = user;
    while (sem_wait(&seen->go) != 0)
        ;
    pthread_sigmask(SIG_BLOCK, NULL, &seen->blocked);
    return NULL;
}

static void check(const char *name, const char *shown)
{
    struct seen seen;
    pthread_t thread;
    char got[16];
    sigset_t before, after;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    sem_init(&seen.go, 0, 0);
    assert_int_equal(afmon_thread_start(&thread, name, look, &seen), 0);
    assert_int_equal(pthread_getname_np(thread, got, sizeof got), 0);
    assert_string_equal(got, shown);
    sem_post(&seen.go);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    static const int program[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD, SIGUSR1, SIGPIPE};
    for (size_t i = 0; i < sizeof program / sizeof program[0]; i++) {
        assert_int_equal(sigismember(&seen.blocked, program[i]), 1);
        assert_int_equal(sigismember(&after, program[i]), sigismember(&before, program[i]));
    }
    sem_destroy(&seen.go);
}

static void names_are_cut_at_the_end_of_a_character(void **state)
{
    (void)state;
    check("afmon-monitor", "afmon-monitor");
    check("123456789012345", "123456789012345");
    check("1234567890123456789", "123456789012345");
    check("afmon-h:12345\xc3\xa4", "afmon-h:12345\xc3\xa4");
    check("afmon-h:123456\xc3\xa4", "afmon-h:123456");
    check("afmon-h:1234\xf0\x9f\x98\x80", "afmon-h:1234");
    check("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_cut_at_the_end_of_a_character)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
