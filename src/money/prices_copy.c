/* A copy of the prices, as they were given, beside what was made with them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "money/prices_internal.h"

#define ATTEMPTS 1000

/* Whether a file holds these bytes. */
static bool holds(const char *path, const struct afmon_buffer *text)
{
    struct stat status;
    char *data = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool same = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size == text->length;
    if (same)
        data = malloc(text->length + 1);
    same = data != NULL && afmon_read_at(fd, data, text->length, 0) == 0 && memcmp(data, text->data, text->length) == 0;
    free(data);
    if (fd >= 0)
        close(fd);
    return same;
}

/* 0 or errno. What could not be written whole is not left behind. */
static int write_new(const char *path, const struct afmon_buffer *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    int failure = afmon_write_all(fd, text->data, text->length, NULL);
    if (close(fd) != 0 && failure == 0)
        failure = errno;
    if (failure != 0)
        (void)unlink(path);
    return failure;
}

int afmon_prices_copy(const struct afmon_prices *prices, const char *folder, char name[AFMON_PRICES_NAME_SIZE])
{
    int failure = EEXIST;
    for (int i = 1; failure == EEXIST && i <= ATTEMPTS; i++) {
        if (i == 1)
            snprintf(name, AFMON_PRICES_NAME_SIZE, "prices.json");
        else
            snprintf(name, AFMON_PRICES_NAME_SIZE, "prices-%d.json", i);
        char *path = afmon_path_join(folder, name);
        if (path == NULL)
            return ENOMEM;
        failure = holds(path, &prices->text) ? 0 : write_new(path, &prices->text);
        free(path);
    }
    return failure;
}
