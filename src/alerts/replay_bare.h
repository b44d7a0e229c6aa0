/* Marked samples (catalog/bare.h) in a replay: they count only in passes whose window holds no other sample of their
 * metric. Such passes are known before the samples are gone through: all but the ranges that tracked samples are in. */
#ifndef AFMON_ALERTS_REPLAY_BARE_H
#define AFMON_ALERTS_REPLAY_BARE_H

#include <stdbool.h>
#include <stddef.h>

#include "alerts/passes.h"

/* Ranges of passes that hold a tracked sample: sorted, neither overlapping nor touching, once they are settled. */
struct afmon_cover_passes {
    struct afmon_pass_range *ranges;
    size_t count;
    size_t capacity;
    size_t settled; /* so many were left when they were settled last */
};

/* Adds a range; an empty one is nothing. False: no memory. */
bool afmon_cover_add(struct afmon_cover_passes *cover, struct afmon_pass_range range);

/* Puts the ranges in order. To be called before the next one is asked for. */
void afmon_cover_settle(struct afmon_cover_passes *cover);

/* The next part of a range that is not covered, from pass `from` on; hi < lo: there is none. */
struct afmon_pass_range afmon_cover_gap(const struct afmon_cover_passes *cover, struct afmon_pass_range range,
                                        int64_t from);

void afmon_cover_free(struct afmon_cover_passes *cover);

#endif
