/* Which process this is, and whether a process of a session still lives. */
#ifndef AFMON_INGEST_IDENTITY_H
#define AFMON_INGEST_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct afmon_identity {
    int64_t pid;
    uint64_t start_time;    /* field 22 of /proc/PID/stat: a process number that is used again has another one */
    uint64_t pid_namespace; /* inode of /proc/self/ns/pid: process numbers mean nothing outside of it */
    char boot_id[40];       /* NUL ended */
};

/* This process. What cannot be found out is 0 or empty, and then proves nothing in afmon_identity_is_gone. */
void afmon_identity_self(struct afmon_identity *identity);

/* True only where it is certain that the process has ended: the same boot, the same process namespace, and the kernel
 * knows no such process. (Another boot may be another machine. /proc proves nothing: it may be hidden, and calls a
 * process whose first thread has ended a zombie.) */
bool afmon_identity_is_gone(const struct afmon_identity *identity);

#endif
