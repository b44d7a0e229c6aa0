#include "base/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"

#define ATTEMPTS 100
#define NAME_SIZE 64

/* The folder of a path, in fresh memory; NULL: no memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static afmon_status check_place(const char *path, afmon_error *error)
{
    struct stat there;
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/')
        return afmon_fail(error, AFMON_E_ARGUMENT, "'%s' is no file name", path);
    if (stat(path, &there) != 0)
        return errno == ENOENT || errno == ENOTDIR ? AFMON_OK : afmon_fail_os(error, errno, "%s", path);
    if (S_ISDIR(there.st_mode))
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s is a folder; give the name of a file in it", path);
    if (!S_ISREG(there.st_mode))
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s is no regular file and is not replaced; give another name",
                          path);
    return AFMON_OK;
}

/* A name that nobody else takes, in the folder; open() decides. The mode is what the umask leaves of 0666. */
static afmon_status create(struct afmon_target *target, afmon_error *error)
{
    int refused = EEXIST;
    for (int i = 0; i < ATTEMPTS && refused == EEXIST; i++) {
        char name[NAME_SIZE];
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        snprintf(name, sizeof name, ".afmon-partial-%ld-%lld%09ld-%d", (long)getpid(), (long long)now.tv_sec,
                 now.tv_nsec, i);
        char *path = afmon_path_join(target->folder, name);
        if (path == NULL)
            return afmon_fail_memory(error);
        int fd = afmon_fd_above_standard(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        refused = fd >= 0 ? 0 : errno;
        if (fd >= 0) {
            close(fd);
            target->temporary = path;
        } else {
            free(path);
        }
    }
    return refused == 0 ? AFMON_OK : afmon_fail_os(error, refused, "creating a file in %s", target->folder);
}

afmon_status afmon_target_begin(struct afmon_target *target, const char *path, afmon_error *error)
{
    afmon_status status = check_place(path, error);
    if (status != AFMON_OK)
        return status;
    target->folder = folder_of(path);
    target->path = strdup(path);
    if (target->folder == NULL || target->path == NULL)
        return afmon_fail_memory(error);
    status = afmon_make_folders(target->folder, error);
    return status == AFMON_OK ? create(target, error) : status;
}

int afmon_target_open(const struct afmon_target *target, afmon_error *error)
{
    int fd = afmon_fd_above_standard(open(target->temporary, O_WRONLY | O_APPEND | O_CLOEXEC));
    if (fd < 0)
        afmon_fail_os(error, errno, "writing %s", target->path);
    return fd;
}

afmon_status afmon_target_append(const struct afmon_target *target, const void *data, size_t length, afmon_error *error)
{
    int fd = afmon_target_open(target, error);
    if (fd < 0)
        return AFMON_E_SYSTEM;
    int refused = afmon_write_all(fd, data, length, NULL);
    if (close(fd) != 0 && refused == 0)
        refused = errno;
    return refused == 0 ? AFMON_OK : afmon_fail_os(error, refused, "writing %s", target->path);
}

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int refused = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return refused;
}

afmon_status afmon_target_finish(struct afmon_target *target, afmon_error *error)
{
    int refused = sync_path(target->temporary, O_WRONLY);
    if (refused == 0 && rename(target->temporary, target->path) != 0)
        refused = errno;
    if (refused == 0) {
        free(target->temporary);
        target->temporary = NULL;
        sync_path(target->folder,
                  O_RDONLY | O_DIRECTORY); /* some file systems cannot; the file is there all the same */
    }
    return refused == 0 ? AFMON_OK : afmon_fail_os(error, refused, "writing %s", target->path);
}

void afmon_target_drop(struct afmon_target *target)
{
    if (target->temporary != NULL)
        unlink(target->temporary);
    free(target->temporary);
    free(target->folder);
    free(target->path);
    *target = (struct afmon_target){0};
}
