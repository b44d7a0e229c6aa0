/* Two runs, figure by figure. */
#ifndef AFMON_COMPARE_PAIR_H
#define AFMON_COMPARE_PAIR_H

#include "compare/figures.h"
#include "compare/gather.h"

struct afmon_pair {
    struct afmon_gatherer runs[2];
    struct afmon_compare_names names;
    struct afmon_slots items; /* struct afmon_compare_item */
    struct afmon_contrast_scratch scratch;
    struct afmon_figures *figures;
    size_t run;            /* the place of the second one in the list of runs */
    afmon_diff_run *about; /* that one */
    afmon_error *error;
    /* Of the metric that is being compared: all of its samples, and those of calls. Their memory serves one metric
     * after the other. */
    struct afmon_compare_rows samples[2];
    struct afmon_compare_rows of_calls[2];
    /* What other figures are for each of. */
    struct afmon_compare_rows calls[2];    /* generations that are no items; one row each, as in generation_time */
    struct afmon_compare_rows finished[2]; /* items (outcomes.h) */
    struct afmon_compare_rows accepted[2]; /* of these */
};

/* ---- Metrics: every one of the catalogue, and the runs' own ones (metric_figures.c) ---- */
afmon_status afmon_pair_metrics(struct afmon_pair *pair);

/* ---- Items: yield, failures, reasons, and what an accepted one takes (item_figures.c) ---- */
afmon_status afmon_pair_gather_items(struct afmon_pair *pair);
afmon_status afmon_pair_outcomes(struct afmon_pair *pair);

/* What an accepted item takes of a metric that was gathered; nothing where no item was accepted. */
afmon_status afmon_pair_per_accepted(struct afmon_pair *pair, const char *name, afmon_unit unit,
                                     const struct afmon_compare_rows rows[2]);

/* ---- What both share (pair.c) ---- */

/* Whether some item is in both runs: to be called once all that a figure is made of was gathered. */
bool afmon_pair_reserve(struct afmon_pair *pair);

/* Compares, and adds the figure. Where neither run has any sample nothing is added. */
afmon_status afmon_pair_ratio(struct afmon_pair *pair, const struct afmon_figure_name *name, afmon_diff_scale scale,
                              const struct afmon_ratio runs[2]);
afmon_status afmon_pair_quantile(struct afmon_pair *pair, const struct afmon_figure_name *name, double q,
                                 const struct afmon_row_span runs[2]);

/* Calls each for the numbers of the names that rows have at a place of their groups, where there are two or more: those
 * with most rows, at most 100, in order of their numbers. Rows are put in order of the place. */
afmon_status afmon_pair_each_group(struct afmon_pair *pair, struct afmon_compare_rows rows[2], unsigned place,
                                   afmon_status (*each)(void *user, uint32_t number,
                                                        const struct afmon_row_span runs[2]),
                                   void *user);

#endif
