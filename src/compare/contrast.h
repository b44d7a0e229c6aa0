/* One figure of two runs: both values, how far they are apart, with its interval, and how likely that is by chance. */
#ifndef AFMON_COMPARE_CONTRAST_H
#define AFMON_COMPARE_CONTRAST_H

#include <afmon/afmon.h>

#include "compare/clusters.h"
#include "compare/rows.h"

#define AFMON_CONTRAST_LEVEL 0.05 /* intervals hold 1 - this */

struct afmon_contrast {
    afmon_diff_scale scale;
    afmon_diff_value values[2];
    bool known; /* what follows is known; else one of the runs says too little */
    double effect;
    double low;
    double high;
    double p;
    double sd;      /* of one sample, over both runs; for AFMON_DIFF_ABSOLUTE */
    double missing; /* where it is not known: how many times as many samples it takes; 0: that does not help */
};

struct afmon_contrast_scratch {
    struct afmon_clusters clusters;
    uint64_t *keys;
    size_t key_capacity;
    bool paired; /* some cluster is in both runs */
};
void afmon_contrast_scratch_free(struct afmon_contrast_scratch *scratch);

/* The sum of the samples of `over`, for each sample of `per`; per.rows NULL: for each of `over`, that is their mean. */
struct afmon_ratio {
    struct afmon_row_span over;
    struct afmon_row_span per;
};

/* wanted: the scale, where values allow it: AFMON_DIFF_RELATIVE needs positive ones, AFMON_DIFF_POINTS shares; else it
 * becomes AFMON_DIFF_ABSOLUTE. */
void afmon_contrast_ratio(struct afmon_contrast_scratch *scratch, const struct afmon_ratio runs[2],
                          afmon_diff_scale wanted, struct afmon_contrast *contrast);

/* The quantile q of both runs. False: no memory. */
bool afmon_contrast_quantile(struct afmon_contrast_scratch *scratch, const struct afmon_row_span runs[2], double q,
                             struct afmon_contrast *contrast);

/* ---- What both share (contrast.c) ---- */

/* One run's estimate on the scale of the effect, with its interval. */
struct afmon_estimate {
    double at;
    double low;
    double high;
};

/* The interval of b - a from those of both (Zou and Donner 2008); correlation is that of the two estimates. On the
 * relative scale the estimates are logarithms, and the effect is b / a - 1. */
void afmon_contrast_combine(struct afmon_contrast *contrast, const struct afmon_estimate runs[2], double correlation);

/* That of two estimates, from the variances of each and of their difference. */
double afmon_contrast_correlation(double a, double b, double difference);

#endif
