/* The GIL around waits of record calls, and around batches of handler calls. */
#include <time.h>

#include "module.h"

#define LONG_NS 5000000 /* so long at most a batch keeps the GIL: Python's own switch interval */

_Thread_local bool host_recording __attribute__((tls_model("initial-exec")));
static _Thread_local PyThreadState *waiting;
static _Thread_local PyGILState_STATE batch;
static _Thread_local int64_t batch_began_ns;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The library records by itself, too (reports of handlers, alerts): then this thread holds no GIL. */
static void wait_begin(void *user)
{
    (void)user;
    if (host_recording)
        waiting = PyEval_SaveThread();
}

static void wait_end(void *user)
{
    (void)user;
    if (host_recording)
        PyEval_RestoreThread(waiting);
}

static void batch_begin(void *user)
{
    (void)user;
    batch = PyGILState_Ensure();
    batch_began_ns = now_ns();
}

static void batch_end(void *user)
{
    (void)user;
    PyGILState_Release(batch);
}

/* A handler that is written in C never comes to where the interpreter lets others run. */
void host_breathe(void)
{
    if (now_ns() - batch_began_ns < LONG_NS)
        return;
    PyThreadState *state = PyEval_SaveThread();
    PyEval_RestoreThread(state);
    batch_began_ns = now_ns();
}

afmon_host_hooks host_hooks(void)
{
    return (afmon_host_hooks){
        .wait_begin = wait_begin, .wait_end = wait_end, .batch_begin = batch_begin, .batch_end = batch_end};
}
