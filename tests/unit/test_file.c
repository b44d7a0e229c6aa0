#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "fail_alloc.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/afmon-file-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static char *in_folder(const char *name)
{
    char *path = afmon_path_join(folder, name);
    assert_non_null(path);
    return path;
}

static void assert_join(const char *left, const char *right, const char *expected)
{
    char *path = afmon_path_join(left, right);
    assert_string_equal(path, expected);
    free(path);
}

static void paths_are_joined(void **state)
{
    (void)state;
    assert_join("a", "b", "a/b");
    assert_join("a/", "b", "a/b");
    assert_join("/", "b", "/b");
    assert_join("", "b", "b"); /* and not the root's */
    assert_join("a", "", "a/");
    fail_alloc_at(1);
    assert_null(afmon_path_join("a", "b"));
    assert_true(fail_alloc_stop());
}

static bool is_folder(const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && S_ISDIR(there.st_mode);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    static const char *const names[] = {"a/b/c", "a/b/c", "d//e/", "f/", "./g/../h"};
    afmon_error error;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = in_folder(names[i]);
        assert_int_equal(afmon_make_folders(path, &error), AFMON_OK);
        assert_true(is_folder(path));
        free(path);
    }
    assert_int_equal(afmon_make_folders("/", &error), AFMON_OK);
    assert_int_equal(afmon_make_folders(".", NULL), AFMON_OK);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    (void)state;
    afmon_error error;
    char *file = in_folder("file");
    char *below = in_folder("file/x/y");
    char *dangling = in_folder("dangling");
    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink("/nowhere/at/all", dangling), 0);
    assert_int_equal(afmon_make_folders(file, &error), AFMON_E_SYSTEM);
    assert_int_equal(error.os_error, ENOTDIR);
    assert_non_null(strstr(error.message, file));
    assert_int_equal(afmon_make_folders(below, &error), AFMON_E_SYSTEM);
    assert_int_equal(error.os_error, ENOTDIR);
    assert_non_null(strstr(error.message, file));
    assert_int_equal(afmon_make_folders(dangling, &error), AFMON_E_SYSTEM);
    assert_int_equal(afmon_make_folders("/proc/afmon/x", &error), AFMON_E_SYSTEM);
    assert_int_equal(afmon_make_folders("", &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_make_folders(below, NULL), AFMON_E_SYSTEM);
    fail_alloc_at(1);
    assert_int_equal(afmon_make_folders(folder, &error), AFMON_E_NO_MEMORY);
    assert_true(fail_alloc_stop());
    free(file);
    free(below);
    free(dangling);
}

static void *read_slowly(void *descriptor)
{
    char part[4096];
    size_t sum = 0;
    for (ssize_t got; (got = read(*(int *)descriptor, part, sizeof part)) > 0;) {
        sum += (size_t)got;
        if (sum < 400000)
            usleep(500);
    }
    return (void *)sum;
}

static void nothing(int number)
{
    (void)number;
}

static void short_writes_and_signals_are_gone_over(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    /* A timer without SA_RESTART: writes to the full pipe end early, or with EINTR. */
    struct sigaction action = {.sa_handler = nothing};
    struct sigaction before;
    sigaction(SIGALRM, &action, &before);
    pthread_t reader;
    sigset_t alarm_set;
    sigemptyset(&alarm_set);
    sigaddset(&alarm_set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_set, NULL);
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &ends[0]), 0);
    pthread_sigmask(SIG_UNBLOCK, &alarm_set, NULL);
    ualarm(1000, 1000);
    const size_t length = 1000000;
    char *data = calloc(1, length);
    size_t written = 0;
    int result = afmon_write_all(ends[1], data, length, &written);
    ualarm(0, 0);
    close(ends[1]);
    void *sum;
    pthread_join(reader, &sum);
    assert_int_equal(result, 0);
    assert_int_equal(written, length);
    assert_int_equal((size_t)sum, length);
    close(ends[0]);
    sigaction(SIGALRM, &before, NULL);
    free(data);
}

static void a_refused_write_says_how_much_landed(void **state)
{
    (void)state;
    char *path = in_folder("limited");
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    struct rlimit limit = {.rlim_cur = 10, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    size_t written = 99;
    int result = afmon_write_all(fd, "0123456789abcdef", 16, &written);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(result, EFBIG);
    assert_int_equal(written, 10);
    assert_int_equal(afmon_write_all(-1, "x", 1, NULL), EBADF);
    assert_int_equal(afmon_write_all(fd, "", 0, &written), 0);
    assert_int_equal(written, 0);
    close(fd);
    free(path);
}

static void reads_are_whole_or_an_error(void **state)
{
    (void)state;
    char *path = in_folder("read");
    char got[10];
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    assert_int_equal(afmon_write_all(fd, "0123456789", 10, NULL), 0);
    assert_int_equal(afmon_read_at(fd, got, 4, 3), 0);
    assert_memory_equal(got, "3456", 4);
    assert_int_equal(afmon_read_at(fd, got, 10, 0), 0);
    assert_int_equal(afmon_read_at(fd, got, 10, 1), EIO);
    assert_int_equal(afmon_read_at(fd, got, 1, 10), EIO);
    assert_int_equal(afmon_read_at(fd, got, 0, 100), 0);
    assert_int_equal(afmon_read_at(-1, got, 1, 0), EBADF);
    close(fd);
    free(path);
}

static double seconds_since(int64_t began)
{
    return (double)(afmon_boot_ns() - began) / 1e9;
}

static void a_lock_that_is_taken_times_out(void **state)
{
    (void)state;
    char *path = in_folder("lock");
    int holder = open(path, O_CREAT | O_RDWR, 0600);
    int other = open(path, O_RDWR);
    assert_int_equal(afmon_lock_look(other), AFMON_LOCK_FREE);
    assert_int_equal(afmon_lock_take(holder, 0), 0);
    int64_t began = afmon_boot_ns();
    assert_int_equal(afmon_lock_take(other, 0.05), EWOULDBLOCK);
    assert_true(seconds_since(began) >= 0.05 && seconds_since(began) < 1);
    assert_int_equal(afmon_lock_look(other), AFMON_LOCK_HELD);
    close(holder);
    assert_int_equal(afmon_lock_look(other), AFMON_LOCK_FREE);
    assert_int_equal(afmon_lock_take(other, 0), 0);
    afmon_lock_release(other);
    assert_int_equal(afmon_lock_take(-1, 10), EBADF);
    close(other);
    free(path);
}

/* Who may only read a file can neither take its write lock nor seem to hold it. */
static void a_reader_holds_no_lock(void **state)
{
    (void)state;
    char *path = in_folder("read");
    int writer = open(path, O_CREAT | O_RDWR, 0600);
    int reader = open(path, O_RDONLY);
    assert_int_equal(afmon_lock_take(reader, 0), EBADF);
    assert_int_equal(flock(reader, LOCK_EX), 0);
    struct flock read_lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(reader, F_OFD_SETLK, &read_lock), 0);
    assert_int_equal(afmon_lock_look(writer), AFMON_LOCK_FREE);
    close(reader);
    close(writer);
    free(path);
}

static void a_lock_is_taken_when_it_comes_free(void **state)
{
    (void)state;
    char *path = in_folder("later");
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_CREAT | O_RDWR, 0600);
        if (afmon_lock_take(fd, 0) != 0)
            _exit(2);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        usleep(50000);
        _exit(0);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    int fd = open(path, O_RDWR);
    int64_t began = afmon_boot_ns();
    assert_int_equal(afmon_lock_take(fd, 30), 0);
    assert_true(seconds_since(began) < 15);
    waitpid(child, NULL, 0);
    close(fd);
    close(ready[0]);
    close(ready[1]);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_joined),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
        cmocka_unit_test(short_writes_and_signals_are_gone_over),
        cmocka_unit_test(a_refused_write_says_how_much_landed),
        cmocka_unit_test(reads_are_whole_or_an_error),
        cmocka_unit_test(a_lock_that_is_taken_times_out),
        cmocka_unit_test(a_reader_holds_no_lock),
        cmocka_unit_test(a_lock_is_taken_when_it_comes_free),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
