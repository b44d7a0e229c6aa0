#include "model/standstill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/clock.h"
#include "base/quantile.h"
#include "model/model_internal.h"
#include "model/sorted.h"
#include "model/work.h"

#define GAPS_MIN 50
#define EXPONENT_MIN 0.7
#define TIMES 3.0
#define PART 0.999
#define CHANCE 1e-5 /* docs/decisions.md */

void afmon_standstill_free(struct afmon_standstill *standstill)
{
    free(standstill->gaps);
    free(standstill->took_s);
    *standstill = (struct afmon_standstill){0};
}

static double waited(const struct afmon_standstill *s, int64_t now_ns)
{
    return s->waited_s + (double)s->open * fmax(0, afmon_seconds_between(s->changed_ns, now_ns));
}

static void change(struct afmon_standstill *s, int64_t now_ns)
{
    s->waited_s = waited(s, now_ns);
    s->changed_ns = now_ns;
}

static double since_first(const struct afmon_standstill *s, int64_t now_ns)
{
    return afmon_seconds_between(s->first_ns, now_ns);
}

void afmon_standstill_begins(struct afmon_standstill *s, int64_t now_ns)
{
    change(s, now_ns);
    if (s->first_ns == 0)
        s->first_ns = now_ns;
    s->begun_s += since_first(s, now_ns);
    if (s->open++ == 0)
        s->since_ns = now_ns;
}

static bool has_room(struct afmon_standstill *s)
{
    if (s->gaps == NULL)
        s->gaps = malloc(AFMON_STANDSTILL_GAPS * sizeof *s->gaps);
    if (s->took_s == NULL)
        s->took_s = malloc(AFMON_STANDSTILL_GAPS * sizeof *s->took_s);
    return s->gaps != NULL && s->took_s != NULL;
}

void afmon_standstill_ends(struct afmon_standstill *s, int64_t now_ns, double took_s)
{
    change(s, now_ns);
    if (s->open > 0 && has_room(s)) {
        s->gaps[s->count % AFMON_STANDSTILL_GAPS] = s->waited_s;
        s->took_s[s->count++ % AFMON_STANDSTILL_GAPS] = took_s;
    }
    if (s->open > 0) { /* none is, where a process began it before it forked, and another ends it */
        s->open--;
        s->begun_s = s->open > 0 ? s->begun_s - (since_first(s, now_ns) - took_s) : 0;
    }
    s->since_ns = now_ns;
    s->waited_s = 0;
}

/* How many are the longest tenth, or nine. */
static size_t top_of(size_t count)
{
    return count / 10 < 9 ? 9 : count / 10;
}

static double exponent_of(const double *sorted, size_t count)
{
    return fmax(EXPONENT_MIN, afmon_tail_exponent(sorted, count, top_of(count)));
}

/* Of fewer than 1,000 gaps none need be so long: then it is where the tail of these has it (Weissman). */
static double long_gap(const double *sorted, size_t count)
{
    double few = 1 / ((1 - PART) * (double)count);
    if (few > 1)
        return sorted[count - 1] * pow(few, 1 / exponent_of(sorted, count));
    struct afmon_quantile_place place = afmon_quantile_place(PART, count);
    return afmon_quantile_between(sorted[place.rank], sorted[place.rank + 1], place.fraction);
}

/* Of more gaps than before. False: too few are known, or there is no memory. */
static bool take_limits(struct afmon_standstill *s)
{
    size_t count = s->count < AFMON_STANDSTILL_GAPS ? s->count : AFMON_STANDSTILL_GAPS;
    if (s->limits_count == s->count)
        return count > 0;
    double *sorted = count >= GAPS_MIN ? malloc(count * sizeof *sorted) : NULL;
    if (sorted == NULL)
        return false;
    memcpy(sorted, s->gaps, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, afmon_by_value);
    s->limit_s = TIMES * long_gap(sorted, count);
    memcpy(sorted, s->took_s, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, afmon_by_value);
    s->long_s = afmon_tail_begin(sorted, count, top_of(count));
    s->exponent = exponent_of(sorted, count);
    s->limits_count = s->count;
    free(sorted);
    return true;
}

/* The logarithm of the share of items that take so long, of which a tenth are long (Pareto's tail). */
static double log_longer(const struct afmon_standstill *s, double took_s)
{
    return took_s <= s->long_s ? 0 : log(0.1) - s->exponent * log(took_s / s->long_s);
}

/* That the open items, which are as old as they are on average, went on for so long by chance. */
static bool is_by_chance(const struct afmon_standstill *s, int64_t now_ns, double for_s)
{
    double age_s = fmax(for_s, since_first(s, now_ns) - s->begun_s / (double)s->open);
    return (double)s->open * (log_longer(s, age_s) - log_longer(s, age_s - for_s)) > log(CHANCE);
}

double afmon_standstill_look(struct afmon_standstill *s, int64_t now_ns)
{
    double for_s = s->open > 0 ? afmon_seconds_between(s->since_ns, now_ns) : 0;
    if (for_s < AFMON_STANDSTILL_MIN_S || !take_limits(s) || waited(s, now_ns) < s->limit_s)
        return 0;
    return is_by_chance(s, now_ns, for_s) ? 0 : for_s;
}

/* ---- Of a run that is read ---- */

struct moment {
    int64_t at_ns;
    bool ends;
    double took_s;
};

static int by_time(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->at_ns != b->at_ns)
        return a->at_ns > b->at_ns ? 1 : -1;
    return b->ends - a->ends; /* a slot's next one begins behind it */
}

/* Most runs go on: these cost no more than a look at each item. */
static bool ended_lately(const struct afmon_model *model, int64_t now_ns)
{
    int64_t since_ns = afmon_clamp_sub(now_ns, afmon_seconds_to_ns(AFMON_STANDSTILL_MIN_S));
    for (uint32_t i = 0; i < model->items.items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&model->items.items, i);
        if (afmon_model_item_has_outcome(item) && item->ended_ns > since_ns)
            return true;
    }
    return model->items.items.count == 0;
}

static size_t list_moments(const struct afmon_work_items *work, struct moment *moments)
{
    size_t count = 0;
    for (size_t i = 0; i < work->made_count; i++) {
        moments[count++] = (struct moment){work->made[i].started_ns, false, 0};
        double took_s = afmon_seconds_between(work->made[i].started_ns, work->made[i].ended_ns);
        moments[count++] = (struct moment){work->made[i].ended_ns, true, took_s};
    }
    for (size_t i = 0; i < work->open_count; i++)
        moments[count++] = (struct moment){work->open_ns[i], false, 0};
    qsort(moments, count, sizeof *moments, by_time);
    return count;
}

static double replay(const struct afmon_work_items *work, int64_t now_ns)
{
    struct afmon_standstill standstill = {0};
    struct moment *moments = malloc((2 * work->made_count + work->open_count + 1) * sizeof *moments);
    size_t count = moments != NULL ? list_moments(work, moments) : 0;
    for (size_t i = 0; i < count; i++) {
        if (moments[i].ends)
            afmon_standstill_ends(&standstill, moments[i].at_ns, moments[i].took_s);
        else
            afmon_standstill_begins(&standstill, moments[i].at_ns);
    }
    double for_s = afmon_standstill_look(&standstill, now_ns);
    afmon_standstill_free(&standstill);
    free(moments);
    return for_s;
}

struct afmon_standing afmon_model_standstill(const struct afmon_model *model, const struct afmon_model_facts *facts)
{
    struct afmon_standing standing = {0};
    struct afmon_work_items work;
    if (!facts->live || ended_lately(model, facts->now_ns) || !afmon_model_work(model, facts, NULL, false, &work))
        return standing;
    if (work.open_count > 0) {
        standing.for_s = replay(&work, facts->now_ns);
        standing.open = work.open_count;
        standing.oldest_s = afmon_seconds_between(work.oldest_ns, facts->now_ns);
    }
    afmon_work_items_free(&work);
    return standing;
}
