#include "model/durations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/sorted.h"

#define LATEST 2048
#define EXPONENT_MIN 1.1
#define EXPONENT_MAX 8.0
#define SHORTEST_S 1e-6

double afmon_chance(struct afmon_chance *chance)
{
    chance->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = chance->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* The normal distribution's quantile, within 0.0005 (Hastings). */
static double normal_at(double p)
{
    double q = p < 0.5 ? p : 1 - p;
    double t = sqrt(-2 * log(q));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    return p < 0.5 ? -z : z;
}

double afmon_chance_normal(struct afmon_chance *chance, size_t one, size_t of)
{
    double p = afmon_chance(chance);
    return normal_at(one == SIZE_MAX ? p : ((double)one + p) / (double)of);
}

/* Of the longest tenth. */
static double exponent_of(const struct afmon_durations *d)
{
    size_t top = d->count / 10 < 8 ? 8 : d->count / 10;
    if (top >= d->count)
        return 2;
    return fmax(EXPONENT_MIN, fmin(EXPONENT_MAX, afmon_tail_exponent(d->sorted, d->count, top)));
}

/* Seconds on average where it is longer than all that ended: bounded, where the exponent has hardly a mean. */
static double mean_beyond(const struct afmon_durations *d, double at_least)
{
    double from = fmax(at_least, d->sorted[d->count - 1]);
    return from * fmin(3, d->exponent / (d->exponent - 1));
}

/* An open item's share goes to those that took longer than its age. */
static void weigh(struct afmon_durations *d, double *ages, size_t open_count)
{
    double share = 1 / (double)(d->count + open_count + 1);
    double square = 0;
    size_t open = 0;
    d->shorter[0] = 0;
    for (size_t i = 0; i < d->count; i++) {
        while (open < open_count && ages[open] < d->sorted[i]) {
            double longer = (double)(d->count - i + open_count - open) + 1;
            share *= longer / (longer - 1);
            open++;
        }
        d->shorter[i + 1] = d->shorter[i] + share;
        d->mean_s += share * d->sorted[i];
        square += share * d->sorted[i] * d->sorted[i];
    }
    double rest = 1 - d->shorter[d->count];
    double beyond = mean_beyond(d, 0);
    d->mean_s += rest * beyond;
    square += rest * beyond * beyond;
    d->spread = sqrt(fmax(0, square / (d->mean_s * d->mean_s) - 1));
}

bool afmon_durations_begin(struct afmon_durations *durations, const double *took_s, size_t count, const double *ages,
                           size_t open_count)
{
    size_t taken = count < LATEST ? count : LATEST;
    double *sorted_ages = malloc((open_count + 1) * sizeof(double));
    *durations = (struct afmon_durations){.sorted = malloc((taken + 1) * sizeof(double)),
                                          .shorter = malloc((taken + 1) * sizeof(double)),
                                          .count = taken};
    bool ok = sorted_ages != NULL && durations->sorted != NULL && durations->shorter != NULL;
    if (ok) {
        memcpy(sorted_ages, ages, open_count * sizeof(double));
        for (size_t i = 0; i < taken; i++)
            durations->sorted[i] = fmax(SHORTEST_S, took_s[count - taken + i]);
        qsort(durations->sorted, taken, sizeof(double), afmon_by_value);
        qsort(sorted_ages, open_count, sizeof(double), afmon_by_value);
        durations->exponent = exponent_of(durations);
        weigh(durations, sorted_ages, open_count);
    }
    free(sorted_ages);
    return ok;
}

void afmon_durations_free(struct afmon_durations *durations)
{
    free(durations->sorted);
    free(durations->shorter);
}

/* The last number of a rising list that is not above a value; the list begins with one that is not. */
static size_t place_in(const double *list, size_t count, double value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list[middle] > value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* One that takes longer: of those that were seen, or one beyond all of them. */
static double draw(const struct afmon_durations *d, size_t from, double at_least, double p, double beyond)
{
    double at = d->shorter[from] + p * (1 - d->shorter[from]);
    if (at >= d->shorter[d->count])
        return fmax(at_least, d->sorted[d->count - 1]) * pow(beyond, -1 / d->exponent);
    size_t rank = place_in(d->shorter, d->count + 1, at) - 1;
    double low = rank > from ? d->sorted[rank - 1] : fmax(at_least, rank > 0 ? d->sorted[rank - 1] : d->sorted[rank]);
    return low + (d->sorted[rank] - low) * (at - d->shorter[rank]) / (d->shorter[rank + 1] - d->shorter[rank]);
}

double afmon_durations_one(const struct afmon_durations *durations, struct afmon_chance *chance)
{
    double p = afmon_chance(chance);
    return draw(durations, 0, 0, p, afmon_chance(chance));
}

double afmon_durations_rest(const struct afmon_durations *durations, double age_s, struct afmon_chance *chance,
                            double common)
{
    size_t from = place_in(durations->sorted, durations->count, age_s);
    double p = afmon_chance(chance);
    double beyond = from == durations->count ? common : afmon_chance(chance);
    return fmax(0, draw(durations, from, age_s, p, beyond) - age_s);
}

double afmon_durations_mean_from(const struct afmon_durations *d, double age_s)
{
    size_t from = place_in(d->sorted, d->count, age_s);
    double sum = (1 - d->shorter[d->count]) * mean_beyond(d, age_s);
    for (size_t i = from; i < d->count; i++)
        sum += (d->shorter[i + 1] - d->shorter[i]) * d->sorted[i];
    return sum / (1 - d->shorter[from]);
}
