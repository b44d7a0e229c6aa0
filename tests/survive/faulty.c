/* A preloaded library in whose presence the system calls on a run's files fail now and then, as they may.
 *
 * AFMON_FAULTS: a number a kind, `eintr=N,eio=N,enospc=N,short=N,undo=N,nolock=1`: one call in N fails in that way;
 * undo is EIO of ftruncate(2); nolock: the file system has no locks. Files are told by their names when they are
 * opened. A failed write may have written a part, as the kernel's may. */
#undef _FILE_OFFSET_BITS /* both names of a call are to be stood in for */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define FILES 65536

static _Atomic bool ours[FILES]; /* by descriptor */
static _Atomic unsigned long counter;

static unsigned long chance(const char *kind)
{
    const char *faults = getenv("AFMON_FAULTS");
    const char *at = faults != NULL ? strstr(faults, kind) : NULL;
    return at != NULL ? strtoul(at + strlen(kind), NULL, 10) : 0;
}

static unsigned long next_random(void)
{
    unsigned long x = atomic_fetch_add(&counter, 1) + (unsigned long)getpid() * 1000003UL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebUL;
    return x ^ (x >> 31);
}

static bool happens(const char *kind)
{
    unsigned long n = chance(kind);
    return n > 0 && next_random() % n == 0;
}

static bool is_ours(int fd)
{
    return fd >= 0 && fd < FILES && atomic_load(&ours[fd]);
}

static void *real(const char *symbol)
{
    return dlsym(RTLD_NEXT, symbol);
}

static bool is_of_a_run(const char *path)
{
    return strstr(path, "metrics") != NULL || strstr(path, "afterimage") != NULL || strstr(path, ".ring") != NULL ||
           strstr(path, ".session") != NULL || strstr(path, ".new") != NULL;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    int (*call)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))real("openat");
    int fd = call(folder, path, flags, mode);
    if (fd >= 0 && fd < FILES)
        atomic_store(&ours[fd], is_of_a_run(path) && (flags & O_ACCMODE) != O_RDONLY);
    return fd;
}

int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));

int close(int fd)
{
    int (*call)(int) = (int (*)(int))real("close");
    if (fd >= 0 && fd < FILES)
        atomic_store(&ours[fd], false);
    return call(fd);
}

/* The error of a write now, or 0. */
static int write_error(void)
{
    return happens("eintr=") ? EINTR : happens("eio=") ? EIO : happens("enospc=") ? ENOSPC : 0;
}

static size_t some_of(size_t length)
{
    return length > 1 && happens("short=") ? 1 + next_random() % (length - 1) : length;
}

static ssize_t fail(int error)
{
    errno = error;
    return -1;
}

ssize_t write(int fd, const void *data, size_t length)
{
    ssize_t (*call)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))real("write");
    int error = is_ours(fd) ? write_error() : 0;
    return error != 0 ? fail(error) : call(fd, data, is_ours(fd) ? some_of(length) : length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    ssize_t (*call)(int, const void *, size_t, off_t) = (ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
    int error = is_ours(fd) ? write_error() : 0;
    return error != 0 ? fail(error) : call(fd, data, is_ours(fd) ? some_of(length) : length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) __attribute__((alias("pwrite")));

ssize_t pread(int fd, void *data, size_t length, off_t offset)
{
    ssize_t (*call)(int, void *, size_t, off_t) = (ssize_t(*)(int, void *, size_t, off_t))real("pread");
    return is_ours(fd) && happens("eintr=") ? fail(EINTR)
                                            : call(fd, data, is_ours(fd) ? some_of(length) : length, offset);
}

ssize_t pread64(int fd, void *data, size_t length, off_t offset) __attribute__((alias("pread")));

int ftruncate(int fd, off_t length)
{
    int (*call)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
    int error = !is_ours(fd) ? 0 : happens("eintr=") ? EINTR : happens("undo=") ? EIO : 0;
    return error != 0 ? (int)fail(error) : call(fd, length);
}

int ftruncate64(int fd, off_t length) __attribute__((alias("ftruncate")));

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    int (*call)(int, int, off_t, off_t) = (int (*)(int, int, off_t, off_t))real("fallocate");
    int error = is_ours(fd) ? write_error() : 0;
    return error != 0 ? (int)fail(error) : call(fd, mode, offset, length);
}

int fallocate64(int fd, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));

int posix_fallocate(int fd, off_t offset, off_t length)
{
    int (*call)(int, off_t, off_t) = (int (*)(int, off_t, off_t))real("posix_fallocate");
    int error = is_ours(fd) ? write_error() : 0;
    return error != 0 ? error : call(fd, offset, length);
}

int posix_fallocate64(int fd, off_t offset, off_t length) __attribute__((alias("posix_fallocate")));

int flock(int fd, int operation)
{
    int (*call)(int, int) = (int (*)(int, int))real("flock");
    return chance("nolock=") > 0 ? (int)fail(ENOLCK) : call(fd, operation);
}

int fcntl64(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    int (*call)(int, int, ...) = (int (*)(int, int, ...))real("fcntl64");
    bool lock = command == F_OFD_SETLK || command == F_OFD_GETLK;
    return lock && chance("nolock=") > 0 ? (int)fail(ENOLCK) : call(fd, command, argument);
}

int fcntl(int fd, int command, ...) __attribute__((alias("fcntl64")));
