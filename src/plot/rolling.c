#include "plot/rolling.h"

#include <math.h>
#include <string.h>

#include "plot/numbers.h"

#define GAP_MIN (AFMON_SLICES / 40)
#define GAP_USUAL 8
#define WARM_UP 4

void afmon_slices_begin(struct afmon_slices *slices, int64_t first_us, int64_t last_us)
{
    memset(slices, 0, sizeof *slices);
    slices->first_us = first_us;
    slices->per_us = (double)AFMON_SLICES / ((double)((uint64_t)last_us - (uint64_t)first_us) + 1);
}

void afmon_slices_add(struct afmon_slices *slices, int64_t us, double value)
{
    struct afmon_slice *slice = &slices->list[afmon_slice_of(slices, us)];
    if (!isfinite(value)) {
        slices->not_finite++;
        return;
    }
    slice->min = slice->count == 0 || value < slice->min ? value : slice->min;
    slice->max = slice->count == 0 || value > slice->max ? value : slice->max;
    slice->sum += value;
    slice->count++;
    slices->sum += value;
    slices->count++;
}

uint64_t afmon_rolling_window(uint64_t asked, uint64_t samples)
{
    uint64_t least = samples >= 100 ? (uint64_t)afmon_nice_step((double)samples / 100) : 1;
    return asked > least ? asked : least;
}

/* ---- Gaps ---- */

size_t afmon_gap_of(const struct afmon_slices *slices)
{
    uint32_t distances[AFMON_SLICES] = {0}; /* how often slices with samples are that far apart */
    size_t pairs = 0;
    size_t last = AFMON_SLICES;
    for (size_t i = 0; i < AFMON_SLICES; i++) {
        if (slices->list[i].count == 0)
            continue;
        if (last < i) {
            distances[i - last]++;
            pairs++;
        }
        last = i;
    }
    size_t usual = 0;
    for (size_t seen = 0; usual + 1 < AFMON_SLICES && seen * 10 < pairs * 9;)
        seen += distances[++usual];
    return usual * GAP_USUAL > GAP_MIN ? usual * GAP_USUAL : GAP_MIN;
}

/* ---- Averages ---- */

/* A queue of slices of which only ever sums are kept, nothing is subtracted: `after[i]` is the sum from slice i to the
 * middle, `back` that of the rest. */
struct roll {
    const struct afmon_slice *list;
    size_t begin;
    size_t middle;
    size_t end;
    uint64_t back_count;
    double back_sum;
    uint64_t after_count[AFMON_SLICES];
    double after_sum[AFMON_SLICES];
};

static uint64_t held(const struct roll *roll)
{
    return roll->back_count + (roll->begin < roll->middle ? roll->after_count[roll->begin] : 0);
}

static void turn_over(struct roll *roll)
{
    uint64_t count = 0;
    double sum = 0;
    for (size_t i = roll->end; i-- > roll->begin;) {
        count += roll->list[i].count;
        sum += roll->list[i].sum;
        roll->after_count[i] = count;
        roll->after_sum[i] = sum;
    }
    roll->middle = roll->end;
    roll->back_count = 0;
    roll->back_sum = 0;
}

static double roll_to(struct roll *roll, size_t index, uint64_t window)
{
    roll->back_count += roll->list[index].count;
    roll->back_sum += roll->list[index].sum;
    roll->end = index + 1;
    while (held(roll) - roll->list[roll->begin].count >= window) {
        if (roll->begin == roll->middle)
            turn_over(roll);
        roll->begin++;
    }
    if (roll->begin >= roll->middle)
        turn_over(roll);
    /* Of the oldest slice only so many samples belong to it, and their order is not known: its average stands for them.
     */
    const struct afmon_slice *oldest = &roll->list[roll->begin];
    uint64_t total = held(roll);
    uint64_t rest = total - oldest->count;
    double rest_sum = (roll->begin + 1 < roll->middle ? roll->after_sum[roll->begin + 1] : 0) + roll->back_sum;
    uint64_t of_oldest = total > window ? window - rest : oldest->count;
    double mean = oldest->count == 0 ? 0 : oldest->sum / (double)oldest->count;
    return (rest_sum + mean * (double)of_oldest) / (double)(rest + of_oldest);
}

static void restart(struct roll *roll, size_t index)
{
    roll->begin = roll->middle = roll->end = index;
    roll->back_count = 0;
    roll->back_sum = 0;
}

size_t afmon_roll(const struct afmon_slices *slices, uint64_t window, struct afmon_point *points)
{
    static const struct roll empty;
    struct roll roll = empty;
    size_t gap = afmon_gap_of(slices);
    size_t count = 0;
    size_t last = 0;
    roll.list = slices->list;
    for (size_t i = 0; i < AFMON_SLICES; i++) {
        if (slices->list[i].count == 0)
            continue;
        bool begins = count == 0 || i - last >= gap;
        if (begins)
            restart(&roll, i);
        double y = roll_to(&roll, i, window < 1 ? 1 : window);
        bool few = !begins && held(&roll) < window / WARM_UP;
        if (few) /* the first averages of a stretch would be noise: one of a quarter of the window stands for them */
            begins = points[--count].begins;
        points[count++] = (struct afmon_point){((double)i + 0.5) / AFMON_SLICES, y, begins};
        last = i;
    }
    return count;
}

/* ---- Fewer points ---- */

static size_t column_of(const struct afmon_point *point, size_t columns)
{
    return (size_t)(point->x * (double)columns);
}

/* Keeps of points from..to-1, all in one column and one stretch, what can be seen. */
static size_t keep_seen(struct afmon_point *points, size_t out, size_t from, size_t to)
{
    size_t least = from;
    size_t greatest = from;
    bool begins = points[from].begins;
    for (size_t i = from; i < to; i++) {
        least = points[i].y < points[least].y ? i : least;
        greatest = points[i].y > points[greatest].y ? i : greatest;
    }
    size_t kept = out;
    for (size_t i = from; i < to; i++) {
        if (i == from || i == to - 1 || i == least || i == greatest)
            points[kept++] = points[i];
    }
    points[out].begins = begins;
    return kept;
}

size_t afmon_decimate(struct afmon_point *points, size_t count, size_t columns)
{
    size_t out = 0;
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && !points[to].begins && column_of(&points[to], columns) == column_of(&points[from], columns))
            to++;
        out = keep_seen(points, out, from, to);
        from = to;
    }
    return out;
}
