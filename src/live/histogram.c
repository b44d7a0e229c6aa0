#include "live/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MANTISSA_BITS 5
#define SHIFT (52 - MANTISSA_BITS)
#define LEAST 0x1p-20
#define BASE ((uint64_t)(1023 - 20) << MANTISSA_BITS) /* what the leading bits of LEAST are */
#define ROOM 8                                        /* classes by which the span grows at least */

/* Class 0 is what is below LEAST. */
static unsigned class_of(double value)
{
    uint64_t bits;
    if (!(value >= LEAST))
        return 0;
    memcpy(&bits, &value, sizeof bits);
    uint64_t class = (bits >> SHIFT) - BASE + 1;
    return class < AFMON_HISTOGRAM_CLASSES ? (unsigned)class : AFMON_HISTOGRAM_CLASSES - 1;
}

static double edge_of(unsigned class)
{
    uint64_t bits = (BASE + class - 1) << SHIFT;
    double edge;
    memcpy(&edge, &bits, sizeof edge);
    return edge;
}

/* Makes the span reach from class low to class high. */
static bool reach(struct afmon_histogram *histogram, unsigned low, unsigned high)
{
    unsigned first = histogram->first;
    unsigned end = first + histogram->span;
    if (histogram->span > 0 && low >= first && high < end)
        return true;
    if (histogram->span == 0) {
        first = low;
        end = low;
    }
    unsigned new_first = low < first ? (low > ROOM ? low - ROOM : 0) : first;
    unsigned new_end = high >= end ? high + ROOM : end;
    if (new_end > AFMON_HISTOGRAM_CLASSES)
        new_end = AFMON_HISTOGRAM_CLASSES;
    uint32_t *counts = calloc(new_end - new_first, sizeof *counts);
    if (counts == NULL)
        return false;
    if (histogram->span > 0)
        memcpy(counts + (first - new_first), histogram->counts, histogram->span * sizeof *counts);
    free(histogram->counts);
    *histogram = (struct afmon_histogram){counts, (uint16_t)new_first, (uint16_t)(new_end - new_first)};
    return true;
}

static void add_count(uint32_t *count, uint32_t more)
{
    *count = *count > UINT32_MAX - more ? UINT32_MAX : *count + more;
}

bool afmon_histogram_add(struct afmon_histogram *histogram, double value)
{
    unsigned class = class_of(value);
    if (!reach(histogram, class, class))
        return false;
    add_count(&histogram->counts[class - histogram->first], 1);
    return true;
}

bool afmon_histogram_merge(struct afmon_histogram *into, const struct afmon_histogram *from)
{
    if (from->span == 0)
        return true;
    if (!reach(into, from->first, from->first + from->span - 1U))
        return false;
    for (unsigned i = 0; i < from->span; i++)
        add_count(&into->counts[from->first + i - into->first], from->counts[i]);
    return true;
}

void afmon_histogram_free(struct afmon_histogram *histogram)
{
    free(histogram->counts);
    *histogram = (struct afmon_histogram){0};
}

size_t afmon_histogram_bytes(const struct afmon_histogram *histogram)
{
    return histogram->span * sizeof histogram->counts[0];
}

/* Within a class values are taken to lie evenly. */
static double value_in(unsigned class, double part)
{
    if (class == 0)
        return 0;
    double low = edge_of(class);
    return low + (edge_of(class + 1) - low) * part;
}

double afmon_histogram_quantile(const struct afmon_histogram *histogram, double q, double min, double max)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < histogram->span; i++)
        total += histogram->counts[i];
    if (total == 0)
        return 0;
    double rank = q * (double)(total - 1);
    double before = 0;
    for (unsigned i = 0; i < histogram->span; i++) {
        double here = histogram->counts[i];
        if (here > 0 && rank < before + here) {
            double value = value_in(histogram->first + i, (rank - before + 0.5) / here);
            return fmax(min, fmin(max, value));
        }
        before += here;
    }
    return max;
}

double afmon_histogram_stddev(const struct afmon_histogram *histogram, double min, double max)
{
    double count = 0;
    double mean = 0;
    double squares = 0; /* as by Welford, a class at a time */
    for (unsigned i = 0; i < histogram->span; i++) {
        double here = histogram->counts[i];
        if (here == 0)
            continue;
        double value = fmax(min, fmin(max, value_in(histogram->first + i, 0.5)));
        double distance = value - mean;
        count += here;
        mean += distance * here / count;
        squares += distance * (value - mean) * here;
    }
    return count < 2 ? 0 : sqrt(squares / (count - 1));
}
