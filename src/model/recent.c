#include "model/recent.h"

#include <stddef.h>

#define WIDTH_NS INT64_C(5000000000)

static int64_t number_of(int64_t time_ns)
{
    return time_ns / WIDTH_NS - (time_ns % WIDTH_NS < 0);
}

void afmon_recent_add(struct afmon_recent *recent, int64_t time_ns, bool failed)
{
    int64_t number = number_of(time_ns);
    int64_t place = number % AFMON_RECENT_BUCKETS;
    struct afmon_recent_bucket *bucket = &recent->buckets[place < 0 ? place + AFMON_RECENT_BUCKETS : place];
    if (bucket->calls > 0 && bucket->number > number)
        return; /* what took its place is five minutes newer */
    if (bucket->calls == 0 || bucket->number < number)
        *bucket = (struct afmon_recent_bucket){.number = number};
    bucket->calls++;
    bucket->failures += failed;
}

void afmon_recent_sum(const struct afmon_recent *recent, int64_t last_ns, uint64_t *calls, uint64_t *failures)
{
    int64_t last = number_of(last_ns);
    *calls = *failures = 0;
    for (size_t i = 0; i < AFMON_RECENT_BUCKETS; i++) {
        const struct afmon_recent_bucket *bucket = &recent->buckets[i];
        if (bucket->calls == 0 || bucket->number > last || bucket->number <= last - AFMON_RECENT_BUCKETS)
            continue;
        *calls += bucket->calls;
        *failures += bucket->failures;
    }
}
