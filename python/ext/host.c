/* The GIL around waits of record calls, and around batches of handler calls. */
#include <time.h>

#include "module.h"

#define LONG_NS 5000000 /* so long at most a batch keeps the GIL: Python's own switch interval */

_Thread_local bool host_recording __attribute__((tls_model("initial-exec")));
_Thread_local bool host_waited __attribute__((tls_model("initial-exec")));
static _Thread_local bool has_queue; /* a thread's first wait is for the disk, where its queue is made */
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
    if (!host_recording)
        return;
    host_waited = has_queue;
    has_queue = true;
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

/* Whether an asyncio event loop runs in this thread. No exception. */
static bool runs_a_loop(void)
{
    PyObject *name = PyUnicode_FromString("asyncio.events");
    PyObject *events = name == NULL ? NULL : PyImport_GetModule(name); /* not imported: nobody runs one */
    PyObject *loop = events == NULL ? NULL : PyObject_CallMethod(events, "_get_running_loop", NULL);
    bool runs = loop != NULL && loop != Py_None;
    Py_XDECREF(loop);
    Py_XDECREF(events);
    Py_XDECREF(name);
    PyErr_Clear();
    return runs;
}

void host_tell_wait(struct monitor *self)
{
    static const char message[] =
        "A record call on the thread of an asyncio event loop waited for room in its full queue, and the loop with it. A "
        "larger ring_bytes takes longer bursts; with on_full='drop' no call waits, and what finds no room is counted.";
    afmon_stats stats;
    afmon_status status;
    host_waited = false;
    if (self->told_wait || !runs_a_loop())
        return;
    WITHOUT_GIL(status = afmon_monitor_stats(self->handle, &stats));
    if (status != AFMON_OK || stats.ring_waits == 0 || self->told_wait)
        return;
    self->told_wait = true;
    afmon_field fields[] = {
        {.key = "ring_waits", .type = AFMON_INT, .as.integer = (int64_t)stats.ring_waits},
        {.key = "ring_wait_s", .type = AFMON_DOUBLE, .as.number = stats.ring_wait_s},
    };
    host_recording = true;
    (void)afmon_log_warning(self->handle, message, fields, sizeof fields / sizeof fields[0]); /* where it fails, it is counted */
    host_recording = false;
    host_waited = false;
}

afmon_host_hooks host_hooks(void)
{
    return (afmon_host_hooks){
        .wait_begin = wait_begin, .wait_end = wait_end, .batch_begin = batch_begin, .batch_end = batch_end};
}
