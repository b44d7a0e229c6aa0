/* Quantiles. Their intervals are order statistics (Woodruff 1952), as far from the quantile as the share of samples
 * below it may be off; the test asks whether the runs have the same share of samples below the quantile of both. */
#include <stdlib.h>

#include "base/order.h"
#include "base/quantile.h"
#include "compare/contrast.h"
#include "compare/student.h"
#include "store/select.h"

#define BEYOND_MIN 6 /* samples on either side of a quantile, below which nothing is said of it */
#define CLUSTERS_MIN 8

static bool reserve(struct afmon_contrast_scratch *scratch, size_t count)
{
    if (count <= scratch->key_capacity)
        return true;
    uint64_t *keys = realloc(scratch->keys, count * sizeof *keys);
    if (keys == NULL)
        return false;
    scratch->keys = keys;
    scratch->key_capacity = count;
    return true;
}

static void take_keys(uint64_t *keys, struct afmon_row_span span)
{
    for (size_t i = 0; i < span.count; i++)
        keys[i] = afmon_order_key(span.rows[i].value);
}

static double quantile_of(struct afmon_selector *selector, double q)
{
    uint64_t pair[2];
    struct afmon_quantile_place place = afmon_quantile_place(q < 0 ? 0 : q > 1 ? 1 : q, selector->count);
    afmon_select_pair(selector, (size_t)place.rank, pair);
    return afmon_quantile_between(afmon_order_value(pair[0]), afmon_order_value(pair[1]), place.fraction);
}

static double share_below(struct afmon_row_span span, double value)
{
    size_t count = 0;
    for (size_t i = 0; i < span.count; i++)
        count += span.rows[i].value <= value;
    return (double)count / (double)span.count;
}

/* What a sample adds to the share of samples below a value: where many have just that value, half of them are. */
static double part_below(double sample, double value)
{
    return sample < value ? 1 : sample == value ? 0.5 : 0;
}

static double middle_share_below(struct afmon_row_span span, double value)
{
    double sum = 0;
    for (size_t i = 0; i < span.count; i++)
        sum += part_below(span.rows[i].value, value);
    return sum / (double)span.count;
}

/* Adds how far each sample moves the share of samples up to a value. */
static void add(struct afmon_clusters *clusters, struct afmon_row_span span, double value, double share, double sign)
{
    double weight = sign / (double)span.count;
    for (size_t i = 0; i < span.count; i++)
        afmon_clusters_add(clusters, span.rows[i].cluster, ((span.rows[i].value <= value) - share) * weight);
}

/* The same of the share below it, for the test. */
static void add_middle(struct afmon_clusters *clusters, struct afmon_row_span span, double value, double share,
                       double sign)
{
    double weight = sign / (double)span.count;
    for (size_t i = 0; i < span.count; i++)
        afmon_clusters_add(clusters, span.rows[i].cluster, (part_below(span.rows[i].value, value) - share) * weight);
}

struct side {
    struct afmon_row_span span;
    double at;    /* the quantile */
    double share; /* of samples up to it */
    struct afmon_spread spread;
    double low;
    double high;
};

static void estimate(struct afmon_contrast_scratch *scratch, struct side *side, double q)
{
    struct afmon_selector selector;
    take_keys(scratch->keys, side->span);
    afmon_select_begin(&selector, scratch->keys, side->span.count);
    side->at = quantile_of(&selector, q);
    side->share = share_below(side->span, side->at);
    afmon_clusters_begin(&scratch->clusters);
    add(&scratch->clusters, side->span, side->at, side->share, 1);
    side->spread = afmon_clusters_end(&scratch->clusters);
    double half = sqrt(side->spread.variance) * afmon_student_quantile(AFMON_CONTRAST_LEVEL, side->spread.freedom);
    side->low = quantile_of(&selector, q - half);
    side->high = quantile_of(&selector, q + half);
}

/* p of the test at the quantile of both. */
static double test(struct afmon_contrast_scratch *scratch, const struct side sides[2], double q)
{
    struct afmon_selector selector;
    size_t counts[] = {sides[0].span.count, sides[1].span.count};
    take_keys(scratch->keys, sides[0].span);
    take_keys(scratch->keys + counts[0], sides[1].span);
    afmon_select_begin(&selector, scratch->keys, counts[0] + counts[1]);
    double value = quantile_of(&selector, q);
    const double shares[] = {middle_share_below(sides[0].span, value), middle_share_below(sides[1].span, value)};
    double pooled = (shares[0] * (double)counts[0] + shares[1] * (double)counts[1]) / (double)(counts[0] + counts[1]);
    afmon_clusters_begin(&scratch->clusters);
    add_middle(&scratch->clusters, sides[0].span, value, pooled, -1);
    add_middle(&scratch->clusters, sides[1].span, value, pooled, 1);
    struct afmon_spread spread = afmon_clusters_end(&scratch->clusters);
    double difference = shares[1] - shares[0];
    if (!(spread.variance > 0))
        return difference == 0 ? 1 : NAN;
    return afmon_student_two_sided(difference / sqrt(spread.variance), spread.freedom);
}

static double correlation_of(struct afmon_contrast_scratch *scratch, const struct side sides[2])
{
    if (!scratch->paired)
        return 0;
    afmon_clusters_begin(&scratch->clusters);
    add(&scratch->clusters, sides[0].span, sides[0].at, sides[0].share, -1);
    add(&scratch->clusters, sides[1].span, sides[1].at, sides[1].share, 1);
    struct afmon_spread spread = afmon_clusters_end(&scratch->clusters);
    return afmon_contrast_correlation(sides[0].spread.variance, sides[1].spread.variance, spread.variance);
}

/* How many times as many samples it takes until something can be said; 1 or less: there are enough. */
static double missing(const struct side *side, double q)
{
    double beyond = (double)side->span.count * fmin(q, 1 - q);
    double clusters = (double)side->spread.clusters;
    return fmax(BEYOND_MIN / beyond, clusters > 0 ? CLUSTERS_MIN / clusters : INFINITY);
}

static struct afmon_estimate on_scale(const struct side *side, bool relative)
{
    if (relative)
        return (struct afmon_estimate){log(side->at), log(side->low), log(side->high)};
    return (struct afmon_estimate){side->at, side->low, side->high};
}

bool afmon_contrast_quantile(struct afmon_contrast_scratch *scratch, const struct afmon_row_span runs[2], double q,
                             struct afmon_contrast *contrast)
{
    struct side sides[2] = {{.span = runs[0]}, {.span = runs[1]}};
    *contrast = (struct afmon_contrast){.scale = AFMON_DIFF_RELATIVE,
                                        .effect = NAN,
                                        .low = NAN,
                                        .high = NAN,
                                        .p = NAN,
                                        .values = {{.value = NAN}, {.value = NAN}}};
    if (!reserve(scratch, runs[0].count + runs[1].count))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        if (runs[i].count == 0)
            continue;
        estimate(scratch, &sides[i], q);
        contrast->values[i] =
            (afmon_diff_value){.value = sides[i].at, .count = runs[i].count, .clusters = sides[i].spread.clusters};
    }
    if (runs[0].count == 0 || runs[1].count == 0)
        return true;
    bool relative = sides[0].low > 0 && sides[1].low > 0;
    contrast->scale = relative ? AFMON_DIFF_RELATIVE : AFMON_DIFF_ABSOLUTE;
    contrast->effect = relative ? sides[1].at / sides[0].at - 1 : sides[1].at - sides[0].at;
    contrast->missing = fmax(missing(&sides[0], q), missing(&sides[1], q));
    if (contrast->missing > 1)
        return true;
    contrast->p = test(scratch, sides, q);
    contrast->known = !isnan(contrast->p);
    const struct afmon_estimate estimates[] = {on_scale(&sides[0], relative), on_scale(&sides[1], relative)};
    if (contrast->known)
        afmon_contrast_combine(contrast, estimates, correlation_of(scratch, sides));
    return true;
}
