/* How fast a run goes on, from what it did in blocks of its time. An item that took ten blocks went on by a tenth in
 * each. It is the number of open items by how fast each of them goes: of both the past is asked which part of it would
 * have told best so far what came next. */
#ifndef AFMON_MODEL_PACE_H
#define AFMON_MODEL_PACE_H

#include "model/durations.h"
#include "model/progress.h"

#define AFMON_PACE_BLOCKS 32

struct afmon_pace {
    double per_s;   /* that count */
    double slots;   /* items that are open at a time */
    double yield;   /* share of those that end that counts */
    double stretch; /* how much longer durations are than those that are drawn from, for the pace to be as it is */
    double sigma;   /* how far the logarithm of the pace may be off */
    /* The run's time so far in blocks: how fast each of them was, 1 being as fast as it is now. */
    size_t block_count;
    double block_s;
    double speeds[AFMON_PACE_BLOCKS];
    double stopped_s[AFMON_PACE_BLOCKS]; /* how long it stood still in each, beside block_s */
    double steadied; /* what is left of a block's deviation without the chance of single durations, 0..1 */
};

/* Of a run of which some item counted; `left` have to count yet. */
struct afmon_pace afmon_pace_of(const struct afmon_progress *progress, const struct afmon_durations *durations,
                                uint64_t left);

#endif
