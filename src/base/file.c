#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

#define FOLDER_MODE 0777

int afmon_fd_above_standard(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int failure = errno;
    close(fd);
    errno = failure;
    return above;
}

int64_t afmon_file_written_ns(const struct stat *status)
{
#ifdef __APPLE__
    const struct timespec *written = &status->st_mtimespec;
#else
    const struct timespec *written = &status->st_mtim;
#endif
    return (int64_t)written->tv_sec * 1000000000 + written->tv_nsec;
}

int afmon_file_identify(int fd, struct afmon_file_identity *identity)
{
    struct stat status;
    *identity = (struct afmon_file_identity){0};
    if (fd < 0)
        return EBADF;
    if (fstat(fd, &status) != 0)
        return errno;
    identity->device = (uint64_t)status.st_dev;
    identity->inode = (uint64_t)status.st_ino;
    return 0;
}

bool afmon_file_is(const struct stat *status, const struct afmon_file_identity *identity)
{
    return (uint64_t)status->st_dev == identity->device && (uint64_t)status->st_ino == identity->inode;
}

bool afmon_fd_is(int fd, const struct afmon_file_identity *identity)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && afmon_file_is(&status, identity);
}

void afmon_close_own(int *fd, const struct afmon_file_identity *identity)
{
    if (*fd >= 0 && (identity->inode == 0 || afmon_fd_is(*fd, identity)))
        close(*fd);
    *fd = -1;
}

char *afmon_path_join(const char *folder, const char *name)
{
    size_t folder_length = strlen(folder);
    size_t name_length = strlen(name);
    bool slash = folder_length > 0 && folder[folder_length - 1] != '/';
    char *path = malloc(folder_length + slash + name_length + 1);
    if (path == NULL)
        return NULL;
    memcpy(path, folder, folder_length);
    if (slash)
        path[folder_length] = '/';
    memcpy(path + folder_length + slash, name, name_length + 1);
    return path;
}

char *afmon_path_absolute(const char *path)
{
    char *folder = path[0] != '/' ? getcwd(NULL, 0) : NULL;
    if (folder == NULL)
        return path[0] != '/' && errno == ENOMEM ? NULL : strdup(path);
    char *joined = afmon_path_join(folder, path);
    free(folder);
    return joined;
}

/* Creates one folder; 0 or errno. Whatever mkdir says, a folder that is there is fine (a mount point that may not be
 * written to says EROFS or EACCES). */
static int make_folder(const char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0)
        return 0;
    int refused = errno;
    struct stat there;
    if (stat(path, &there) != 0)
        return refused;
    return S_ISDIR(there.st_mode) ? 0 : ENOTDIR;
}

/* Creates path and its parents; path is written to and comes back as it was, but where a folder could not be made: then
 * it ends there. */
static int make_each_folder(char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/' || at[-1] == '/')
            continue;
        *at = '\0';
        int refused = make_folder(path);
        if (refused != 0)
            return refused;
        *at = '/';
    }
    return make_folder(path);
}

afmon_status afmon_make_folders(const char *path, afmon_error *error)
{
    if (path[0] == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "the folder's path is empty");
    char *copy = strdup(path);
    if (copy == NULL)
        return afmon_fail_memory(error);
    afmon_status status = AFMON_OK;
    int refused = make_each_folder(copy);
    if (refused != 0)
        status = afmon_fail_os(error, refused, "cannot create folder %s", copy);
    free(copy);
    return status;
}

int afmon_write_all(int fd, const void *data, size_t length, size_t *written)
{
    size_t done = 0;
    int refused = 0;
    while (done < length && refused == 0) {
        ssize_t landed = write(fd, (const char *)data + done, length - done);
        if (landed > 0)
            done += (size_t)landed;
        else if (landed == 0)
            refused = EIO;
        else if (errno != EINTR)
            refused = errno;
    }
    if (written != NULL)
        *written = done;
    return refused;
}

int afmon_write_at(int fd, const void *data, size_t length, off_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t landed = pwrite(fd, (const char *)data + done, length - done, offset + (off_t)done);
        if (landed > 0)
            done += (size_t)landed;
        else if (landed == 0)
            return EIO;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

int afmon_read_at(int fd, void *data, size_t length, off_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = pread(fd, (char *)data + done, length - done, offset + (off_t)done);
        if (got > 0)
            done += (size_t)got;
        else if (got == 0)
            return EIO;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

/* 0 or errno. */
static int read_to_end(int fd, size_t most, struct afmon_buffer *text)
{
    const size_t piece = (size_t)1 << 16;
    while (text->length <= most) {
        size_t wanted = most + 1 - text->length < piece ? most + 1 - text->length : piece;
        if (!afmon_buffer_reserve(text, wanted))
            return ENOMEM;
        ssize_t got = read(fd, afmon_buffer_end(text), wanted);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return errno;
        text->length += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

afmon_status afmon_file_text(const char *path, size_t most, struct afmon_buffer *text, afmon_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return afmon_fail_os(error, errno, "cannot read %s", path);
    int failure = read_to_end(fd, most, text);
    close(fd);
    if (failure == ENOMEM)
        return afmon_fail_memory(error);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot read %s", path);
}
