/* The passes of a replay on the time line, and the segments between their edges.
 *
 * Pass p (from 0) ends at t(p) = first + (p + 1) * interval, the last one at the last sample; its window reaches
 * back from t(p), both edges included. A sample of time s lies in the passes lo to hi, lo the first with t >= s, hi
 * the last with t - window <= s. Both grow with s. All samples with the same lo and hi can be summed up once: a
 * segment. Segments are numbered lo + hi + 1, which grows with time too and differs where lo or hi does. */
#ifndef AFMON_ALERTS_PASSES_H
#define AFMON_ALERTS_PASSES_H

#include <stdint.h>

struct afmon_passes {
    int64_t first_ns;
    uint64_t length_ns; /* last - first: it may not fit an int64_t */
    uint64_t interval_ns;
    uint64_t count;
};

/* last_ns at or after first_ns; interval_ns above 0. */
void afmon_passes_init(struct afmon_passes *passes, int64_t first_ns, int64_t last_ns, uint64_t interval_ns);

int64_t afmon_pass_time(const struct afmon_passes *passes, uint64_t pass);

/* The passes that a sample is in: lo to hi (none where hi < lo: between two windows). time_ns from first to last. Only
 * hi depends on the window. */
struct afmon_pass_range {
    int64_t lo;
    int64_t hi;
};
struct afmon_pass_range afmon_passes_of(const struct afmon_passes *passes, int64_t time_ns, uint64_t window_ns);

#endif
