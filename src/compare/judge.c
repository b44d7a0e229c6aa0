/* What is said of each figure. */
#include <stdlib.h>

#include "compare/figures.h"
#include "compare/student.h"

#define LEVEL AFMON_CONTRAST_LEVEL
#define WHOLE_PART 0.8 /* of the level, that figures of whole runs have */
#define POWER_Z 0.8416 /* of the normal distribution: a power of 80 % */

static bool is_whole(const afmon_diff_figure *figure)
{
    return figure->by[0] == '\0';
}

static bool is_tested(const afmon_diff_figure *figure, bool whole)
{
    return is_whole(figure) == whole && !isnan(figure->p);
}

/* What p values of a family of so many tests are multiplied by, before their rank divides them (Benjamini and Yekutieli
 * 2001: for any dependence between them). */
static double penalty_of(size_t tests, bool whole)
{
    double harmonic = 0;
    for (size_t i = 1; i <= tests; i++)
        harmonic += 1 / (double)i;
    return (double)tests * harmonic / (whole ? WHOLE_PART : 1 - WHOLE_PART);
}

static int compare_p(const void *one, const void *other)
{
    double a = (*(afmon_diff_figure *const *)one)->p;
    double b = (*(afmon_diff_figure *const *)other)->p;
    return (a > b) - (a < b);
}

/* Adjusts a family; `family` has room for all figures. Returns its penalty. */
static double adjust(afmon_diff_figure *figures, size_t count, bool whole, afmon_diff_figure **family)
{
    size_t tests = 0;
    for (size_t i = 0; i < count; i++)
        if (is_tested(&figures[i], whole))
            family[tests++] = &figures[i];
    qsort(family, tests, sizeof *family, compare_p);
    double penalty = penalty_of(tests, whole);
    double least = 1;
    for (size_t rank = tests; rank > 0; rank--) {
        double adjusted = family[rank - 1]->p * penalty / (double)rank;
        least = adjusted < least ? adjusted : least;
        family[rank - 1]->adjusted_p = least;
    }
    return penalty;
}

/* How many more items of each run it takes to tell an effect of this size four times in five, from how wide the
 * interval is by now: its width goes down with the root of their number. */
static uint64_t needed_of(const afmon_diff_figure *figure, double penalty)
{
    bool relative = figure->scale == AFMON_DIFF_RELATIVE;
    double effect = relative ? log1p(figure->effect) : figure->effect;
    double width = relative ? log1p(figure->high) - log1p(figure->low) : figure->high - figure->low;
    double se = width / (2 * afmon_student_quantile(LEVEL, INFINITY));
    double wanted = fmax(fabs(effect), figure->margin);
    double z = afmon_student_quantile(LEVEL / penalty, INFINITY) + POWER_Z;
    uint64_t fewer = figure->a.clusters < figure->b.clusters ? figure->a.clusters : figure->b.clusters;
    double more = wanted > 0 ? (double)fewer * (z * se / wanted * (z * se / wanted) - 1) : NAN;
    return more < 1 ? 1 : more < 1e15 ? (uint64_t)ceil(more) : 0;
}

static afmon_diff_verdict told(const afmon_diff_figure *figure)
{
    if (figure->better == AFMON_BETTER_NEITHER)
        return AFMON_DIFF_CHANGED;
    return (figure->effect > 0) == (figure->better == AFMON_BETTER_HIGHER) ? AFMON_DIFF_BETTER : AFMON_DIFF_WORSE;
}

static void judge(afmon_diff_figure *figure, double penalty)
{
    if (isnan(figure->a.value) || isnan(figure->b.value)) {
        figure->verdict = AFMON_DIFF_ONE_SIDED;
        figure->needed = 0;
        return;
    }
    if (isnan(figure->p)) /* too few, of which afmon_figures_add made the number that is missing */
        return;
    bool within = figure->low >= -figure->margin && figure->high <= figure->margin;
    if (within || (figure->adjusted_p <= LEVEL && fabs(figure->effect) < figure->margin))
        figure->verdict = AFMON_DIFF_SMALL;
    else if (figure->adjusted_p <= LEVEL)
        figure->verdict = told(figure);
    else
        figure->needed = needed_of(figure, penalty);
}

bool afmon_figures_judge(afmon_diff_figure *figures, size_t count)
{
    double penalties[2];
    afmon_diff_figure **family = malloc((count + 1) * sizeof *family);
    if (family == NULL)
        return false;
    for (unsigned whole = 0; whole < 2; whole++)
        penalties[whole] = adjust(figures, count, whole, family);
    free(family);
    for (size_t i = 0; i < count; i++)
        judge(&figures[i], penalties[is_whole(&figures[i])]);
    return true;
}
