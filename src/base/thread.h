/* Threads of the library's own. */
#ifndef AFMON_BASE_THREAD_H
#define AFMON_BASE_THREAD_H

#include <pthread.h>

/* Starts a thread that takes no signals, for they are the program's, but those of its own faults (a mapped file that is
 * gone: ingest/guard.h), and that has a name (top -H, gdb, /proc), of which
 * the first 15 bytes are seen. 0 or errno. Any thread. */
int afmon_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *user);

#endif
