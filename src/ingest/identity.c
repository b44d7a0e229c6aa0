#include "ingest/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

/* State letter and start time of a process; false where there is no such process. */
static bool process_status(int64_t pid, char *state, uint64_t *start_time)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    if (read_small(path, text, sizeof text) <= 0)
        return false;
    /* the name in parentheses may hold anything, so fields are counted from the last ')' */
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] != ' ')
        return false;
    at += 2;
    *state = *at;
    for (int field = 3; field < 22; field++) {
        at = strchr(at, ' ');
        if (at == NULL)
            return false;
        at++;
    }
    *start_time = strtoull(at, NULL, 10);
    return true;
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
    char state;
    if (!process_status(identity->pid, &state, &identity->start_time))
        identity->start_time = 0;
}

bool afmon_identity_is_gone(const struct afmon_identity *identity)
{
    struct afmon_identity self;
    afmon_identity_self(&self);
    if (self.boot_id[0] == '\0' || identity->boot_id[0] == '\0')
        return false;
    if (strncmp(self.boot_id, identity->boot_id, sizeof self.boot_id) != 0)
        return true;
    if (self.pid_namespace == 0 || self.pid_namespace != identity->pid_namespace || self.start_time == 0 ||
        identity->start_time == 0)
        return false;
    char state;
    uint64_t start_time;
    if (!process_status(identity->pid, &state, &start_time))
        return true;
    return start_time != identity->start_time || state == 'Z' || state == 'X';
}
