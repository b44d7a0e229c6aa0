#include "ingest/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"

#define LOCK_TIMEOUT_S 20.0
#define LOCK_FILE "lock"
#define TRIES 100

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The lock that was taken is that of the folder that is there: not one that somebody removed meanwhile. */
static bool is_current(const struct afmon_private *private)
{
    struct stat held;
    struct stat named;
    return fstat(private->lock, &held) == 0 && fstatat(private->folder, LOCK_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* Opens for writing alone: whoever may not write has no way to hold it. */
static int open_lock(struct afmon_private *private)
{
    private->lock = afmon_fd_above_standard(
        openat(private->folder, LOCK_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0222));
    return private->lock >= 0 ? 0 : errno == ENOENT ? ESTALE : errno;
}

int afmon_private_lock(struct afmon_private *private, double timeout_s)
{
    int64_t until = afmon_boot_ns() + afmon_seconds_to_ns(timeout_s);
    for (;;) {
        int failure = open_lock(private);
        double left_s = (double)(until - afmon_boot_ns()) / 1e9;
        if (failure == 0)
            failure = afmon_lock_take(private->lock, left_s > 0 ? left_s : 0);
        if (failure == 0 && is_current(private))
            return 0;
        close_fd(&private->lock);
        private->lockless = afmon_lock_is_impossible(failure);
        if (private->lockless)
            return 0;
        if (failure != 0)
            return failure;
    }
}

void afmon_private_unlock(struct afmon_private *private)
{
    close_fd(&private->lock);
}

static bool may_not_be_written(int failure)
{
    return failure == EACCES || failure == EPERM || failure == EROFS;
}

static int open_folders(struct afmon_private *private, const char *folder, bool create)
{
    if (private->run < 0)
    private->run = afmon_fd_above_standard(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (private->run < 0)
        return errno;
    if (create && mkdirat(private->run, AFMON_PRIVATE_FOLDER, 0777) != 0 && errno != EEXIST)
        return errno;
    private->folder = afmon_fd_above_standard(
        openat(private->run, AFMON_PRIVATE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    (void)afmon_file_identify(private->run, &private->run_identity);
    (void)afmon_file_identify(private->folder, &private->folder_identity);
    if (private->folder >= 0 || (errno == ENOENT && !create))
        return 0;
    private->unreadable = errno == ENOTDIR || errno == ELOOP || errno == EACCES ? errno : 0;
    return private->unreadable != 0 && !create ? 0 : errno == ENOENT ? ESTALE : errno;
}

int afmon_private_open(struct afmon_private *private, const char *folder, bool create)
{
    *private = (struct afmon_private){.run = -1, .folder = -1, .lock = -1};
    int failure = ESTALE; /* its last session ended in this moment, and took it away */
    for (int try = 0; failure == ESTALE && try < TRIES; try++) {
        close_fd(&private->folder);
        failure = open_folders(private, folder, create);
        if (failure == 0 && private->folder >= 0)
            failure = afmon_private_lock(private, LOCK_TIMEOUT_S);
    }
    private->read_only = private->folder >= 0 && may_not_be_written(failure);
    return private->read_only && !create ? 0 : failure;
}

int afmon_private_look(struct afmon_private *private, const char *folder)
{
    *private = (struct afmon_private){.run = -1, .folder = -1, .lock = -1, .read_only = true};
    return open_folders(private, folder, false);
}

bool afmon_private_is_open(const struct afmon_private *private)
{
    return afmon_fd_is(private->run, &private->run_identity) && afmon_fd_is(private->folder, &private->folder_identity);
}

static bool is_empty(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    bool empty = entries != NULL;
    const struct dirent *entry;
    while (empty && (entry = readdir(entries)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, LOCK_FILE) == 0;
    if (entries != NULL)
        closedir(entries);
    else
        close_fd(&fd);
    return empty;
}

void afmon_private_remove_if_empty(struct afmon_private *private)
{
    if (is_empty(private->folder)) {
        /* Who waits for this lock finds it gone and begins again; who has made a new one keeps the folder. */
        (void)unlinkat(private->folder, LOCK_FILE, 0);
        (void)unlinkat(private->run, AFMON_PRIVATE_FOLDER, AT_REMOVEDIR);
    }
    afmon_private_unlock(private);
}

void afmon_private_close(struct afmon_private *private)
{
    close_fd(&private->lock);
    afmon_close_own(&private->folder, &private->folder_identity);
    afmon_close_own(&private->run, &private->run_identity);
}
