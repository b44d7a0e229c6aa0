/* The list of figures that a comparison makes. */
#ifndef AFMON_COMPARE_FIGURES_H
#define AFMON_COMPARE_FIGURES_H

#include "compare/contrast.h"

/* Begin with a zeroed one. */
struct afmon_figures {
    afmon_diff_figure *list; /* its texts are owned, as all of it */
    size_t count;
    size_t capacity;
};

/* What a figure is, apart from its values. */
struct afmon_figure_name {
    const char *name;
    const char *suffix; /* behind the name: ".p50" */
    const char *by;
    const char *group;
    afmon_unit unit;
    afmon_better better;
    size_t run;
};

/* Adds one: its margin, and what the contrast says; not yet judged. False: no memory. */
bool afmon_figures_add(struct afmon_figures *figures, const struct afmon_figure_name *name,
                       const struct afmon_contrast *contrast);
void afmon_figures_free(struct afmon_figures *figures);

/* Judges all of them: p values are adjusted for their number, so that among those that are told to differ at most one
 * in twenty does not, whatever depends on what. Figures of whole runs have four fifths of that, the many others the
 * rest, so that many groups do not hide what happened to all. False: no memory. */
bool afmon_figures_judge(afmon_diff_figure *figures, size_t count);

#endif
