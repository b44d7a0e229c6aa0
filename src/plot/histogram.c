#include "plot/histogram.h"

#include <math.h>
#include <string.h>

#include "plot/numbers.h"

#define LEAST 12.0
#define MOST 80.0
#define ALONE 41 /* odd: the middle one holds the value */

void afmon_bars_choose(struct afmon_bars *bars, double low, double high, double quartiles, uint64_t samples)
{
    memset(bars, 0, sizeof *bars);
    double span = high - low;
    double largest = fmax(fabs(low), fabs(high));
    if (span <= largest * 1e-9) { /* one value: one bar around it, with room on both sides */
        bars->width = (largest < 1e-290 ? 1 : largest / 2) / ALONE;
        bars->low = low - bars->width * ALONE / 2;
        bars->count = ALONE;
        return;
    }
    double width = 2 * quartiles / cbrt((double)(samples > 0 ? samples : 1));
    width = fmin(fmax(width, span / MOST), span / LEAST);
    double step = afmon_nice_step(width);
    if (step > span / LEAST * 1.6) /* rounding up took too many bars */
        step = afmon_nice_step(width / 2.5);
    bars->width = step;
    bars->low = floor(low / step + 1e-9) * step;
    double count = ceil((high - bars->low) / step + 1e-9);
    bars->count = count < 1 ? 1 : count > AFMON_BARS_MAX ? AFMON_BARS_MAX : (size_t)count;
}

void afmon_bars_add(struct afmon_bars *bars, double value)
{
    if (!isfinite(value))
        return;
    double at = (value - bars->low) / bars->width;
    if (at < 0)
        bars->below++;
    else if (at >= (double)bars->count)
        bars->above++;
    else
        bars->in[(size_t)at]++;
}
