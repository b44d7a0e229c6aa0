#include "model/pace.h"

#include <math.h>

#define BLOCKS AFMON_PACE_BLOCKS
/* A shorter window has to tell so much better than a longer one to be taken: by the number of open items, which changes
 * at once and for good, and by how fast each of them goes, which varies by chance. */
#define PREFER_OPEN 0.8
#define PREFER_RATE 0.4
#define DRIFT 0.12 /* of the pace of a run whose end is far, beyond what its past shows; docs/decisions.md */
#define SLOWEST 0.02
#define YIELD_MIN 0.02 /* where less counts, an open item stands for some of them */

struct blocks {
    size_t count;
    double wide_s;
    double went[BLOCKS]; /* items that count, by parts */
    double open[BLOCKS]; /* items that were open, on average */
};

static void spread(struct blocks *b, double from_s, double to_s, double total_s, double weight)
{
    size_t first = (size_t)fmin((double)b->count - 1, fmax(0, from_s / b->wide_s));
    for (size_t i = first; i < b->count; i++) {
        double begin = (double)i * b->wide_s;
        double part = fmin(to_s, begin + b->wide_s) - fmax(from_s, begin);
        if (part <= 0)
            break;
        b->went[i] += weight * part / total_s;
        b->open[i] += part / b->wide_s;
    }
}

static struct blocks blocks_of(const struct afmon_progress *p, const struct afmon_durations *d, double yield)
{
    struct blocks b = {.count = p->count / 4 < 4 ? 4 : p->count / 4 < BLOCKS ? p->count / 4 : BLOCKS};
    b.wide_s = p->now_s / (double)b.count;
    for (size_t i = 0; i < p->count; i++)
        spread(&b, p->began_s[i], p->ended_s[i], p->took_s[i], p->counts[i] ? 1 : 0);
    for (size_t i = 0; i < p->open_count; i++)
        spread(&b, p->now_s - p->ages[i], p->now_s, fmax(p->ages[i], afmon_durations_mean_from(d, p->ages[i])), yield);
    return b;
}

static double mean_of(const double *values, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += values[i];
    return sum / (double)(to - from);
}

static double share(double part, double all)
{
    return all > 0 ? part / all : 1;
}

/* ---- Which part of its past tells how it goes on ---- */

/* A figure over blocks: the sum of parts by the sum of wholes. */
struct level {
    const double *part;
    const double *whole; /* NULL: blocks */
    size_t count;
};

static double level_in(const struct level *level, size_t from, size_t to)
{
    double part = mean_of(level->part, from, to);
    return level->whole != NULL ? share(part, mean_of(level->whole, from, to)) : part;
}

/* The mean square by which the latest `window` blocks would have been off, at each block, for those behind it. */
static double score(const struct level *level, size_t window)
{
    double sum = 0;
    size_t tried = 0;
    for (size_t at = 1; at < level->count; at++) {
        size_t ahead = at / 2 > 1 ? at / 2 : 1;
        size_t to = at + ahead < level->count ? at + ahead : level->count;
        double said = level_in(level, at > window ? at - window : 0, at);
        double was = level_in(level, at, to);
        if (said > 0 && was > 0) {
            double off = log(said / was);
            sum += off * off;
            tried++;
        }
    }
    return tried > 0 ? sum / (double)tried : 0;
}

/* The figure as it is now, by the window that would have told best so far, the longer where they are alike. */
static double now_of(const struct level *level, double prefer, double *square)
{
    double best = INFINITY;
    size_t chosen = level->count;
    for (size_t window = level->count; window >= 1; window /= 2) {
        double off = score(level, window);
        if (off < best * prefer) {
            best = off;
            chosen = window;
        }
    }
    *square = best;
    double now = level_in(level, level->count - chosen, level->count);
    return now > 0 ? now : level_in(level, 0, level->count);
}

/* How fast each block was, and the variance of that. */
static double speeds_of(const struct blocks *b, struct afmon_pace *pace)
{
    double mean = share(mean_of(b->went, 0, b->count), mean_of(b->open, 0, b->count));
    double variance = 0;
    for (size_t i = 0; i < b->count; i++) {
        double speed = share(b->went[i], b->open[i]) / mean;
        pace->speeds[i] = fmax(SLOWEST, speed);
        variance += (speed - 1) * (speed - 1) / (double)(b->count - 1);
    }
    return variance;
}

static void add_stops(const struct afmon_progress *p, struct afmon_pace *pace)
{
    for (size_t i = 0; i < p->stop_count; i++) {
        double block = p->stops[i].at_s / pace->block_s;
        pace->stopped_s[(size_t)fmin((double)pace->block_count - 1, block)] += p->stops[i].lasted_s;
    }
}

struct afmon_pace afmon_pace_of(const struct afmon_progress *p, const struct afmon_durations *d, uint64_t left)
{
    struct afmon_pace pace = {.yield = fmax(YIELD_MIN, share((double)p->counted, (double)p->count))};
    const struct blocks b = blocks_of(p, d, pace.yield);
    double open_square, rate_square;
    double slots = now_of(&(struct level){b.open, NULL, b.count}, PREFER_OPEN, &open_square);
    double rate = now_of(&(struct level){b.went, b.open, b.count}, PREFER_RATE, &rate_square);
    double variance = speeds_of(&b, &pace);
    double by_chance = d->spread * d->spread * (double)b.count / (double)p->count; /* of single durations */
    double ahead = (double)left / (double)p->counted;
    double grows = ahead / (1 + ahead);
    pace.block_count = b.count;
    pace.block_s = b.wide_s;
    add_stops(p, &pace);
    pace.per_s = slots * rate / b.wide_s;
    pace.slots = fmax(1, slots);
    pace.stretch = slots * pace.yield / pace.per_s / d->mean_s;
    pace.steadied = variance > by_chance ? sqrt(1 - by_chance / variance) : 0;
    pace.sigma = sqrt(fmax(variance, by_chance) / (double)b.count + grows * (grows * DRIFT * DRIFT + open_square));
    return pace;
}
