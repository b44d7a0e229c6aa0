/* Write locks of files, held by an open file description: they live as long as any descriptor of it is open, in
 * whatever process, and end with the last one.
 *
 * These are F_OFD_SETLK locks and not flock(2)'s, because anybody who can open a file at all can flock it: a write lock
 * of this kind needs a descriptor that may write. And F_OFD_GETLK tells of a lock without taking one, not even for a
 * moment. */
#ifndef AFMON_BASE_LOCK_H
#define AFMON_BASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Takes the write lock of the whole file, open for writing; tries now and then until timeout_s is over. 0, or errno
 * (EWOULDBLOCK on time-out). */
int afmon_lock_take(int fd, double timeout_s);

void afmon_lock_release(int fd);

/* The same of some bytes of it, which need not be there. */
int afmon_lock_take_bytes(int fd, int64_t start, int64_t length, double timeout_s);
void afmon_lock_release_bytes(int fd, int64_t start, int64_t length);

/* True for what afmon_lock_take says on a file system that has no locks. */
bool afmon_lock_is_impossible(int failure);

enum afmon_lock_state {
    AFMON_LOCK_FREE, /* also where somebody holds no more than a read lock */
    AFMON_LOCK_HELD,
    AFMON_LOCK_UNKNOWN, /* the file system cannot say */
};

/* Whether somebody else holds the write lock. Any descriptor will do. */
enum afmon_lock_state afmon_lock_look(int fd);
enum afmon_lock_state afmon_lock_look_bytes(int fd, int64_t start, int64_t length);

#endif
