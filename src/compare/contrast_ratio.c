/* Means, shares and ratios of sums. */
#include "compare/contrast.h"
#include "compare/student.h"

#define CLUSTERS_MIN 5 /* with fewer nothing is said */

struct total {
    double sum;
    double squares; /* about the mean, of samples of their own */
    double weight;  /* what the sum is divided by */
    double ratio;
};

static struct total total_of(const struct afmon_ratio *run)
{
    struct total total = {.weight = (double)(run->per.rows != NULL ? run->per.count : run->over.count)};
    for (size_t i = 0; i < run->over.count; i++)
        total.sum += run->over.rows[i].value;
    total.ratio = total.weight > 0 ? total.sum / total.weight : NAN;
    double mean = run->over.count > 0 ? total.sum / (double)run->over.count : 0;
    for (size_t i = 0; i < run->over.count; i++)
        total.squares += (run->over.rows[i].value - mean) * (run->over.rows[i].value - mean);
    return total;
}

/* Adds how far each sample moves the ratio, times a factor. */
static void add(struct afmon_clusters *clusters, const struct afmon_ratio *run, double ratio, double factor)
{
    bool is_mean = run->per.rows == NULL;
    for (size_t i = 0; i < run->over.count; i++)
        afmon_clusters_add(clusters, run->over.rows[i].cluster,
                           (run->over.rows[i].value - (is_mean ? ratio : 0)) * factor);
    for (size_t i = 0; !is_mean && i < run->per.count; i++)
        afmon_clusters_add(clusters, run->per.rows[i].cluster, -ratio * factor);
}

static struct afmon_spread spread_of(struct afmon_clusters *clusters, const struct afmon_ratio *run,
                                     const struct total *total)
{
    afmon_clusters_begin(clusters);
    add(clusters, run, total->ratio, 1 / total->weight);
    return afmon_clusters_end(clusters);
}

/* Of the second less the first, as if the ratios were these, in parts of `units`. */
static struct afmon_spread spread_of_difference(struct afmon_clusters *clusters, const struct afmon_ratio runs[2],
                                                const struct total totals[2], const double ratios[2],
                                                const double units[2])
{
    afmon_clusters_begin(clusters);
    add(clusters, &runs[0], ratios[0], -1 / (totals[0].weight * units[0]));
    add(clusters, &runs[1], ratios[1], 1 / (totals[1].weight * units[1]));
    return afmon_clusters_end(clusters);
}

static afmon_diff_scale scale_for(afmon_diff_scale wanted, double a, double b)
{
    if (wanted == AFMON_DIFF_RELATIVE && a > 0 && b > 0)
        return wanted;
    if (wanted == AFMON_DIFF_POINTS && a >= 0 && a <= 1 && b >= 0 && b <= 1)
        return wanted;
    return AFMON_DIFF_ABSOLUTE;
}

/* Wilson's interval, for as many independent samples as have the variance that was seen. */
static struct afmon_estimate wilson(double share, const struct afmon_spread *spread)
{
    double t = afmon_student_quantile(AFMON_CONTRAST_LEVEL, spread->freedom < 30 ? 30 : spread->freedom);
    double count = spread->variance > 0 ? share * (1 - share) / spread->variance : (double)spread->clusters;
    double middle = (share + t * t / (2 * count)) / (1 + t * t / count);
    double half = t * sqrt(share * (1 - share) / count + t * t / (4 * count * count)) / (1 + t * t / count);
    return (struct afmon_estimate){share, fmin(share, fmax(0, middle - half)), fmax(share, fmin(1, middle + half))};
}

static struct afmon_estimate straight(double at, double sd, double freedom)
{
    double half = sd * afmon_student_quantile(AFMON_CONTRAST_LEVEL, freedom);
    return (struct afmon_estimate){at, at - half, at + half};
}

static double p_of(double difference, const struct afmon_spread *spread)
{
    if (spread->variance > 0)
        return afmon_student_two_sided(difference / sqrt(spread->variance), spread->freedom);
    return difference == 0 ? 1 : NAN; /* constants: nothing tells what is chance */
}

/* A test of shares is one of the two being the same, so their variance is that of the share of both together. */
static void compare_shares(struct afmon_clusters *clusters, const struct afmon_ratio runs[2],
                           const struct total totals[2], const struct afmon_spread spreads[2], double difference,
                           struct afmon_contrast *contrast)
{
    static const double ones[] = {1, 1};
    double pooled = (totals[0].sum + totals[1].sum) / (totals[0].weight + totals[1].weight);
    struct afmon_spread null = spread_of_difference(clusters, runs, totals, (const double[]){pooled, pooled}, ones);
    const struct afmon_estimate estimates[] = {wilson(totals[0].ratio, &spreads[0]),
                                               wilson(totals[1].ratio, &spreads[1])};
    contrast->p = p_of(totals[1].ratio - totals[0].ratio, &null);
    afmon_contrast_combine(contrast, estimates,
                           afmon_contrast_correlation(spreads[0].variance, spreads[1].variance, difference));
}

/* On the relative scale by logarithms (the delta method). */
static void compare_means(const struct total totals[2], const struct afmon_spread *difference,
                          const struct afmon_spread spreads[2], struct afmon_contrast *contrast)
{
    struct afmon_estimate estimates[2];
    bool relative = contrast->scale == AFMON_DIFF_RELATIVE;
    for (unsigned i = 0; i < 2; i++) {
        double unit = relative ? totals[i].ratio : 1;
        estimates[i] = straight(relative ? log(totals[i].ratio) : totals[i].ratio, sqrt(spreads[i].variance) / unit,
                                difference->freedom);
    }
    contrast->p = p_of(estimates[1].at - estimates[0].at, difference);
    double units[] = {relative ? totals[0].ratio : 1, relative ? totals[1].ratio : 1};
    afmon_contrast_combine(contrast, estimates,
                           afmon_contrast_correlation(spreads[0].variance / (units[0] * units[0]),
                                                      spreads[1].variance / (units[1] * units[1]),
                                                      difference->variance));
}

static double sd_of(const struct afmon_ratio runs[2], const struct total totals[2])
{
    double count = (double)runs[0].over.count + (double)runs[1].over.count;
    return count > 2 ? sqrt((totals[0].squares + totals[1].squares) / (count - 2)) : 0;
}

void afmon_contrast_ratio(struct afmon_contrast_scratch *scratch, const struct afmon_ratio runs[2],
                          afmon_diff_scale wanted, struct afmon_contrast *contrast)
{
    struct total totals[2];
    struct afmon_spread spreads[2] = {{0}};
    *contrast = (struct afmon_contrast){.effect = NAN, .low = NAN, .high = NAN, .p = NAN};
    for (unsigned i = 0; i < 2; i++) {
        totals[i] = total_of(&runs[i]);
        if (totals[i].weight > 0)
            spreads[i] = spread_of(&scratch->clusters, &runs[i], &totals[i]);
        contrast->values[i] = (afmon_diff_value){
            .value = totals[i].ratio, .count = (uint64_t)totals[i].weight, .clusters = spreads[i].clusters};
    }
    contrast->scale = scale_for(wanted, totals[0].ratio, totals[1].ratio);
    if (!isfinite(totals[0].ratio) || !isfinite(totals[1].ratio))
        return;
    uint64_t fewer = spreads[0].clusters < spreads[1].clusters ? spreads[0].clusters : spreads[1].clusters;
    contrast->effect = contrast->scale == AFMON_DIFF_RELATIVE ? totals[1].ratio / totals[0].ratio - 1
                                                              : totals[1].ratio - totals[0].ratio;
    contrast->known = fewer >= CLUSTERS_MIN;
    contrast->missing = fewer > 0 ? (double)CLUSTERS_MIN / (double)fewer : 0;
    if (!contrast->known)
        return;
    bool relative = contrast->scale == AFMON_DIFF_RELATIVE;
    const double ratios[] = {totals[0].ratio, totals[1].ratio};
    const double units[] = {relative ? ratios[0] : 1, relative ? ratios[1] : 1};
    struct afmon_spread difference = spread_of_difference(&scratch->clusters, runs, totals, ratios, units);
    contrast->sd = sd_of(runs, totals);
    if (contrast->scale == AFMON_DIFF_POINTS)
        compare_shares(&scratch->clusters, runs, totals, spreads, difference.variance, contrast);
    else
        compare_means(totals, &difference, spreads, contrast);
    contrast->known = !isnan(contrast->p);
}
