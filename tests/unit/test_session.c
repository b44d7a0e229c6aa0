/* A session whose process dies while somebody looks at it, or whose log cannot be written. The lock by which its life
 * is told is asked by way of here, so that the process can be made to say its last words in that moment; and writing
 * and cutting off go by way of here, so that they can fail in the middle. */
#include "run_folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/lock.h"
#include "ingest/landing.h"

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

/* ---- A disk that fails ---- */

static int failing; /* 1: writes fail after some bytes; 2: so does what would undo them */

ssize_t __real_write(int fd, const void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length)
{
    if (failing > 0 && length > 5)
        return __real_write(fd, data, 5);
    if (failing == 0)
        return __real_write(fd, data, length);
    errno = EIO;
    return -1;
}

int __real_ftruncate64(int fd, off64_t length);
int __wrap_ftruncate64(int fd, off64_t length);
int __wrap_ftruncate64(int fd, off64_t length)
{
    if (failing < 2)
        return __real_ftruncate64(fd, length);
    errno = EIO;
    return -1;
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

static void add_text(struct afmon_buffer *buffer, const char *text)
{
    afmon_buffer_init(buffer, 1000);
    afmon_buffer_add_text(buffer, text);
}

/* What could not be said as a whole is cut off before anything else lands. */
static void nothing_lands_behind_a_torn_remark(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_private place;
    struct afmon_run_files files;
    struct afmon_ring ring;
    struct afmon_buffer remark, batch, none;
    const char *failed;
    add_text(&remark, "abcdef\n"); /* of which 5 bytes go, then 2 fail */
    add_text(&batch, "a batch\n");
    add_text(&none, "");
    assert_int_equal(afmon_private_open(&place, folder, true), 0);
    assert_int_equal(afmon_run_files_open(&files, place.run, "metrics.jsonl", "afterimage.log", &failed), 0);
    assert_int_equal(afmon_ring_create_anonymous(&ring, 1, 65536), 0);
    atomic_store(&ring.header->tail, 32);
    assert_int_equal(afmon_run_files_say(&files, &batch), 0);
    failing = 1;
    assert_int_equal(afmon_run_files_say(&files, &remark), EIO);
    assert_int_equal(count_in(folder, "afterimage.log", "abcde"), 0);
    failing = 2;
    assert_int_equal(afmon_run_files_say(&files, &remark), EIO);
    assert_int_equal(count_in(folder, "afterimage.log", "abcde"), 1);
    assert_int_equal(afmon_land(&files, &ring, &none, &batch, 16), EIO);
    assert_int_equal(afmon_run_files_say(&files, &remark), EIO);
    failing = 0;
    assert_int_equal(afmon_land(&files, &ring, &none, &batch, 16), 0);
    assert_int_equal(count_in(folder, "afterimage.log", "abcde"), 0);
    assert_int_equal(count_in(folder, "afterimage.log", "a batch\na batch\n"), 1);
    afmon_ring_free(&ring);
    afmon_run_files_close(&files);
    afmon_private_close(&place);
    afmon_buffer_free(&remark);
    afmon_buffer_free(&batch);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_lands_behind_a_torn_remark),
        cmocka_unit_test(last_words_are_recovered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
