#include "base/quiet.h"

#include <errno.h>
#include <time.h>

static bool is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

void afmon_quiet_begin(struct afmon_quiet *quiet)
{
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGXFSZ);
    quiet->was_pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &block, &quiet->before);
}

void afmon_quiet_end(const struct afmon_quiet *quiet)
{
    int keep = errno;
    if (!quiet->was_pending && is_pending()) {
        sigset_t take;
        sigemptyset(&take);
        sigaddset(&take, SIGXFSZ);
#ifdef __APPLE__ /* it has no sigtimedwait; the signal is the thread's own, so that nobody takes it before us */
        int taken;
        (void)sigwait(&take, &taken);
#else
        (void)sigtimedwait(&take, NULL, &(struct timespec){0});
#endif
    }
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
    errno = keep;
}
