#include "ingest/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads a small file of /proc as text; the length, or -1. */
static ssize_t read_small(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length;
    do
        length = read(fd, out, size - 1);
    while (length < 0 && errno == EINTR);
    close(fd);
    out[length < 0 ? 0 : length] = '\0';
    return length;
}

/* Field 22 of /proc/PID/stat; 0 where it cannot be read. */
static uint64_t start_time_of(int64_t pid)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    if (read_small(path, text, sizeof text) <= 0)
        return 0;
    /* the name in parentheses may hold anything, so fields are counted from the last ')' */
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] != ' ')
        return 0;
    at += 2;
    for (int field = 3; field < 22; field++) {
        at = strchr(at, ' ');
        if (at == NULL)
            return 0;
        at++;
    }
    return strtoull(at, NULL, 10);
}

static void read_boot_id(char *out, size_t size)
{
    if (read_small("/proc/sys/kernel/random/boot_id", out, size) < 0)
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static uint64_t own_pid_namespace(void)
{
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? (uint64_t)status.st_ino : 0;
}

void afmon_identity_self(struct afmon_identity *identity)
{
    memset(identity, 0, sizeof *identity);
    identity->pid = getpid();
    identity->pid_namespace = own_pid_namespace();
    read_boot_id(identity->boot_id, sizeof identity->boot_id);
    identity->start_time = start_time_of(identity->pid);
}

bool afmon_identity_is_gone(const struct afmon_identity *identity)
{
    char boot_id[sizeof identity->boot_id];
    read_boot_id(boot_id, sizeof boot_id);
    if (boot_id[0] == '\0' || strncmp(boot_id, identity->boot_id, sizeof boot_id) != 0)
        return false;
    uint64_t pid_namespace = own_pid_namespace();
    if (pid_namespace == 0 || pid_namespace != identity->pid_namespace || identity->pid <= 0 ||
        identity->pid > INT32_MAX)
        return false;
    return kill((pid_t)identity->pid, 0) != 0 && errno == ESRCH;
}
