/* How positive values are spread: counts in classes 1/32 wide, so that the middle of a class is within 2 % of each
 * value in it. Only the span of classes that occur is kept. Where that is more than so many as there may be, two
 * neighbours become one, and so on: classes are then 1/16 wide (within 3 %), 1/8 (6 %) ... Adding and merging give the
 * same whatever the order, but for how wide classes have become. */
#ifndef AFMON_LIVE_HISTOGRAM_H
#define AFMON_LIVE_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes reach from 2^-20 (a microsecond, in seconds) to 2^24; what is below or above counts in the first or last. */
#define AFMON_HISTOGRAM_CLASSES 1409

/* Begin with a zeroed one. */
struct afmon_histogram {
    uint32_t *counts; /* of the classes from first on; they stop at UINT32_MAX */
    uint16_t first;
    uint16_t span;
    uint8_t shift; /* how often classes were merged */
};

/* most: so many classes at most are kept, at least 8. False: no memory; what is in the histogram stays. value is
 * finite.
 */
bool afmon_histogram_add(struct afmon_histogram *histogram, double value, unsigned most);
bool afmon_histogram_merge(struct afmon_histogram *into, const struct afmon_histogram *from, unsigned most);
void afmon_histogram_narrow(struct afmon_histogram *histogram, unsigned most);
void afmon_histogram_free(struct afmon_histogram *histogram);
size_t afmon_histogram_bytes(const struct afmon_histogram *histogram);

/* The value at quantile q (0..1), kept between min and max. 0 where the histogram is empty. */
double afmon_histogram_quantile(const struct afmon_histogram *histogram, double q, double min, double max);

/* The sample standard deviation, of the middles of the classes, likewise. 0 of fewer than two values. */
double afmon_histogram_stddev(const struct afmon_histogram *histogram, double min, double max);

#endif
