#include "monitor/beside.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/private.h"

/* Whose real path is `path`? */
static bool is_same(const char *folder, const char *path)
{
    char real[PATH_MAX];
    return folder != NULL && realpath(folder, real) != NULL && strcmp(real, path) == 0;
}

const char *afmon_beside_folder(const struct afmon_core *core)
{
    const char *folder = getenv("AFMON_PROXY_RUN");
    bool named = folder != NULL && folder[0] == '/' && strlen(folder) < PATH_MAX - 64;
    return named && !is_same(core->monitor->log_dir, folder) ? folder : NULL;
}

void afmon_beside_tell(const struct afmon_core *core)
{
    char path[PATH_MAX], line[PATH_MAX + 1];
    const char *folder = afmon_beside_folder(core);
    if (folder == NULL || core->is_child || realpath(core->monitor->log_dir, line) == NULL ||
        strchr(line, '\n') != NULL)
        return;
    snprintf(path, sizeof path, "%s/" AFMON_PRIVATE_FOLDER "/" AFMON_BESIDE_NAME, folder);
    size_t length = strlen(line);
    line[length] = '\n';
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0)
        return;
    ssize_t written = write(fd, line, length + 1); /* a torn line names no folder */
    (void)written;
    close(fd);
}
