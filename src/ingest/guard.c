#include "ingest/guard.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK 64

struct afmon_guarded {
    _Atomic uintptr_t begin; /* 0: free; TAKEN: being filled */
    _Atomic uintptr_t end;
    _Atomic int64_t process; /* a forked child has not got the mapping */
    _Atomic uint64_t *_Atomic alarm;
    _Atomic uint64_t moved;
    _Atomic uint64_t lost;
    atomic_bool moved_first;
    atomic_flag busy;
};

#define TAKEN ((uintptr_t)1)

/* Never freed: the handler may be looking. */
struct block {
    struct afmon_guarded entries[BLOCK];
    struct block *next;
};

static struct block *_Atomic blocks;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction previous; /* written before the handler can run */
static size_t page_size;

/* ---- the handler: nothing but what may be done in one ---- */

static struct afmon_guarded *find(uintptr_t address)
{
    for (struct block *block = atomic_load_explicit(&blocks, memory_order_acquire); block != NULL;
         block = block->next) {
        for (size_t i = 0; i < BLOCK; i++) {
            struct afmon_guarded *guarded = &block->entries[i];
            uintptr_t begin = atomic_load_explicit(&guarded->begin, memory_order_acquire);
            if (begin > TAKEN && address >= begin &&
                address < atomic_load_explicit(&guarded->end, memory_order_relaxed) &&
                atomic_load_explicit(&guarded->process, memory_order_relaxed) == (int64_t)getpid())
                return guarded;
        }
    }
    return NULL;
}

/* Another thread was here first, or the reason has gone. */
static bool can_be_written(void *page)
{
#ifdef MADV_POPULATE_WRITE
    return madvise(page, page_size, MADV_POPULATE_WRITE) == 0;
#else
    (void)page;
    return false;
#endif
}

/* What of a page can still be read comes along: read by the kernel, which has an error where we had a fault. */
static bool put_memory(struct afmon_guarded *guarded, void *page)
{
    void *fresh = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED)
        return false;
    (void)madvise(fresh, page_size, MADV_DONTFORK);
    struct iovec to = {fresh, page_size};
    struct iovec from = {page, page_size};
    bool whole = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)page_size;
    if (mremap(fresh, page_size, page_size, MREMAP_MAYMOVE | MREMAP_FIXED, page) == MAP_FAILED) {
        munmap(fresh, page_size);
        return false;
    }
    if ((uintptr_t)page == atomic_load_explicit(&guarded->begin, memory_order_relaxed))
        atomic_store_explicit(&guarded->moved_first, true, memory_order_relaxed);
    if (!whole)
        atomic_fetch_add_explicit(&guarded->lost, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&guarded->moved, 1, memory_order_release);
    _Atomic uint64_t *alarm = atomic_load_explicit(&guarded->alarm, memory_order_relaxed);
    if (alarm != NULL)
        atomic_store_explicit(alarm, 0, memory_order_relaxed);
    return true;
}

static bool take(uintptr_t address)
{
    struct afmon_guarded *guarded = find(address);
    if (guarded == NULL)
        return false;
    void *page = (void *)(address & ~(uintptr_t)(page_size - 1)); /* NOLINT */
    while (atomic_flag_test_and_set_explicit(&guarded->busy, memory_order_acquire))
        sched_yield();
    bool taken = can_be_written(page) || put_memory(guarded, page);
    atomic_flag_clear_explicit(&guarded->busy, memory_order_release);
    return taken;
}

/* As if we were not here. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
    bool sent = info->si_code <= 0; /* by kill(2) and the like: it does not come again by itself */
    if ((previous.sa_flags & SA_SIGINFO) != 0) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else if (previous.sa_handler == SIG_DFL || !sent) {
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        sigaction(signal, &fatal, NULL);
        if (sent)
            raise(signal);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    int keep = errno;
    if (info->si_code <= 0 || !take((uintptr_t)info->si_addr))
        pass_on(signal, info, context);
    errno = keep;
}

/* ---- the rest ---- */

static void install(void)
{
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, &previous);
}

bool afmon_guard_is_ready(void)
{
    sigset_t blocked;
    struct sigaction now;
    pthread_once(&once, install);
    return pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, SIGBUS) == 0 &&
           sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault;
}

static struct afmon_guarded *claim(struct block *block)
{
    for (size_t i = 0; i < BLOCK; i++) {
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong(&block->entries[i].begin, &none, TAKEN))
            return &block->entries[i];
    }
    return NULL;
}

static struct afmon_guarded *claim_any(void)
{
    struct afmon_guarded *guarded = NULL;
    struct block *first = atomic_load_explicit(&blocks, memory_order_acquire);
    for (struct block *block = first; block != NULL && guarded == NULL; block = block->next)
        guarded = claim(block);
    if (guarded != NULL)
        return guarded;
    struct block *more = calloc(1, sizeof *more);
    if (more == NULL)
        return NULL;
    guarded = claim(more);
    more->next = first;
    while (!atomic_compare_exchange_weak(&blocks, &more->next, more))
        ;
    return guarded;
}

struct afmon_guarded *afmon_guard_add(void *begin, size_t length, _Atomic uint64_t *alarm)
{
    struct afmon_guarded *guarded = claim_any();
    if (guarded == NULL)
        return NULL;
    atomic_store_explicit(&guarded->moved, 0, memory_order_relaxed);
    atomic_store_explicit(&guarded->lost, 0, memory_order_relaxed);
    atomic_store_explicit(&guarded->moved_first, false, memory_order_relaxed);
    atomic_store_explicit(&guarded->alarm, alarm, memory_order_relaxed);
    atomic_flag_clear(&guarded->busy);
    atomic_store_explicit(&guarded->process, (int64_t)getpid(), memory_order_relaxed);
    atomic_store_explicit(&guarded->end, (uintptr_t)begin + length, memory_order_relaxed);
    atomic_store_explicit(&guarded->begin, (uintptr_t)begin, memory_order_release);
    return guarded;
}

void afmon_guard_remove(struct afmon_guarded *guarded)
{
    atomic_store_explicit(&guarded->begin, 0, memory_order_release);
}

uint64_t afmon_guard_moved(const struct afmon_guarded *guarded)
{
    return atomic_load_explicit(&guarded->moved, memory_order_acquire);
}

bool afmon_guard_moved_first(const struct afmon_guarded *guarded)
{
    return atomic_load_explicit(&guarded->moved_first, memory_order_acquire);
}

uint64_t afmon_guard_lost(const struct afmon_guarded *guarded)
{
    return atomic_load_explicit(&guarded->lost, memory_order_acquire);
}
