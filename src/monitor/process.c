/* One core for each process. */
#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "base/status.h"
#include "monitor/family.h"
#include "monitor/listen.h"
#include "money/ledger.h"

#define RETRY_NS INT64_C(1000000000)

/* A forked child's first call: makes it a core of its own, in files of its own. */
static void be_born(afmon_monitor *monitor)
{
    struct afmon_core *ancestor = atomic_load_explicit(&monitor->core, memory_order_acquire);
    struct afmon_core *core = NULL;
    if (ancestor != NULL && ancestor->has_session)
        afmon_session_abandon(&ancestor->session);
    if (ancestor != NULL) {
        afmon_run_files_close(&ancestor->files);
        afmon_listen_abandon(ancestor);
        afmon_ledger_abandon(ancestor->ledger);
    }
    afmon_error error;
    afmon_status status = afmon_core_open(monitor, &core, &error);
    if (status != AFMON_OK) {
        if (monitor->birth_error.status == AFMON_OK)
            monitor->birth_error = error; /* the first reason stays: other threads may be reading it */
        atomic_store_explicit(&monitor->birth_again_ns, afmon_boot_ns() + RETRY_NS, memory_order_relaxed);
        atomic_store_explicit(&monitor->page->process.state, AFMON_PROCESS_FAILED, memory_order_release);
        return;
    }
    core->ancestor = ancestor;
    afmon_family_join(core);
    afmon_core_publish(monitor, core);
}

static uint32_t settled_state(afmon_monitor *monitor)
{
    struct afmon_process_page *page = &monitor->page->process;
    uint32_t state = atomic_load_explicit(&page->state, memory_order_acquire);
    bool due = state == AFMON_PROCESS_NEW ||
               (state == AFMON_PROCESS_FAILED &&
                afmon_boot_ns() >= atomic_load_explicit(&monitor->birth_again_ns, memory_order_relaxed));
    if (due && atomic_compare_exchange_strong(&page->state, &state, AFMON_PROCESS_BIRTH)) {
        be_born(monitor);
        state = AFMON_PROCESS_BIRTH;
    }
    while (state == AFMON_PROCESS_NEW || state == AFMON_PROCESS_BIRTH) {
        state = atomic_load_explicit(&page->state, memory_order_acquire);
        if (state == AFMON_PROCESS_BIRTH) {
            struct timespec a_moment = {.tv_nsec = 200000}; /* another thread is at it, with files to open */
            nanosleep(&a_moment, NULL);
        }
    }
    return state;
}

struct afmon_core *afmon_core_here(afmon_monitor *monitor, afmon_status *status)
{
    uint32_t state = settled_state(monitor);
    if (state == AFMON_PROCESS_FAILED) {
        *status = monitor->birth_error.status;
        return NULL;
    }
    *status = state == AFMON_PROCESS_CLOSED ? AFMON_E_CLOSED : AFMON_OK;
    return atomic_load_explicit(&monitor->core, memory_order_acquire);
}
