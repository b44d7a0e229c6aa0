/* How long items take, as those that ended took; drawn from, by a chance that is the same each time. */
#ifndef AFMON_MODEL_DURATIONS_H
#define AFMON_MODEL_DURATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct afmon_chance {
    uint64_t state;
};

/* Above 0, below 1. */
double afmon_chance(struct afmon_chance *chance);

/* Of the normal distribution: number `one` of `of`, in strata, so that few of them are spread as many would be.
 * one: SIZE_MAX: any. */
double afmon_chance_normal(struct afmon_chance *chance, size_t one, size_t of);

/* Of those that ended, and, as Kaplan and Meier have it, of those that are open: these take longer than their age. */
struct afmon_durations {
    double *sorted;  /* seconds */
    double *shorter; /* share of all items that takes less */
    size_t count;
    double mean_s;
    double spread;   /* their standard deviation, relative to the mean */
    double exponent; /* of the tail beyond the longest one */
};

/* The latest of the durations, which stand in order of their ends, and the ages of what is open. False: no memory. */
bool afmon_durations_begin(struct afmon_durations *durations, const double *took_s, size_t count, const double *ages,
                           size_t open_count);
void afmon_durations_free(struct afmon_durations *durations);

/* How long an item takes. */
double afmon_durations_one(const struct afmon_durations *durations, struct afmon_chance *chance);

/* How much longer one takes that is open for so long. common: a chance that all open ones share: those that are open
 * longer than any one took wait for the same thing. */
double afmon_durations_rest(const struct afmon_durations *durations, double age_s, struct afmon_chance *chance,
                            double common);

/* How long one takes in all, on average, that is open for so long. */
double afmon_durations_mean_from(const struct afmon_durations *durations, double age_s);

#endif
