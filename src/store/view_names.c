/* The names of a view's series, sorted when they are first asked for: most views of a live monitor never are. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/suggest.h"
#include "catalog/metrics.h"
#include "store/view_internal.h"

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t common = a_length < b_length ? a_length : b_length;
    int order = common == 0 ? 0 : memcmp(a, b, common);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

struct named {
    const struct afmon_series *series;
    uint32_t index;
};

static int by_name(const void *a, const void *b)
{
    const struct afmon_series *x = ((const struct named *)a)->series;
    const struct afmon_series *y = ((const struct named *)b)->series;
    return compare_names(x->name, x->name_length, y->name, y->name_length);
}

/* Under the mutex. */
static bool sort_names(afmon_view *view)
{
    size_t count = view->series_count;
    struct named *named = malloc((count + 1) * sizeof *named);
    uint32_t *order = malloc((count + 1) * sizeof *order);
    if (named == NULL || order == NULL) {
        free(named);
        free(order);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        named[i] = (struct named){.series = view->series[i].series, .index = (uint32_t)i};
    qsort(named, count, sizeof *named, by_name);
    for (size_t i = 0; i < count; i++)
        order[i] = named[i].index;
    free(named);
    view->by_name = order;
    return true;
}

static const uint32_t *names(afmon_view *view)
{
    pthread_mutex_lock(&view->mutex);
    const uint32_t *order = view->by_name != NULL || sort_names(view) ? view->by_name : NULL;
    pthread_mutex_unlock(&view->mutex);
    return order;
}

const struct afmon_view_series *afmon_view_in_order(afmon_view *view, size_t index)
{
    const uint32_t *order = index < view->series_count ? names(view) : NULL;
    return order == NULL ? NULL : &view->series[order[index]];
}

afmon_status afmon_view_find(afmon_view *view, const char *name, size_t length, const struct afmon_view_series **series)
{
    *series = NULL;
    const uint32_t *order = names(view);
    if (order == NULL)
        return AFMON_E_NO_MEMORY;
    size_t low = 0;
    size_t high = view->series_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct afmon_view_series *here = &view->series[order[middle]];
        int difference = compare_names(here->series->name, here->series->name_length, name, length);
        if (difference == 0) {
            *series = here;
            return AFMON_OK;
        }
        if (difference < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return AFMON_OK;
}

afmon_status afmon_view_find_told(afmon_view *view, const char *name, const struct afmon_view_series **series,
                                  bool *by_outcomes)
{
    *by_outcomes = afmon_errors_lack_zeros(&view->outcomes) && strcmp(name, afmon_metric_name(AFMON_METRIC_ERROR)) == 0;
    if (*by_outcomes)
        name = afmon_metric_name(AFMON_METRIC_SUCCESS);
    return afmon_view_find(view, name, strlen(name), series);
}

/* Names end without a NUL; one that has one within is nobody's mistake for another. */
static size_t copy_names(afmon_view *view, char *texts, const char **words)
{
    size_t count = 0;
    for (size_t i = 0; i < view->series_count; i++) {
        const struct afmon_series *series = view->series[i].series;
        memcpy(texts, series->name, series->name_length);
        texts[series->name_length] = '\0';
        words[count++] = texts;
        texts += series->name_length + 1;
    }
    return count;
}

afmon_status afmon_view_no_metric(afmon_view *view, const char *name, afmon_error *error)
{
    size_t size = 1;
    for (size_t i = 0; i < view->series_count; i++)
        size += view->series[i].series->name_length + 1;
    char *texts = malloc(size);
    const char **words = malloc((view->series_count + 1) * sizeof *words);
    const char *meant = NULL;
    if (texts != NULL && words != NULL)
        meant = afmon_suggest(name, words, copy_names(view, texts, words));
    if (meant != NULL)
        (void)afmon_fail(error, AFMON_E_UNKNOWN_METRIC, "no metric '%s' in this run; did you mean '%s'?", name, meant);
    else
        (void)afmon_fail(error, AFMON_E_UNKNOWN_METRIC, "no metric '%s' in this run", name);
    free(words);
    free(texts);
    return AFMON_E_UNKNOWN_METRIC;
}
