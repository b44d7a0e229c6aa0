#include "base/thread.h"

#include <signal.h>
#include <string.h>

#define NAME_ROOM 16 /* the kernel's, NUL included */

/* A name that is too long is cut at the end of a character. Without a name the thread works as well. */
static void set_name(pthread_t thread, const char *name)
{
    char shown[NAME_ROOM];
    size_t length = strnlen(name, NAME_ROOM);
    if (length == NAME_ROOM) {
        length--;
        while (length > 0 && ((unsigned char)name[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(shown, name, length);
    shown[length] = '\0';
#ifdef __APPLE__ /* there a thread can only name itself */
    (void)thread;
#else
    (void)pthread_setname_np(thread, shown);
#endif
}

int afmon_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *user)
{
    static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t all, before;
    sigfillset(&all);
    /* what the thread itself does wrong: blocked, it would end the program past every handler */
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(thread, NULL, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0)
        set_name(*thread, name);
    return failure;
}
