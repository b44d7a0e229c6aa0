#include "store/summary.h"

#include <math.h>

#include "store/batch.h"

void afmon_summary_add(struct afmon_summary *summary, double value)
{
    if (!isfinite(value)) {
        summary->not_finite++;
        return;
    }
    if (summary->count == 0 || value < summary->min)
        summary->min = value;
    if (summary->count == 0 || value > summary->max)
        summary->max = value;
    summary->count++;
    summary->sum += value;
    double difference = value - summary->mean;
    double count = (double)summary->count;
    /* Two doubles may be farther apart than the largest: their shares are not. */
    summary->mean += isfinite(difference) ? difference / count : value / count - summary->mean / count;
    summary->m2 += difference * (value - summary->mean);
}

void afmon_summary_merge(struct afmon_summary *into, const struct afmon_summary *from)
{
    uint64_t not_finite = into->not_finite + from->not_finite;
    if (into->count == 0) {
        *into = *from;
    } else if (from->count > 0) {
        double mine = (double)into->count;
        double theirs = (double)from->count;
        double difference = from->mean - into->mean;
        double share = theirs / (mine + theirs);
        into->m2 += from->m2 + difference * difference * mine * share;
        into->mean = isfinite(difference) ? into->mean + difference * share
                                          : into->mean * (mine / (mine + theirs)) + from->mean * share;
        into->sum += from->sum;
        into->count += from->count;
        into->min = fmin(into->min, from->min);
        into->max = fmax(into->max, from->max);
    }
    into->not_finite = not_finite;
}

void afmon_summary_complement(struct afmon_summary *summary)
{
    double min = summary->min;
    if (summary->count == 0)
        return;
    summary->sum = (double)summary->count - summary->sum;
    summary->mean = summary->sum / (double)summary->count;
    summary->min = 1 - summary->max;
    summary->max = 1 - min;
}

void afmon_summary_aggregate(const struct afmon_summary *summary, afmon_aggregate *aggregate)
{
    aggregate->count = summary->count;
    aggregate->not_finite = summary->not_finite;
    /* A sum that left a double's range on its way may have come back since, of which it knows nothing. */
    aggregate->sum = isfinite(summary->sum) ? summary->sum : summary->mean * (double)summary->count;
    aggregate->min = summary->min;
    aggregate->max = summary->max;
    aggregate->mean = afmon_between(summary->min, summary->mean, summary->max);
    aggregate->stddev = summary->count > 1 ? sqrt(summary->m2 / (double)(summary->count - 1)) : 0.0;
}

/* ---- Many values at once ---- */

/* Four sums side by side, so that one addition does not wait for the other. */
static double sum_of(const double *values, size_t count)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t lane = 0; lane < 4; lane++)
            sums[lane] += values[i + lane];
    }
    for (; i < count; i++)
        sums[0] += values[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static double squares_around(const double *values, size_t count, double mean)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t lane = 0; lane < 4; lane++)
            sums[lane] += (values[i + lane] - mean) * (values[i + lane] - mean);
    }
    for (; i < count; i++)
        sums[0] += (values[i] - mean) * (values[i] - mean);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void bounds_of(const double *values, size_t count, double *min, double *max)
{
    double low[2] = {values[0], values[0]};
    double high[2] = {values[0], values[0]};
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        for (size_t lane = 0; lane < 2; lane++) {
            low[lane] = values[i + lane] < low[lane] ? values[i + lane] : low[lane];
            high[lane] = values[i + lane] > high[lane] ? values[i + lane] : high[lane];
        }
    }
    if (i < count) {
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    *min = low[0] < low[1] ? low[0] : low[1];
    *max = high[0] > high[1] ? high[0] : high[1];
}

static void one_by_one(struct afmon_summary *summary, const double *values, size_t count)
{
    *summary = (struct afmon_summary){0};
    for (size_t i = 0; i < count; i++)
        afmon_summary_add(summary, values[i]);
}

void afmon_summary_of(struct afmon_summary *summary, const double *values, size_t count)
{
    *summary = (struct afmon_summary){0};
    if (count == 0)
        return;
    double sum = sum_of(values, count);
    bounds_of(values, count, &summary->min, &summary->max);
    double mean = afmon_between(summary->min, sum / (double)count, summary->max);
    double m2 = squares_around(values, count, mean);
    if (!isfinite(sum) || !isfinite(m2)) { /* a value that is not finite, or a sum out of range */
        one_by_one(summary, values, count);
        return;
    }
    summary->count = count;
    summary->sum = sum;
    summary->mean = mean;
    summary->m2 = m2;
}
