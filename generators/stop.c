#include "stop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct gen_stop {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atomic_int phase;
};

static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool ok =
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return ok;
}

gen_stop *gen_stop_new(void)
{
    gen_stop *stop = calloc(1, sizeof *stop);
    if (stop == NULL)
        return NULL;
    if (pthread_mutex_init(&stop->mutex, NULL) != 0) {
        free(stop);
        return NULL;
    }
    if (!init_condition(&stop->changed)) {
        pthread_mutex_destroy(&stop->mutex);
        free(stop);
        return NULL;
    }
    return stop;
}

void gen_stop_free(gen_stop *stop)
{
    if (stop == NULL)
        return;
    pthread_cond_destroy(&stop->changed);
    pthread_mutex_destroy(&stop->mutex);
    free(stop);
}

void gen_stop_set(gen_stop *stop, gen_stop_phase phase)
{
    pthread_mutex_lock(&stop->mutex);
    if (atomic_load(&stop->phase) < (int)phase) {
        atomic_store(&stop->phase, (int)phase);
        pthread_cond_broadcast(&stop->changed);
    }
    pthread_mutex_unlock(&stop->mutex);
}

gen_stop_phase gen_stop_now(const gen_stop *stop)
{
    return stop == NULL ? GEN_RUNNING : (gen_stop_phase)atomic_load(&stop->phase);
}

static struct timespec after(double seconds)
{
    if (!(seconds > 0))
        seconds = 0;
    if (seconds > 1e6)
        seconds = 1e6;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + (int64_t)(seconds * 1e9);
    t.tv_sec += (time_t)(ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

bool gen_stop_sleep(gen_stop *stop, double seconds, gen_stop_phase phase)
{
    struct timespec until = after(seconds);
    int error = 0;
    pthread_mutex_lock(&stop->mutex);
    while (atomic_load(&stop->phase) < (int)phase && error == 0)
        error = pthread_cond_timedwait(&stop->changed, &stop->mutex, &until);
    bool slept = atomic_load(&stop->phase) < (int)phase;
    pthread_mutex_unlock(&stop->mutex);
    return slept;
}

int64_t gen_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

double gen_seconds_since(int64_t start_ns)
{
    return (double)(gen_now_ns() - start_ns) * 1e-9;
}
