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

static void add_count(uint32_t *count, uint32_t more)
{
    *count = *count > UINT32_MAX - more ? UINT32_MAX : *count + more;
}

/* Two classes become one. */
static void widen_classes(struct afmon_histogram *histogram)
{
    unsigned first = histogram->first >> 1;
    unsigned span = 0;
    for (unsigned i = 0; i < histogram->span; i++) {
        unsigned to = ((histogram->first + i) >> 1) - first;
        uint32_t count = histogram->counts[i];
        if (to == span) {
            histogram->counts[to] = 0;
            span++;
        }
        add_count(&histogram->counts[to], count);
    }
    histogram->first = (uint16_t)first;
    histogram->span = (uint16_t)span;
    histogram->shift++;
}

void afmon_histogram_narrow(struct afmon_histogram *histogram, unsigned most)
{
    if (histogram->span <= most)
        return;
    while (histogram->span > most)
        widen_classes(histogram);
    uint32_t *counts = realloc(histogram->counts, histogram->span * sizeof *counts);
    if (counts != NULL)
        histogram->counts = counts;
}

struct range {
    unsigned first;
    unsigned end; /* the same: none */
};

static struct range range_of(const struct afmon_histogram *histogram)
{
    return (struct range){histogram->first, (unsigned)histogram->first + histogram->span};
}

/* Without the room that nothing has come into. */
static struct range used_range(const struct afmon_histogram *histogram)
{
    struct range used = range_of(histogram);
    while (used.first < used.end && histogram->counts[used.first - histogram->first] == 0)
        used.first++;
    while (used.first < used.end && histogram->counts[used.end - 1 - histogram->first] == 0)
        used.end--;
    return used;
}

static struct range join(struct range a, struct range b)
{
    if (a.first == a.end)
        return b;
    return (struct range){a.first < b.first ? a.first : b.first, a.end > b.end ? a.end : b.end};
}

/* What is used lies within the new range. */
static bool move_to(struct afmon_histogram *histogram, struct range to)
{
    struct range used = used_range(histogram);
    uint32_t *counts = calloc(to.end - to.first, sizeof *counts);
    if (counts == NULL)
        return false;
    if (used.first < used.end)
        memcpy(counts + (used.first - to.first), histogram->counts + (used.first - histogram->first),
               (used.end - used.first) * sizeof *counts);
    free(histogram->counts);
    *histogram = (struct afmon_histogram){counts, (uint16_t)to.first, (uint16_t)(to.end - to.first), histogram->shift};
    return true;
}

/* Some room on the side where it grows. */
static struct range with_room(const struct afmon_histogram *histogram, struct range range, unsigned most)
{
    unsigned classes = ((unsigned)AFMON_HISTOGRAM_CLASSES >> histogram->shift) + 1;
    unsigned room = most - (range.end - range.first);
    room = room < ROOM ? room : ROOM;
    if (histogram->span == 0 || range.first < histogram->first) {
        unsigned before = range.first < room ? range.first : room;
        range.first -= before;
        room -= before;
    }
    if (range.end < classes)
        range.end += classes - range.end < room ? classes - range.end : room;
    return range;
}

/* Makes the span reach from class low to class high, which are those of before classes were merged. */
static bool reach(struct afmon_histogram *histogram, unsigned low, unsigned high, unsigned most)
{
    for (;; widen_classes(histogram)) {
        struct range wanted = {low >> histogram->shift, (high >> histogram->shift) + 1};
        struct range now = range_of(histogram);
        if (histogram->span > 0 && wanted.first >= now.first && wanted.end <= now.end)
            return true;
        struct range both = join(used_range(histogram), wanted);
        if (both.end - both.first <= most)
            return move_to(histogram, with_room(histogram, both, most));
    }
}

bool afmon_histogram_add(struct afmon_histogram *histogram, double value, unsigned most)
{
    unsigned class = class_of(value);
    if (!reach(histogram, class, class, most))
        return false;
    add_count(&histogram->counts[(class >> histogram->shift) - histogram->first], 1);
    return true;
}

bool afmon_histogram_merge(struct afmon_histogram *into, const struct afmon_histogram *from, unsigned most)
{
    struct range used = used_range(from);
    if (used.first == used.end)
        return true;
    while (into->shift < from->shift)
        widen_classes(into);
    if (!reach(into, used.first << from->shift, (used.end - 1) << from->shift, most))
        return false;
    unsigned shift = (unsigned)into->shift - from->shift;
    for (unsigned class = used.first; class < used.end; class ++)
        add_count(&into->counts[(class >> shift) - into->first], from->counts[class - from->first]);
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
static double value_in(const struct afmon_histogram *histogram, unsigned index, double part)
{
    unsigned class = (histogram->first + index) << histogram->shift;
    if (class == 0 && histogram->shift == 0)
        return 0;
    double low = class == 0 ? 0 : edge_of(class);
    return low + (edge_of(class + (1U << histogram->shift)) - low) * part;
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
            double value = value_in(histogram, i, (rank - before + 0.5) / here);
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
        double value = fmax(min, fmin(max, value_in(histogram, i, 0.5)));
        double distance = value - mean;
        count += here;
        mean += distance * here / count;
        squares += distance * (value - mean) * here;
    }
    return count < 2 ? 0 : sqrt(squares / (count - 1));
}
