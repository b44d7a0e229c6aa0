#include "cli/signals.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void cli_block_ending_signals(sigset_t *ends, int one_more)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, one_more};
    sigset_t blocked;
    sigemptyset(ends);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i] != 0 && !is_ignored(numbers[i]) && sigismember(&blocked, numbers[i]) == 0)
            sigaddset(ends, numbers[i]);
    sigprocmask(SIG_BLOCK, ends, NULL);
}

void cli_hold_standard_files(void)
{
    /* the wrong way round, so that reading and writing them is an error */
    static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", flags[fd]); /* the lowest free number is this one */
}
