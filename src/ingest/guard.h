/* A guard of mapped files against faults.
 *
 * A store into a mapped page raises SIGBUS where the page is not there any more (the file was cut off, its disk is
 * gone) or cannot be had (a copy-on-write file system is full). That would end a program for being monitored. So the
 * guard takes the signal, in a mapping of ours and nowhere else, puts memory with the page's content in its place, and
 * lets the store go on. It is process-wide: the one thing in the library beside a thread's directory of rings that is
 * not inside a monitor. Every SIGBUS that is not ours goes where it would have gone without us. */
#ifndef AFMON_INGEST_GUARD_H
#define AFMON_INGEST_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct afmon_guarded;

/* True where a fault in the calling thread would come to the guard: its handler is in place, and the thread does not
 * block SIGBUS, for which the kernel ends a process. Puts the handler into place, once in a process's life. */
bool afmon_guard_is_ready(void);

/* Guards a mapping, until it is removed; NULL: no memory. alarm, if not NULL, is set to 0 by a fault, before the store
 * that faulted goes on. */
struct afmon_guarded *afmon_guard_add(void *begin, size_t length, _Atomic uint64_t *alarm);
void afmon_guard_remove(struct afmon_guarded *guarded);

/* How many pages of it are memory now, whether the first one is, and of how many of them the content is gone. */
uint64_t afmon_guard_moved(const struct afmon_guarded *guarded);
bool afmon_guard_moved_first(const struct afmon_guarded *guarded);
uint64_t afmon_guard_lost(const struct afmon_guarded *guarded);

#endif
