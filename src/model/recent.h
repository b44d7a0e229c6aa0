/* Calls of the last five minutes before the newest sample, for samples in any order of time. */
#ifndef AFMON_MODEL_RECENT_H
#define AFMON_MODEL_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#define AFMON_RECENT_BUCKETS 60 /* of 5 seconds */

struct afmon_recent_bucket {
    int64_t number;
    uint64_t calls;
    uint64_t failures;
};

/* Begin with a zeroed one. */
struct afmon_recent {
    struct afmon_recent_bucket buckets[AFMON_RECENT_BUCKETS];
};

void afmon_recent_add(struct afmon_recent *recent, int64_t time_ns, bool failed);

/* Those in the five minutes of whole buckets that end with the bucket of last_ns. */
void afmon_recent_sum(const struct afmon_recent *recent, int64_t last_ns, uint64_t *calls, uint64_t *failures);

#endif
