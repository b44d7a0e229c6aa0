/* Sums of a replay, by rule and segment of the time line (alerts/passes.h), in bounded memory.
 *
 * Samples may come in any order of time. Where there are more segments than fit, those of the later passes are given
 * up, and so are later samples of them: the replay comes back for them in another round. */
#ifndef AFMON_ALERTS_TALLY_H
#define AFMON_ALERTS_TALLY_H

#include "alerts/passes.h"
#include "store/summary.h"

/* Enough for every segment of five minutes of every built-in rule many times over, as long as passes are a second apart
 * or more. Where one pass of the rules needs more, a replay takes it. */
#define AFMON_TALLY_MAX ((size_t)1 << 18)

struct afmon_tally_entry {
    uint64_t key; /* rule, then segment */
    int64_t lo;   /* the passes that the segment is in */
    int64_t hi;
    struct afmon_summary summary;
};

struct afmon_tally; /* opaque */

/* most: how many segments (of all rules together) to hold, at least 16,384 and a power of two; rules: how many there
 * are, at most AFMON_MOST_RULES. NULL: no memory. */
struct afmon_tally *afmon_tally_new(size_t most, size_t rules);
void afmon_tally_free(struct afmon_tally *tally);

/* Makes room for twice as many; false: no memory. What it holds is forgotten: begin anew. */
bool afmon_tally_grow(struct afmon_tally *tally);

/* Forgets all. Of the samples to come, those are wanted that are in a pass from base to last. */
void afmon_tally_begin(struct afmon_tally *tally, int64_t base, int64_t last);

void afmon_tally_add(struct afmon_tally *tally, size_t rule, struct afmon_pass_range range, double value);

/* The last pass that is complete: what begin was given, or less; below base: not even one fits. */
int64_t afmon_tally_last(const struct afmon_tally *tally);

/* Puts the entries in order of rule and segment, and finds those of a rule. After it only afmon_tally_begin may be
 * called. Entries may be changed. */
void afmon_tally_sort(struct afmon_tally *tally);
struct afmon_tally_entry *afmon_tally_of_rule(struct afmon_tally *tally, size_t rule, size_t *count);

#endif
