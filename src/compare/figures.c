#include "compare/figures.h"

#include <stdlib.h>
#include <string.h>

#define POINTS_MARGIN 0.01   /* a percentage point */
#define RELATIVE_MARGIN 0.02 /* two per cent */
#define SD_MARGIN 0.05       /* of the standard deviation of one value */

static char *join(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t more = strlen(suffix);
    char *joined = malloc(length + more + 1);
    if (joined != NULL) {
        memcpy(joined, text, length);
        memcpy(joined + length, suffix, more + 1);
    }
    return joined;
}

static double margin_of(const struct afmon_contrast *contrast)
{
    switch (contrast->scale) {
    case AFMON_DIFF_RELATIVE:
        return RELATIVE_MARGIN;
    case AFMON_DIFF_POINTS:
        return POINTS_MARGIN;
    case AFMON_DIFF_ABSOLUTE:
        return SD_MARGIN * contrast->sd;
    }
    return 0;
}

/* What it takes until something can be said of it at all. */
static uint64_t missing_of(const struct afmon_contrast *contrast)
{
    uint64_t a = contrast->values[0].clusters;
    uint64_t b = contrast->values[1].clusters;
    double fewer = (double)(a < b ? a : b);
    double more = contrast->known ? 0 : fewer * (contrast->missing - 1);
    return more > 0 && more < 1e15 ? (uint64_t)ceil(more) : 0;
}

static void free_texts(const afmon_diff_figure *figure)
{
    free((char *)figure->name);
    free((char *)figure->by);
    free((char *)figure->group);
}

/* Values of all magnitudes have intervals beyond a double: nothing is told of them. */
static void keep_finite(afmon_diff_figure *figure)
{
    if (isfinite(figure->effect) && isfinite(figure->low) && isfinite(figure->high))
        return;
    figure->effect = isfinite(figure->effect) ? figure->effect : NAN;
    figure->low = NAN;
    figure->high = NAN;
    figure->p = NAN;
}

bool afmon_figures_add(struct afmon_figures *figures, const struct afmon_figure_name *name,
                       const struct afmon_contrast *contrast)
{
    if (figures->count == figures->capacity) {
        size_t capacity = figures->capacity == 0 ? 64 : 2 * figures->capacity;
        afmon_diff_figure *list = realloc(figures->list, capacity * sizeof *list);
        if (list == NULL)
            return false;
        figures->list = list;
        figures->capacity = capacity;
    }
    afmon_diff_figure figure = {.run = name->run,
                                .name = join(name->name, name->suffix),
                                .by = strdup(name->by),
                                .group = strdup(name->group),
                                .unit = name->unit,
                                .better = name->better,
                                .scale = contrast->scale,
                                .a = contrast->values[0],
                                .b = contrast->values[1],
                                .effect = contrast->effect,
                                .low = contrast->low,
                                .high = contrast->high,
                                .p = contrast->p,
                                .adjusted_p = NAN,
                                .margin = margin_of(contrast),
                                .needed = missing_of(contrast)};
    if (figure.name == NULL || figure.by == NULL || figure.group == NULL) {
        free_texts(&figure);
        return false;
    }
    keep_finite(&figure);
    figures->list[figures->count++] = figure;
    return true;
}

void afmon_figures_free(struct afmon_figures *figures)
{
    for (size_t i = 0; i < figures->count; i++)
        free_texts(&figures->list[i]);
    free(figures->list);
    *figures = (struct afmon_figures){0};
}
