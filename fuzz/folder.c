#include "folder.h"

#include <errno.h>
#include <limits.h>

static char path[64];

static void empty(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    MUST(entries != NULL);
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        MUST(errno == EISDIR);
        empty(fd, entry->d_name);
        MUST(unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0);
    }
    closedir(entries);
}

static void remove_folder(void)
{
    fuzz_folder_clear();
    (void)rmdir(path);
}

const char *fuzz_folder(void)
{
    if (path[0] == '\0') {
        snprintf(path, sizeof path, "%s/afmon-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        MUST(mkdtemp(path) != NULL);
        (void)atexit(remove_folder);
    }
    return path;
}

void fuzz_folder_clear(void)
{
    empty(AT_FDCWD, fuzz_folder());
}

void fuzz_folder_write(const char *name, const void *data, size_t size, int flags)
{
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s/%s", fuzz_folder(), name);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    MUST(fd >= 0);
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)data + done, size - done);
        MUST(n > 0);
        done += (size_t)n;
    }
    close(fd);
}
