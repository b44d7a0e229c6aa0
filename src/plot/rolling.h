/* Samples gathered into slices of time, finer than a chart's pixels, and averages that roll over them. Pure functions:
 * memory does not grow with the samples, and samples may come in any order. */
#ifndef AFMON_PLOT_ROLLING_H
#define AFMON_PLOT_ROLLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_SLICES 4096

struct afmon_slice {
    uint64_t count; /* of finite values */
    double sum;
    double min;
    double max;
};

struct afmon_slices {
    int64_t first_us;
    double per_us; /* slices a microsecond */
    uint64_t count;
    uint64_t not_finite;
    double sum;
    struct afmon_slice list[AFMON_SLICES];
};

/* first_us before last_us. */
void afmon_slices_begin(struct afmon_slices *slices, int64_t first_us, int64_t last_us);

static inline size_t afmon_slice_of(const struct afmon_slices *slices, int64_t us)
{
    double at = (double)(us - slices->first_us) * slices->per_us;
    return at <= 0 ? 0 : at >= AFMON_SLICES ? AFMON_SLICES - 1 : (size_t)at;
}

void afmon_slices_add(struct afmon_slices *slices, int64_t us, double value);

/* One point of a line. x: 0 to 1 over the slices. */
struct afmon_point {
    double x;
    double y;
    bool begins; /* a new stretch, after a gap */
};

/* How many samples an average is taken of: `asked`, or about a hundredth of all, as 1, 2 or 5 times a power of ten. */
uint64_t afmon_rolling_window(uint64_t asked, uint64_t samples);

/* Samples that are this many slices or more apart have a gap between them: a fortieth of the chart, and eight times
 * what is usual. */
size_t afmon_gap_of(const struct afmon_slices *slices);

/* The average of the last `window` samples at each slice that has some; it begins anew behind a gap, with the
 * first average of a quarter of the window where there is one. points has room for AFMON_SLICES. Returns how many. */
size_t afmon_roll(const struct afmon_slices *slices, uint64_t window, struct afmon_point *points);

/* Leaves at most four points to a column of pixels (first, least, greatest, last), in place. columns: in 0 to 1.
 * Returns how many are left. */
size_t afmon_decimate(struct afmon_point *points, size_t count, size_t columns);

#endif
