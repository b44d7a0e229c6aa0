/* A session whose process dies while somebody looks at it. The lock by which its life is told is asked by way of here,
 * so that the process can be made to say its last words in that moment. */
#include "run_folder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/lock.h"

#define BEFORE 300
#define FILE_LIMIT 16384 /* less than the lines from before, more than the session's file */

/* ---- A process that is about to die ---- */

struct dying {
    pid_t process; /* 0: nobody is about to die */
    int go[2];     /* says that it may record a last time */
    int done[2];   /* it did */
};
static struct dying dying;

static void pass(int fd)
{
    if (write(fd, "", 1) != 1)
        _exit(1);
}

static void await(int fd)
{
    char byte;
    if (read(fd, &byte, 1) != 1)
        _exit(1);
}

/* What was recorded last stays in the ring, for the metrics file may not grow any more. */
static void stop_landing(void)
{
    const struct rlimit limit = {.rlim_cur = FILE_LIMIT, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(1);
}

static void live_on(const char *folder)
{
    afmon_metric *metric;
    afmon_monitor *monitor = open_on(folder);
    for (int i = 0; i < BEFORE; i++)
        if (afmon_record_metric(monitor, "early", i, NULL, 0) != AFMON_OK)
            _exit(1);
    if (afmon_monitor_flush(monitor, 60, NULL) != AFMON_OK)
        _exit(1);
    stop_landing();
    pass(dying.done[1]);
    await(dying.go[0]);
    if (afmon_metric_resolve(monitor, "late", NULL, 0, &metric) != AFMON_OK || afmon_record(metric, 1) != AFMON_OK)
        _exit(1);
    pass(dying.done[1]);
    for (;;)
        pause();
}

static void begin_dying(const char *folder)
{
    assert_int_equal(pipe(dying.go), 0);
    assert_int_equal(pipe(dying.done), 0);
    dying.process = fork();
    if (dying.process == 0)
        live_on(folder);
    close(dying.go[0]);
    close(dying.done[1]);
    await(dying.done[0]);
}

static void die(void)
{
    int status;
    pid_t process = dying.process;
    dying.process = 0;
    pass(dying.go[1]);
    await(dying.done[0]);
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(dying.go[1]);
    close(dying.done[0]);
}

enum afmon_lock_state __real_afmon_lock_look(int fd);
enum afmon_lock_state __wrap_afmon_lock_look(int fd);
enum afmon_lock_state __wrap_afmon_lock_look(int fd)
{
    if (dying.process > 0)
        die();
    return __real_afmon_lock_look(fd);
}

/* ---- Tests ---- */

/* A name that came to stand in the session's file after that was first looked at: the record of it has but its number.
 */
static void last_words_are_recovered(void **state)
{
    (void)state;
    char *folder = make_folder();
    uint64_t recovered;
    begin_dying(folder);
    assert_int_equal(afmon_recover(folder, &recovered, NULL), AFMON_OK);
    assert_int_equal(dying.process, 0);
    assert_true(recovered > 0);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"early\""), BEFORE);
    assert_int_equal(count_in(folder, "metrics.jsonl", "{\"metric\": \"late\", \"value\": 1.0, "), 1);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_words_are_recovered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
