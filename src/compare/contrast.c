#include "compare/contrast.h"

#include <stdlib.h>

void afmon_contrast_scratch_free(struct afmon_contrast_scratch *scratch)
{
    afmon_clusters_free(&scratch->clusters);
    free(scratch->keys);
    *scratch = (struct afmon_contrast_scratch){0};
}

double afmon_contrast_correlation(double a, double b, double difference)
{
    double product = sqrt(a) * sqrt(b);
    if (!(product > 0))
        return 0;
    double correlation = (a + b - difference) / (2 * product);
    return correlation < -1 ? -1 : correlation > 1 ? 1 : correlation;
}

/* How far the end of the interval lies from b - a, where `near` and `far` are the distances of the two estimates to the
 * ends of theirs. */
static double distance(double near, double far, double correlation)
{
    double square = near * near + far * far - 2 * correlation * near * far;
    return square > 0 ? sqrt(square) : 0;
}

void afmon_contrast_combine(struct afmon_contrast *contrast, const struct afmon_estimate runs[2], double correlation)
{
    const struct afmon_estimate *a = &runs[0];
    const struct afmon_estimate *b = &runs[1];
    double effect = b->at - a->at;
    double low = effect - distance(b->at - b->low, a->high - a->at, correlation);
    double high = effect + distance(b->high - b->at, a->at - a->low, correlation);
    bool relative = contrast->scale == AFMON_DIFF_RELATIVE;
    contrast->effect = relative ? expm1(effect) : effect;
    contrast->low = relative ? expm1(low) : low;
    contrast->high = relative ? expm1(high) : high;
}
