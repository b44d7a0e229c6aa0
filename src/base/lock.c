#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Where there are only locks of a process: those of others are seen as well, and nobody asks for his own. */
#ifndef F_OFD_SETLK
#define F_OFD_SETLK F_SETLK
#define F_OFD_GETLK F_GETLK
#endif

#define FIRST_PAUSE_NS INT64_C(500000)
#define LONGEST_PAUSE_NS INT64_C(20000000)

static void pause_for(int64_t ns)
{
    struct timespec pause = {.tv_sec = ns / AFMON_NS_PER_S, .tv_nsec = ns % AFMON_NS_PER_S};
    nanosleep(&pause, NULL);
}

static struct flock lock_of(short type, int64_t start, int64_t length)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

int afmon_lock_take_bytes(int fd, int64_t start, int64_t length, double timeout_s)
{
    int64_t began = afmon_boot_ns();
    int64_t timeout_ns = afmon_seconds_to_ns(timeout_s);
    int64_t pause_ns = FIRST_PAUSE_NS;
    for (;;) {
        struct flock lock = lock_of(F_WRLCK, start, length);
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return errno;
        int64_t left_ns = timeout_ns - (afmon_boot_ns() - began);
        if (left_ns <= 0)
            return EWOULDBLOCK;
        pause_for(pause_ns < left_ns ? pause_ns : left_ns);
        pause_ns = pause_ns * 2 < LONGEST_PAUSE_NS ? pause_ns * 2 : LONGEST_PAUSE_NS;
    }
}

int afmon_lock_take(int fd, double timeout_s)
{
    return afmon_lock_take_bytes(fd, 0, 0, timeout_s);
}

void afmon_lock_release_bytes(int fd, int64_t start, int64_t length)
{
    struct flock lock = lock_of(F_UNLCK, start, length);
    (void)fcntl(fd, F_OFD_SETLK, &lock);
}

void afmon_lock_release(int fd)
{
    afmon_lock_release_bytes(fd, 0, 0);
}

bool afmon_lock_is_impossible(int failure)
{
    return failure == ENOLCK || failure == EOPNOTSUPP || failure == ENOSYS || failure == EINVAL;
}

enum afmon_lock_state afmon_lock_look_bytes(int fd, int64_t start, int64_t length)
{
    struct flock lock = lock_of(F_WRLCK, start, length);
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
        return AFMON_LOCK_UNKNOWN;
    return lock.l_type == F_WRLCK ? AFMON_LOCK_HELD : AFMON_LOCK_FREE;
}

enum afmon_lock_state afmon_lock_look(int fd)
{
    return afmon_lock_look_bytes(fd, 0, 0);
}
