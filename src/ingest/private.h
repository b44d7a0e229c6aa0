/* The private folder of a run folder, and its lock.
 *
 * Who creates, claims, recovers or removes sessions holds the write lock of `.afmon/lock`, a file that nobody may read
 * and that only those may open who may write here. So whoever may only look at a run cannot hold up a monitor, a forked
 * child or a recovery. */
#ifndef AFMON_INGEST_PRIVATE_H
#define AFMON_INGEST_PRIVATE_H

#include <stdbool.h>

#include "base/file.h"

#define AFMON_PRIVATE_FOLDER ".afmon"

struct afmon_private {
    int run;    /* the run folder */
    int folder; /* the private folder in it; -1: there is none */
    int lock;   /* its lock, held; -1: not held */
    struct afmon_file_identity run_identity;
    struct afmon_file_identity folder_identity;
    int unreadable; /* errno why it cannot be looked into: `.afmon` is a file or a link, and so nothing of ours, or
                       secret */
    bool read_only; /* the lock is not held, for nothing may be written here */
    bool lockless;  /* nor is it here: this file system has no locks */
};

/* Opens the run folder and what is private in it, and takes the lock. With create, the private folder is made where it
 * is not, and one that is unreadable or read-only is an error. Returns 0 or errno; to be closed, whatever it returns.
 */
int afmon_private_open(struct afmon_private *private, const char *folder, bool create);

/* Opens them to be read, without the lock, and whoever holds it. 0 or errno; to be closed, whatever it returns. */
int afmon_private_look(struct afmon_private *private, const char *folder);

/* Takes the lock of a private folder that is open. Returns 0 (also on a file system without locks) or errno: ESTALE
 * where the folder was removed meanwhile. */
int afmon_private_lock(struct afmon_private *private, double timeout_s);
void afmon_private_unlock(struct afmon_private *private);

/* Whether both folders' descriptors are still its own: something else in the program may have closed them. */
bool afmon_private_is_open(const struct afmon_private *private);

/* Removes the private folder where nothing but the lock is left in it. The lock is held, and is not afterwards. */
void afmon_private_remove_if_empty(struct afmon_private *private);

void afmon_private_close(struct afmon_private *private);

#endif
