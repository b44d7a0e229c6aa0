/* A sum of doubles that does not depend on the order in which they were added, nor on how parts of it were merged.
 *
 * It is kept without a rounding error as a few doubles of which each is what rounding left of the ones before (the
 * expansions of Priest 1991 and Shewchuk 1997, as in Python's math.fsum): part[0] is the sum, correctly rounded,
 * part[1] what that left, correctly rounded, and so on. So equal sums have equal bits.
 *
 * Four parts are kept, which is more than 210 bits: what lies below is dropped. It never shows in the value of a sum of
 * ordinary data (seconds to a century in steps of a double's last bit, 2^64 of them, take 160 bits). It can where
 * values differ by a factor of more than 2^200 and the large ones then cancel each other out to the last bit.
 *
 * A sum beyond the largest double is kept, too, of up to 2^64 values. */
#ifndef AFMON_BASE_EXACT_SUM_H
#define AFMON_BASE_EXACT_SUM_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed: the sum of nothing. Only afmon_exact_sum_* look into it. */
struct afmon_exact_sum {
    double part[4];
};

/* value is finite. A few nanoseconds. */
void afmon_exact_sum_add(struct afmon_exact_sum *sum, double value);
/* The same as adding it so many times, and mostly as quick as once. */
void afmon_exact_sum_add_times(struct afmon_exact_sum *sum, double value, size_t times);
void afmon_exact_sum_merge(struct afmon_exact_sum *into, const struct afmon_exact_sum *from);

/* The sum, correctly rounded; an infinity where that is beyond a double. */
double afmon_exact_sum_value(const struct afmon_exact_sum *sum);

/* The sum over count, which is right also where the sum itself is beyond a double: never outside of what was added, and
 * exact where that was count times the same. 0 of nothing. */
double afmon_exact_sum_mean(const struct afmon_exact_sum *sum, uint64_t count);

#endif
