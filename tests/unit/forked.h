/* Children of a process that has threads.
 *
 * AddressSanitizer as gcc 12 has it does not take its allocator's locks at a fork (glibc's malloc does): a child that
 * was forked while another thread allocated waits for ever in its own first allocation. Such a child ends by an alarm,
 * and its test is skipped; elsewhere no alarm is set and a child that hangs is a failure. */
#ifndef AFMON_TEST_FORKED_H
#define AFMON_TEST_FORKED_H

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { LONGEST_CHILD_SECONDS = 30 };
#else
enum { LONGEST_CHILD_SECONDS = 0 }; /* no limit */
#endif

/* As fork(). */
static pid_t fork_child(void)
{
    pid_t child = fork();
    if (child == 0)
        alarm(LONGEST_CHILD_SECONDS);
    return child;
}

/* Waits for a child and asserts that it ended well; true where it did, false where the sanitizer hung it. */
static bool child_ended_well(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (LONGEST_CHILD_SECONDS > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return false;
    assert_int_equal(status, 0);
    return true;
}

#endif
