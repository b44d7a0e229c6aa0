#include "base/civil.h"

#include <pthread.h>
#include <time.h>

#define SECONDS_PER_DAY 86400

/* The C library takes a lock of its own in localtime_r and does not look after it in fork: a child that was forked
 * while another thread was in there waits for ever in its own first call. So at a fork none of our threads may be in
 * there. What is guarded is one a process, and so is this. */
static pthread_mutex_t zone_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t zone_once = PTHREAD_ONCE_INIT;

static void lock_zone(void)
{
    pthread_mutex_lock(&zone_lock);
}

static void unlock_zone(void)
{
    pthread_mutex_unlock(&zone_lock);
}

static void guard_forks(void)
{
    /* Fails only without memory; forks are then as safe as everybody else's. */
    (void)pthread_atfork(lock_zone, unlock_zone, unlock_zone);
}

int64_t afmon_local_offset_s(int64_t utc_s)
{
    struct tm local;
    time_t time = (time_t)utc_s;
    pthread_once(&zone_once, guard_forks);
    lock_zone();
    /* Loads the zone once (glibc, musl); tzset at each call would look at the zone's file again. */
    int64_t offset = localtime_r(&time, &local) == NULL ? 0 : local.tm_gmtoff;
    unlock_zone();
    return offset;
}

/* The first UTC second at which clocks show it, or the one that they would have shown. */
static int64_t first_utc(int64_t local_s)
{
    /* mktime would leave open which of two times it means, and what it does in a gap. */
    int64_t offset = afmon_local_offset_s(local_s);
    int64_t utc = local_s - offset;
    int64_t other_offset = afmon_local_offset_s(utc);
    bool fits = other_offset == offset;
    if (fits) {
        /* An earlier time that clocks show alike has the offset of the day before. */
        other_offset = afmon_local_offset_s(utc - SECONDS_PER_DAY);
        if (other_offset == offset)
            return utc;
    }
    int64_t other_utc = local_s - other_offset;
    if (afmon_local_offset_s(other_utc) == other_offset)
        return other_utc;
    if (fits)
        return utc;
    return utc > other_utc ? utc : other_utc;
}

int64_t afmon_utc_from_local(int64_t local_s, int64_t *again_s)
{
    int64_t utc = first_utc(local_s);
    int64_t offset = local_s - utc;
    /* A later time that clocks show alike has the offset of the day after. */
    int64_t later_offset = afmon_local_offset_s(utc + SECONDS_PER_DAY);
    bool twice = later_offset < offset && afmon_local_offset_s(utc) == offset &&
                 afmon_local_offset_s(local_s - later_offset) == later_offset;
    *again_s = twice ? offset - later_offset : 0;
    return utc;
}
