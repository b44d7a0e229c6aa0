#include "store/turn.h"

#include <stdint.h>

#include "base/clock.h"

/* How long one looks again and again before one sleeps: to be woken up takes about as long. */
#define LOOK_NS 100000

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

bool afmon_turn_init(struct afmon_turn *turn)
{
    atomic_init(&turn->drawn, 0);
    atomic_init(&turn->serving, 0);
    atomic_init(&turn->sleepers, 0);
    if (pthread_mutex_init(&turn->mutex, NULL) != 0)
        return false;
    if (pthread_cond_init(&turn->served, NULL) == 0)
        return true;
    pthread_mutex_destroy(&turn->mutex);
    return false;
}

void afmon_turn_destroy(struct afmon_turn *turn)
{
    pthread_cond_destroy(&turn->served);
    pthread_mutex_destroy(&turn->mutex);
}

static bool look_for_a_while(struct afmon_turn *turn, unsigned number)
{
    int64_t until = 0;
    for (unsigned i = 1; atomic_load(&turn->serving) != number; i++) {
        relax();
        if (i % 64 != 0)
            continue;
        int64_t now = afmon_boot_ns();
        until = until == 0 ? now + LOOK_NS : until;
        if (now >= until)
            return false;
    }
    return true;
}

/* A sleeper is counted before it looks for the last time, and who leaves counts up before looking for sleepers: one of
 * the two sees the other. */
static void sleep_until_served(struct afmon_turn *turn, unsigned number)
{
    pthread_mutex_lock(&turn->mutex);
    atomic_fetch_add(&turn->sleepers, 1);
    while (atomic_load(&turn->serving) != number)
        pthread_cond_wait(&turn->served, &turn->mutex);
    atomic_fetch_sub(&turn->sleepers, 1);
    pthread_mutex_unlock(&turn->mutex);
}

void afmon_turn_take(struct afmon_turn *turn)
{
    unsigned number = atomic_fetch_add(&turn->drawn, 1);
    if (!look_for_a_while(turn, number))
        sleep_until_served(turn, number);
}

void afmon_turn_leave(struct afmon_turn *turn)
{
    atomic_fetch_add(&turn->serving, 1);
    if (atomic_load(&turn->sleepers) == 0)
        return;
    pthread_mutex_lock(&turn->mutex);
    pthread_cond_broadcast(&turn->served);
    pthread_mutex_unlock(&turn->mutex);
}

void afmon_turn_give_way(struct afmon_turn *turn)
{
    unsigned mine = atomic_load_explicit(&turn->serving, memory_order_relaxed);
    if (atomic_load_explicit(&turn->drawn, memory_order_relaxed) == mine + 1)
        return;
    afmon_turn_leave(turn);
    afmon_turn_take(turn);
}
