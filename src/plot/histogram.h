/* The bars of a distribution. Pure functions. */
#ifndef AFMON_PLOT_HISTOGRAM_H
#define AFMON_PLOT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define AFMON_BARS_MAX 128

struct afmon_bars {
    double low; /* of the first bar */
    double width;
    size_t count;
    uint64_t in[AFMON_BARS_MAX];
    uint64_t below; /* samples before the first bar, and behind the last one */
    uint64_t above;
};

/* Bars of a round width from low to high that tell most about `samples` values with this interquartile range (Freedman
 * and Diaconis 1981), at least 12 and at most 80 of them where values differ. */
void afmon_bars_choose(struct afmon_bars *bars, double low, double high, double quartiles, uint64_t samples);

void afmon_bars_add(struct afmon_bars *bars, double value); /* what is not finite is passed over */

#endif
