/* The values of a replay for rules that look at a quantile, which sums cannot give: by rule and segment of the time
 * line (alerts/passes.h), in bounded memory, given up as in a tally; and a window that slides over them. */
#ifndef AFMON_ALERTS_VALUES_H
#define AFMON_ALERTS_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "alerts/passes.h"

#define AFMON_REPLAY_VALUES_MAX ((size_t)1 << 21) /* 64 MiB; where one pass of the rules has more, it takes it */

struct afmon_replay_value {
    double value;
    int64_t lo; /* the passes that it is in */
    int64_t hi;
    uint32_t rule;
};

struct afmon_replay_values {
    struct afmon_replay_value *values;
    size_t count;
    size_t capacity;
    size_t most;
    int64_t base;
    int64_t last; /* the last pass that is complete; below base: not even one fits */
    bool failed;  /* no memory */
};

/* Begin with a zeroed one whose `most` is set. */
void afmon_replay_values_free(struct afmon_replay_values *values);

/* Forgets all. Of the values to come, those are wanted that are in a pass from base to last. */
void afmon_replay_values_begin(struct afmon_replay_values *values, int64_t base, int64_t last);
void afmon_replay_values_add(struct afmon_replay_values *values, size_t rule, struct afmon_pass_range range,
                             double value);

/* Puts them in order of rule and time, and finds those of a rule. */
void afmon_replay_values_sort(struct afmon_replay_values *values);
const struct afmon_replay_value *afmon_replay_values_of_rule(const struct afmon_replay_values *values, size_t rule,
                                                             size_t *count);

/* A window over the values of one rule: which of them are in it is kept by rank in a tree of sums (Fenwick), so that a
 * step costs the logarithm of their number. */
struct afmon_ranks {
    const struct afmon_replay_value *values; /* in order of time */
    size_t count;
    double *sorted;
    uint32_t *rank_of; /* by place in values: rank from 0 */
    uint32_t *tree;    /* from 1 */
    size_t begin;      /* the window is values [begin, end) */
    size_t end;
};

/* At most 2^32 - 2 values. False: no memory. */
bool afmon_ranks_init(struct afmon_ranks *ranks, const struct afmon_replay_value *values, size_t count);
void afmon_ranks_free(struct afmon_ranks *ranks);

/* Moves on to a pass, at or after the one before. */
void afmon_ranks_to(struct afmon_ranks *ranks, int64_t pass);

/* Quantile q of the window; 0 where it is empty. */
double afmon_ranks_quantile(const struct afmon_ranks *ranks, double q);

#endif
