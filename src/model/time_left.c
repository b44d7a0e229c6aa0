#include "model/time_left.h"

#include <math.h>
#include <stdlib.h>

#include "base/quantile.h"
#include "model/durations.h"
#include "model/pace.h"
#include "model/progress.h"
#include "model/sorted.h"

#define TRIES_MAX 240
#define TRIES_MIN 60
#define BLOCKS_WALKED 512
#define STEPS_MAX 60000 /* items that are made in all tries together */

struct trial {
    const struct afmon_durations *durations;
    const struct afmon_pace *pace;
    const struct afmon_progress *progress;
    uint64_t left;
    double *ends; /* heap of the slots' ends */
    size_t slots;
    size_t busy;
    struct afmon_chance chance;
};

/* ---- A heap: the next end first ---- */

static void push(struct trial *t, double end)
{
    size_t at = t->busy++;
    while (at > 0 && t->ends[(at - 1) / 2] > end) {
        t->ends[at] = t->ends[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    t->ends[at] = end;
}

static double pop(struct trial *t)
{
    double first = t->ends[0];
    double last = t->ends[--t->busy];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= t->busy)
            break;
        if (child + 1 < t->busy && t->ends[child + 1] < t->ends[child])
            child++;
        if (t->ends[child] >= last)
            break;
        t->ends[at] = t->ends[child];
        at = child;
    }
    t->ends[at] = last;
    return first;
}

/* ---- One way that it may go on ---- */

/* Until `count` more have counted: slots make one item after the other, as fast as the run's pace has it. */
static double play(struct trial *t, uint64_t count, double slower, bool overmakes)
{
    const struct afmon_pace *pace = t->pace;
    double at = 0;
    uint64_t counted = 0;
    t->busy = 0;
    double common = afmon_chance(&t->chance);
    for (size_t i = 0; i < t->progress->open_count; i++)
        push(t, afmon_durations_rest(t->durations, t->progress->ages[i], &t->chance, common));
    while (counted < count) {
        uint64_t missing = count - counted;
        while (t->busy < t->slots && (t->busy < missing || overmakes)) {
            push(t, at + slower * pace->stretch * afmon_durations_one(t->durations, &t->chance));
        }
        at = pop(t);
        counted += pace->yield >= 1 || afmon_chance(&t->chance) < pace->yield;
    }
    return at;
}

static double quantile(const double *sorted, size_t count, double q)
{
    struct afmon_quantile_place place = afmon_quantile_place(q, count);
    double high = sorted[place.rank + 1 < count ? place.rank + 1 : place.rank];
    return afmon_quantile_between(sorted[place.rank], high, place.fraction);
}

/* What a second of work at today's speed takes on average, in the run's past. */
static double mean_cost(const struct afmon_pace *pace, double steadied)
{
    double took = 0, went = 0;
    for (size_t i = 0; i < pace->block_count; i++) {
        took += pace->block_s + pace->stopped_s[i];
        went += pace->block_s * (1 + steadied * (pace->speeds[i] - 1));
    }
    return took / went;
}

/* The time that work takes which would take so long at today's speed: the run's past blocks follow in their order from
 * one of them on. */
static double walk_blocks(struct trial *t, double work_s, double steadied)
{
    const struct afmon_pace *pace = t->pace;
    double at = 0;
    size_t block = (size_t)(afmon_chance(&t->chance) * (double)pace->block_count);
    double rest = afmon_chance(&t->chance) * pace->block_s;
    while (work_s > 0) {
        double speed = 1 + steadied * (pace->speeds[block] - 1);
        double lasts = fmin(rest, work_s / speed);
        at += lasts;
        if (pace->stopped_s[block] > 0 && afmon_chance(&t->chance) < lasts / pace->block_s)
            at += pace->stopped_s[block];
        work_s -= lasts * speed;
        rest = pace->block_s;
        if (++block == pace->block_count)
            block = (size_t)(afmon_chance(&t->chance) * (double)pace->block_count);
    }
    return at;
}

/* The same; of more than BLOCKS_WALKED blocks in proportion, and less by chance, as it evens out. */
static double walk(struct trial *t, double work_s, double steadied)
{
    double most_s = BLOCKS_WALKED * t->pace->block_s;
    if (work_s <= most_s)
        return walk_blocks(t, work_s, steadied);
    double mean = mean_cost(t->pace, steadied);
    double off = walk_blocks(t, most_s, steadied) / (most_s * mean) - 1;
    return fmax(0, work_s * mean * (1 + off * sqrt(most_s / work_s)));
}

static bool overmakes(const struct trial *t, size_t one)
{
    if (t->pace->yield >= 1)
        return false;
    if (t->left > (uint64_t)(0.8 * (double)t->slots))
        return one % 2 == 0;
    return t->progress->open_count > t->left;
}

/* How long the stop goes on in which the run is: as those that were longer than it is yet, or, by a chance as large as
 * that of each of these, in proportion to it. */
static double rest_of_stop(struct trial *t)
{
    double stopped_s = t->progress->stopped_s;
    double longer = 1;
    double rest = stopped_s / afmon_chance(&t->chance) - stopped_s;
    for (size_t i = 0; stopped_s > 0 && i < t->progress->stop_count; i++) {
        double lasted_s = t->progress->stops[i].lasted_s;
        if (lasted_s > stopped_s && afmon_chance(&t->chance) < 1 / ++longer)
            rest = lasted_s - stopped_s;
    }
    return stopped_s > 0 ? rest : 0;
}

static void try_all(struct trial *t, struct afmon_time_left *left)
{
    const struct afmon_pace *pace = t->pace;
    double ends[TRIES_MAX];
    uint64_t most = (uint64_t)(3 * t->slots + 30);
    uint64_t played = t->left < most ? t->left : most;
    double steps = (double)played / pace->yield + (double)t->progress->open_count;
    size_t tries = (size_t)fmax(TRIES_MIN, fmin(TRIES_MAX, STEPS_MAX / steps));
    double bulk_s = (double)(t->left - played) / pace->per_s;
    for (size_t i = 0; i < tries; i++) {
        double slower = exp(pace->sigma * afmon_chance_normal(&t->chance, i, tries));
        double end = play(t, played, slower, overmakes(t, i));
        ends[i] = rest_of_stop(t) + walk(t, end, pace->steadied) + slower * walk(t, bulk_s, 1);
    }
    qsort(ends, tries, sizeof ends[0], afmon_by_value);
    *left =
        (struct afmon_time_left){quantile(ends, tries, 0.1), quantile(ends, tries, 0.5), quantile(ends, tries, 0.9)};
}

static bool try_it(const struct afmon_work *work, const struct afmon_progress *progress,
                   const struct afmon_durations *durations, struct afmon_time_left *left)
{
    struct afmon_pace pace = afmon_pace_of(progress, durations, work->left);
    struct trial t = {.durations = durations,
                      .pace = &pace,
                      .progress = progress,
                      .left = work->left,
                      .slots = (size_t)fmax(1, round(pace.slots)),
                      .chance = {UINT64_C(0x74696d65)}};
    size_t room = (progress->open_count > t.slots ? progress->open_count : t.slots) + 1;
    t.ends = malloc(room * sizeof *t.ends);
    if (t.ends == NULL)
        return false;
    try_all(&t, left);
    free(t.ends);
    return true;
}

bool afmon_time_left(const struct afmon_work *work, struct afmon_time_left *left)
{
    *left = (struct afmon_time_left){NAN, NAN, NAN};
    if (work->left == 0)
        *left = (struct afmon_time_left){0, 0, 0};
    if (work->left == 0 || work->made_count == 0)
        return true;
    struct afmon_progress progress;
    struct afmon_durations durations;
    if (!afmon_progress_begin(&progress, work))
        return false;
    bool ok = afmon_durations_begin(&durations, progress.took_s, progress.count, progress.ages, progress.open_count);
    if (ok && progress.counted > 0)
        ok = try_it(work, &progress, &durations, left);
    afmon_durations_free(&durations);
    afmon_progress_free(&progress);
    return ok;
}
