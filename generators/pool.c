#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { STACK_BYTES = 1 << 20 };

struct gen_pool {
    gen_pool_options options;
    _Atomic uint64_t next;
    atomic_uint running;
    unsigned started;
    pthread_t threads[];
};

static void *work(void *argument)
{
    gen_pool *pool = argument;
    const gen_pool_options *o = &pool->options;
    while (gen_stop_now(o->stop) == GEN_RUNNING) {
        uint64_t index = atomic_fetch_add(&pool->next, 1);
        if (index >= o->count)
            break;
        if (o->skip == NULL || !o->skip(o->user, index))
            o->run(o->user, index);
    }
    atomic_fetch_sub(&pool->running, 1);
    return NULL;
}

static void start_threads(gen_pool *pool, const pthread_attr_t *attributes)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return;
    for (unsigned i = 0; i < pool->options.threads; i++) {
        atomic_fetch_add(&pool->running, 1);
        if (pthread_create(&pool->threads[i], attributes, work, pool) != 0) {
            atomic_fetch_sub(&pool->running, 1);
            break;
        }
        (void)pthread_setname_np(pool->threads[i], "afmon-gen");
        pool->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

gen_pool *gen_pool_start(const gen_pool_options *options)
{
    gen_pool *pool = calloc(1, sizeof *pool + options->threads * sizeof pool->threads[0]);
    if (pool == NULL)
        return NULL;
    pool->options = *options;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) == 0) {
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        start_threads(pool, &attributes);
        pthread_attr_destroy(&attributes);
    }
    if (pool->started > 0)
        return pool;
    free(pool);
    return NULL;
}

unsigned gen_pool_threads(const gen_pool *pool)
{
    return pool->started;
}

bool gen_pool_finished(const gen_pool *pool)
{
    return atomic_load(&pool->running) == 0;
}

void gen_pool_join(gen_pool *pool)
{
    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
    free(pool);
}
